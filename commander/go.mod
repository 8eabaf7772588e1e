module github.com/mission-control-dev/mission-control/commander

go 1.25.0
