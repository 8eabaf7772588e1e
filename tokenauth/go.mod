module github.com/mission-control-dev/mission-control/tokenauth

go 1.25.0
