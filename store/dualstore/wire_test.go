package dualstore_test

import (
	"io"
	"net"
	"sync"
)

// wire carries connections to a server, until it is cut.
type wire struct {
	t      tb
	to     string
	listen net.Listener
	all    sync.WaitGroup

	mu    sync.Mutex
	isCut bool
	conns map[net.Conn]struct{}
}

func newWire(t tb, to string) *wire {
	t.Helper()
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, to: to, listen: listen, conns: map[net.Conn]struct{}{}}
	w.all.Go(w.accept)
	t.Cleanup(func() {
		_ = listen.Close()
		w.cut()
		w.all.Wait()
	})
	return w
}

func (w *wire) addr() string { return w.listen.Addr().String() }

// cut ends all connections, and those that come.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	for c := range w.conns {
		_ = c.Close()
	}
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = false
}

// keep notes a connection, so that it is cut; false where it was cut already.
func (w *wire) keep(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isCut {
		_ = c.Close()
		return false
	}
	w.conns[c] = struct{}{}
	return true
}

func (w *wire) accept() {
	for {
		near, err := w.listen.Accept()
		if err != nil {
			return
		}
		if !w.keep(near) {
			continue
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil {
			w.t.Errorf("wire: %v", err)
			_ = near.Close()
			return
		}
		if !w.keep(far) {
			_ = near.Close()
			continue
		}
		w.all.Go(func() { w.carry(near, far) })
		w.all.Go(func() { w.carry(far, near) })
	}
}

func (w *wire) carry(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = from.Close(), to.Close()
	delete(w.conns, from)
	delete(w.conns, to)
}
