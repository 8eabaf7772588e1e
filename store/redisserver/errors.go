package redisserver

import (
	"errors"
	"fmt"
)

// ErrNotInstalled means that no redis-server was found. Its text says how to get one.
var ErrNotInstalled = errors.New("redis-server is not installed " +
	"(Debian, Ubuntu: apt-get install redis-server; Fedora: dnf install redis; macOS: brew install redis)")

// ErrNotRunning means that the call needs a running server and there is none.
var ErrNotRunning = errors.New("redis is not running")

// PortTakenError means that the port of the Config is already in use on 127.0.0.1.
type PortTakenError struct {
	// Port is its number.
	Port int
}

// Error names the port and the setting.
func (e *PortTakenError) Error() string {
	return fmt.Sprintf("port %d (redisserver Port) is taken on 127.0.0.1", e.Port)
}
