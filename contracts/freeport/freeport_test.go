package freeport_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts/freeport"
)

const envTaker = "FREEPORT_TEST_TAKER"

// TestMain is a process that takes ports, where the test started it as one: it says each, and lives until its input ends.
func TestMain(m *testing.M) {
	if os.Getenv(envTaker) == "" {
		os.Exit(m.Run())
	}
	for range 200 {
		port, err := freeport.Take()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(port)
	}
	fmt.Println("done")
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
}

// TestNoPortIsTakenTwice has several processes take ports at the same time and listen on none of them.
func TestNoPortIsTakenTwice(t *testing.T) {
	owner := map[string]string{}
	take := func(port, by string) {
		if other, twice := owner[port]; twice {
			t.Errorf("port %s was given to %s and to %s", port, other, by)
		}
		owner[port] = by
	}
	var said []*bufio.Scanner
	for range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), envTaker+"=1", "GORACE=atexit_sleep_ms=0")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = in.Close()
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
		said = append(said, bufio.NewScanner(out))
	}
	for i, lines := range said {
		n := 0
		for lines.Scan() && lines.Text() != "done" {
			take(lines.Text(), fmt.Sprint("process ", i))
			n++
		}
		if n != 200 {
			t.Fatalf("process %d took %d ports: %s", i, n, lines.Text())
		}
	}
	for range 200 {
		port, err := freeport.Take()
		if err != nil {
			t.Fatal(err)
		}
		take(fmt.Sprint(port), "this process")
	}
}

// TestStartingProcessesHoldsNoPort: what is looked at is free the moment after, though processes are started all the time.
func TestStartingProcessesHoldsNoPort(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var starting sync.WaitGroup
	defer starting.Wait()
	defer stop()
	for range 4 {
		starting.Go(func() {
			for ctx.Err() == nil {
				_ = exec.CommandContext(ctx, os.Args[0], "-test.run=^$").Run()
			}
		})
	}
	for range 1000 {
		addr, err := freeport.TakeAddr()
		if err != nil {
			t.Fatal(err)
		}
		if freeport.InUse(addr) {
			t.Fatalf("%s is in use", addr)
		}
	}
}

func TestWhatIsTakenCanBeListenedOn(t *testing.T) {
	addr, err := freeport.TakeAddr()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a server that was killed finds it again
		listener, err := net.Listen("tcp4", addr)
		if err != nil {
			t.Fatal(err)
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatAnotherUsesIsPassedOver: a program that knows nothing of this package may have a port in the middle of a block.
func TestWhatAnotherUsesIsPassedOver(t *testing.T) {
	port, err := freeport.Take()
	if err != nil {
		t.Fatal(err)
	}
	next := fmt.Sprintf("127.0.0.1:%d", port+1)
	listener, err := net.Listen("tcp4", next)
	if err != nil {
		t.Skipf("skipped: %s is taken already, or the next block's: %v", next, err)
	}
	defer listener.Close()
	if got, err := freeport.Take(); err != nil || got == port+1 {
		t.Errorf("took %d, %v", got, err)
	}
}
