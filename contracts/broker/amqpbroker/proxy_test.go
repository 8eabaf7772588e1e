package amqpbroker_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// proxy stands between one client and the server, to cut and to freeze.
type proxy struct {
	target   string
	listener net.Listener

	mu     sync.Mutex
	moved  *sync.Cond
	frozen bool
	conns  map[net.Conn]struct{}
	piping sync.WaitGroup
}

// newProxy returns a proxy before the server, and the server's URL through it.
func newProxy(t *testing.T, serverURL string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: u.Host, listener: listener, conns: make(map[net.Conn]struct{})}
	p.moved = sync.NewCond(&p.mu)
	p.piping.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.thaw()
		p.cut()
		p.piping.Wait()
	})
	u.Host = listener.Addr().String()
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp4", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = struct{}{}, struct{}{}
		p.mu.Unlock()
		p.piping.Go(func() { p.pipe(client, server) })
		p.piping.Go(func() { p.pipe(server, client) })
	}
}

func (p *proxy) pipe(to, from net.Conn) {
	defer func() {
		_ = to.Close()
		_ = from.Close()
		p.mu.Lock()
		delete(p.conns, from)
		p.mu.Unlock()
	}()
	_, _ = io.Copy(gate{p, to}, struct{ io.Reader }{from})
}

// gate lets writes pass while the proxy is not frozen.
type gate struct {
	p  *proxy
	to io.Writer
}

func (g gate) Write(b []byte) (int, error) {
	g.p.mu.Lock()
	for g.p.frozen {
		g.p.moved.Wait()
	}
	g.p.mu.Unlock()
	return g.to.Write(b)
}

// cut closes all connections that stand.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) freeze() { p.set(true) }
func (p *proxy) thaw()   { p.set(false) }

func (p *proxy) set(frozen bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = frozen
	p.moved.Broadcast()
}
