package scale

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

const (
	// streamRate is how many missions a second go through meanwhile: each is several events for each listener.
	streamRate = 5
	maxLine    = 1 << 20
	// openAtOnce is how many listeners come at the same time.
	openAtOnce = 32
	// lastEvents is how long the events of the last mission may take.
	lastEvents = 10 * time.Second
)

// streams holds listeners of GET /events while missions go through, and counts the ends that each is told.
func (r *run) streams(ctx context.Context) error {
	if err := r.stack.StartSoldier(ctx, r.slots); err != nil {
		return err
	}
	defer r.stack.StopSoldiers(ctx)
	// What is left of a backlog would be told, too.
	for {
		s, err := r.stack.Client().Stats(ctx)
		if err != nil {
			return err
		}
		if s.Counts[contracts.StatusQueued]+s.Counts[contracts.StatusInProgress] == 0 {
			break
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	listening, cancel := context.WithCancel(ctx)
	listeners := make([]listener, r.Streams)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	gate := make(chan struct{}, openAtOnce)
	opened := make(chan error, r.Streams)
	for i := range listeners {
		all.Go(func() {
			gate <- struct{}{}
			err := listeners[i].open(listening, strings.TrimPrefix(r.stack.URL(), "http://"))
			<-gate
			opened <- err
			if err == nil {
				listeners[i].read()
			}
		})
	}
	for range listeners {
		if err := <-opened; err != nil {
			return err
		}
	}
	commander := r.stack.Processes()["commander"]
	began, before := time.Now(), cpu(commander)
	missions, tick := 0, time.NewTicker(time.Second/streamRate)
	defer tick.Stop()
	for time.Since(began) < r.Hold {
		if err := r.stack.SubmitSingles(ctx, 1); err != nil {
			return err
		}
		missions++
		<-tick.C
	}
	busy := (cpu(commander) - before) / time.Since(began).Seconds()
	for deadline := time.Now().Add(lastEvents); time.Now().Before(deadline); {
		if told(listeners, missions) == len(listeners) {
			break
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	what := fmt.Sprintf("listeners of %d that were told each of %d missions' ends", len(listeners), missions)
	r.add(what, float64(told(listeners, missions)), "", fmt.Sprintf("%d", len(listeners)))
	r.add("commander meanwhile", 100*busy, "% of a core", "")
	r.memory("commander with all listeners", "VmRSS")
	return nil
}

// told is how many listeners were told of so many ends, at least.
func told(listeners []listener, missions int) int {
	n := 0
	for i := range listeners {
		if int(listeners[i].ends.Load()) >= missions {
			n++
		}
	}
	return n
}

// listener is one connection. It only counts: thousands of them parsing would be what is measured.
type listener struct {
	conn net.Conn
	ends atomic.Int64
}

const completed = `"status":"` + string(contracts.StatusCompleted) + `"`

// open asks for the stream, and returns once its answer has begun. The connection closes when ctx ends.
func (l *listener) open(ctx context.Context, addr string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("connecting a listener: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	l.conn = conn
	if _, err := fmt.Fprintf(conn, "GET /events HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n", addr); err != nil {
		return fmt.Errorf("asking for events: %w", err)
	}
	status := make([]byte, len("HTTP/1.1 200"))
	if _, err := conn.Read(status); err != nil || !bytes.HasSuffix(status, []byte(" 200")) {
		return fmt.Errorf("asking for events: %q: %w", status, err)
	}
	return nil
}

func (l *listener) read() {
	lines := bufio.NewScanner(l.conn)
	lines.Buffer(nil, maxLine)
	end := []byte(completed)
	for lines.Scan() {
		if bytes.HasPrefix(lines.Bytes(), []byte("data:")) && bytes.Contains(lines.Bytes(), end) {
			l.ends.Add(1)
		}
	}
}
