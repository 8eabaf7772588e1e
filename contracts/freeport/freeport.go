// Package freeport hands out ports of 127.0.0.1 to servers that tests and local stacks start, kill and start again.
//
// A port that is looked for and then used is another's now and then, where several processes do so at once, and the port of
// a server that is down is as free as any. So each process owns blocks of ports: it listens on the first port of a block for
// as long as it lives, which is what others see of the ownership, and hands out each of the rest once. When the process ends,
// however it ends, its blocks are free again.
//
// The ports lie between 15000 and 31999, below the range from which systems take the ports of outgoing connections. What the
// package can't help: a program that doesn't ask it, and was told to use a port of this range.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"
)

const (
	firstPort = 15000
	lastPort  = 31999
	blockSize = 50
	blocks    = (lastPort + 1 - firstPort) / blockSize
)

// owned is the block of this process that ports are taken from: those from next to end are left.
var owned struct { //nolint:gochecknoglobals // ports are the process's, whoever asks
	sync.Mutex
	next, end int
	locks     []net.Listener // of all its blocks; they end with the process
}

// Take returns a port of 127.0.0.1 that nobody listens on, and that no other caller of Take gets, in this process or in
// another, as long as this process lives. It fails when all blocks are owned, which takes hundreds of processes.
func Take() (int, error) {
	owned.Lock()
	defer owned.Unlock()
	for {
		if owned.next == owned.end {
			if err := takeBlock(); err != nil {
				return 0, err
			}
		}
		port := owned.next
		owned.next++
		if !InUse(address(port)) {
			return port, nil
		}
	}
}

// TakeAddr is Take as 127.0.0.1:port.
func TakeAddr() (string, error) {
	port, err := Take()
	if err != nil {
		return "", err
	}
	return address(port), nil
}

// InUse tells whether somebody listens at an address of this machine, host:port. It asks by connecting. To listen there for a moment
// would tell more, and do harm: a process that is started in that moment has the socket, too, until it executes its program,
// and so the port is taken for some milliseconds after it was given back.
func InUse(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// takeBlock owns one more block, and begins to take from it.
func takeBlock() error {
	start := rand.IntN(blocks) //nolint:gosec // any will do
	for i := range blocks {
		first := firstPort + (start+i)%blocks*blockSize
		lock, err := net.Listen("tcp4", address(first))
		if err != nil {
			continue
		}
		owned.locks = append(owned.locks, lock)
		owned.next, owned.end = first+1, first+blockSize
		return nil
	}
	return fmt.Errorf("no free ports found: all %d blocks of %d between %d and %d are owned by running processes", blocks, blockSize, firstPort, lastPort)
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
