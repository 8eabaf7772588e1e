module github.com/mission-control-dev/mission-control/store

go 1.25.0
