module github.com/mission-control-dev/mission-control/dashboard

go 1.25.0
