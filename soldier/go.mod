module github.com/mission-control-dev/mission-control/soldier

go 1.25.0
