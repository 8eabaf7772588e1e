package rabbitserver

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Free ports are picked below the range from which systems take the ports of outgoing connections, so that a node
// that is stopped finds its ports again.
const (
	firstPort = 15000
	lastPort  = 31999
)

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func portFree(port int) bool {
	listener, err := net.Listen("tcp4", address(port))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// pickPort replaces a zero port by a free one that is not in taken.
func pickPort(port *int, taken map[int]bool) error {
	for range 200 {
		if *port != 0 {
			taken[*port] = true
			return nil
		}
		candidate := firstPort + rand.IntN(lastPort-firstPort+1)
		if !taken[candidate] && portFree(candidate) {
			*port = candidate
		}
	}
	return fmt.Errorf("no free port found between %d and %d", firstPort, lastPort)
}
