package system

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// wire is a network with one listener at a time, within the bubble: a read that waits on it lets fake time pass.
type wire struct {
	mu       sync.Mutex
	listener *listener // nil while nobody listens
}

var errRefused = errors.New("connection refused")

// listen replaces the listener.
func (w *wire) listen() net.Listener {
	l := &listener{calls: make(chan net.Conn), closed: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listener = l
	return l
}

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	w.mu.Lock()
	l := w.listener
	w.mu.Unlock()
	if l == nil {
		return nil, errRefused
	}
	ours, theirs := net.Pipe()
	select {
	case l.calls <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listener is one that dial reaches.
type listener struct {
	calls  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// phone is one process's way over the wire, which can be cut for good.
type phone struct {
	transport *http.Transport
	dead      atomic.Bool
}

func (w *wire) phone() *phone { return &phone{transport: &http.Transport{DialContext: w.dial}} }

func (p *phone) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.dead.Load() {
		return nil, errRefused
	}
	return p.transport.RoundTrip(r)
}

func (p *phone) cut() {
	p.dead.Store(true)
	p.transport.CloseIdleConnections()
}
