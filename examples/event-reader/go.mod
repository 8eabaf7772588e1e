module github.com/mission-control-dev/mission-control/examples/event-reader

go 1.25.0

require github.com/mission-control-dev/mission-control/contracts v0.0.0

replace github.com/mission-control-dev/mission-control/contracts => ../../contracts
