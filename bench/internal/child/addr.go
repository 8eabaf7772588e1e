package child

import (
	"fmt"
	"net"
)

// FreeAddr returns an address on loopback that was free a moment ago.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
