package rabbitserver

import (
	"net"
	"strconv"

	"github.com/mission-control-dev/mission-control/contracts/freeport"
)

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// pickPort replaces a zero port by a free one.
func pickPort(port *int) (err error) {
	if *port == 0 {
		*port, err = freeport.Take()
	}
	return err
}
