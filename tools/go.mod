module github.com/mission-control-dev/mission-control/tools

go 1.25.0
