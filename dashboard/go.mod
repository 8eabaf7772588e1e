module github.com/mission-control-dev/mission-control/dashboard

go 1.25.0

// npm packages may hold Go files; none of them is ours.
ignore ./node_modules

require (
	github.com/google/go-cmp v0.7.0
	go.uber.org/goleak v1.3.0
	go.uber.org/zap v1.28.0
)

require go.uber.org/multierr v1.10.0 // indirect
