package netfault

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Mode is what a Link does with bytes.
type Mode int

// The modes; see the package comment.
const (
	Pass Mode = iota
	Cut
	Stall
	HalfOpen
)

const (
	dialTimeout = 5 * time.Second
	// chunk and window bound what one direction of a connection holds back: then its sender has to wait, as on a line.
	chunk  = 16 << 10
	window = 256
)

// Link is one way into one server.
type Link struct {
	target   string
	listener net.Listener

	mu      sync.Mutex
	mode    Mode
	delay   time.Duration
	changed chan struct{} // closed at the next change
	conns   map[*conn]struct{}
	closed  bool
	done    sync.WaitGroup
}

// conn is a connection of a client and, unless it was lost from the start, the one behind it.
type conn struct {
	client, server *net.TCPConn
	lost           bool // guarded by Link.mu
}

// Listen returns a Link from addr (host:port, on loopback) to target.
func Listen(addr, target string) (*Link, error) {
	var cfg net.ListenConfig
	listener, err := cfg.Listen(context.Background(), "tcp4", addr)
	if err != nil {
		return nil, fmt.Errorf("opening a way to %s: %w", target, err)
	}
	l := &Link{target: target, listener: listener, changed: make(chan struct{}), conns: map[*conn]struct{}{}}
	l.done.Go(l.accept)
	return l, nil
}

// Addr is where clients connect to.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Set changes the mode, and the delay of every byte that is read from now on. It acts on standing connections, too.
func (l *Link) Set(mode Mode, delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mode, l.delay = mode, delay
	for c := range l.conns {
		switch mode {
		case Cut:
			c.reset()
		case HalfOpen:
			c.lost = true
		case Pass, Stall:
		}
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// Close ends all connections and waits until nothing of the Link is left. Safe to call twice.
func (l *Link) Close() error {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	for c := range l.conns {
		c.reset()
	}
	if first {
		close(l.changed)
		l.changed = make(chan struct{})
	}
	l.mu.Unlock()
	err := l.listener.Close()
	l.done.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return // closed
		}
		l.done.Go(func() { l.serve(client.(*net.TCPConn)) }) //nolint:errcheck,forcetypeassert // a TCP listener
	}
}

// serve carries one connection from its accept to its end.
func (l *Link) serve(client *net.TCPConn) {
	c := &conn{client: client}
	switch l.state().mode {
	case Cut:
		c.reset()
		return
	case HalfOpen:
		c.lost = true
	case Pass, Stall:
		dialer := net.Dialer{Timeout: dialTimeout}
		server, err := dialer.DialContext(context.Background(), "tcp4", l.target)
		if err != nil {
			c.reset()
			return
		}
		c.server = server.(*net.TCPConn) //nolint:errcheck,forcetypeassert // dialled as TCP
	}
	if !l.add(c) {
		c.reset()
		return
	}
	defer l.remove(c)
	var both sync.WaitGroup
	both.Go(func() { l.pump(c, c.client, c.server) })
	if c.server != nil {
		both.Go(func() { l.pump(c, c.server, c.client) })
	}
	both.Wait()
}

// add keeps c, unless the Link was closed or cut since it was accepted.
func (l *Link) add(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.mode == Cut {
		return false
	}
	c.lost = c.lost || l.mode == HalfOpen
	l.conns[c] = struct{}{}
	return true
}

func (l *Link) remove(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
	c.reset()
}

// state is the Link's present settings.
type state struct {
	mode    Mode
	delay   time.Duration
	closed  bool
	changed <-chan struct{}
}

func (l *Link) state() state {
	l.mu.Lock()
	defer l.mu.Unlock()
	return state{l.mode, l.delay, l.closed, l.changed}
}

func (l *Link) lost(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return c.lost
}

// packet is what was read at once, and when it may go on.
type packet struct {
	bytes []byte
	due   time.Time
}

// pump carries one direction. to is nil where there is nobody.
func (l *Link) pump(c *conn, from, to *net.TCPConn) {
	packets := make(chan packet, window)
	var writer sync.WaitGroup
	writer.Go(func() { l.deliver(c, to, packets) })
	for {
		b := make([]byte, chunk)
		n, err := from.Read(b)
		if n > 0 {
			packets <- packet{b[:n], time.Now().Add(l.state().delay)}
		}
		if err != nil {
			break
		}
	}
	close(packets)
	writer.Wait()
	// The end travels like the bytes before it, unless the line is gone: then the other end never learns of it.
	if to != nil && !l.lost(c) {
		_ = to.CloseWrite()
	}
}

// deliver writes packets when their time has come. It reads on after an error, so that the reader never hangs.
func (l *Link) deliver(c *conn, to *net.TCPConn, packets <-chan packet) {
	failed := to == nil
	for p := range packets {
		if failed || !l.await(c, p.due) {
			continue
		}
		if _, err := to.Write(p.bytes); err != nil {
			failed = true
			c.reset()
		}
	}
}

// await waits until bytes may pass. It returns false where they never will.
func (l *Link) await(c *conn, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	for early := true; ; {
		s := l.state()
		switch {
		case s.closed, s.mode == Cut, l.lost(c):
			return false
		case !early && s.mode == Pass:
			return true
		}
		var tick <-chan time.Time
		if early {
			tick = timer.C
		}
		select {
		case <-tick:
			early = false
		case <-s.changed:
		}
	}
}

// reset ends both connections at once, without the rest of what was sent.
func (c *conn) reset() {
	for _, end := range []*net.TCPConn{c.client, c.server} {
		if end != nil {
			_ = end.SetLinger(0)
			_ = end.Close()
		}
	}
}
