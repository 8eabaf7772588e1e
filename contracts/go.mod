module github.com/mission-control-dev/mission-control/contracts

go 1.25.0
