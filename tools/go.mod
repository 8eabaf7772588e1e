module github.com/mission-control-dev/mission-control/tools

go 1.25.0

require github.com/inconshreveable/mousetrap v1.1.0 // indirect

require (
	github.com/google/go-cmp v0.7.0
	github.com/mission-control-dev/mission-control/contracts v0.0.0
	github.com/mission-control-dev/mission-control/store v0.0.0
	github.com/spf13/cobra v1.10.2
	github.com/spf13/pflag v1.0.9
	go.uber.org/goleak v1.3.0
)

replace (
	github.com/mission-control-dev/mission-control/contracts => ../contracts
	github.com/mission-control-dev/mission-control/store => ../store
)
