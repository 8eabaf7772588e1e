package rabbitserver

import (
	"errors"
	"fmt"
)

// ErrNotInstalled means that no rabbitmq-server was found. Its text says how to get one.
var ErrNotInstalled = errors.New("rabbitmq-server is not installed " +
	"(Debian, Ubuntu: apt-get install rabbitmq-server; Fedora: dnf install rabbitmq-server; macOS: brew install rabbitmq)")

// ErrOlderData means that the node's data was written by a release of RabbitMQ that the one in use does not take over, such as
// 3.10's by 4.0. Its text is followed by what to do.
var ErrOlderData = errors.New("the data is of an older RabbitMQ, and this one does not take it over")

// ErrNotRunning means that the call needs a running node and there is none.
var ErrNotRunning = errors.New("rabbitmq is not running")

// PortTakenError means that a port of the Config is already in use on 127.0.0.1.
type PortTakenError struct {
	// Field is the field of Config that names the port: Port, DistPort or EpmdPort.
	Field string
	// Port is its number.
	Port int
}

// Error names the port and the setting.
func (e *PortTakenError) Error() string {
	return fmt.Sprintf("port %d (rabbitserver %s) is taken on 127.0.0.1", e.Port, e.Field)
}
