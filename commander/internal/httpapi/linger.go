package httpapi

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
)

// lingerLimit is how long what a client still sends is read after its refusal.
const lingerLimit = 5 * time.Second

// lingering is a listener of connections that can linger.
type lingering struct{ net.Listener }

// Accept waits for the next connection.
func (l lingering) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lingeringConn{Conn: c}, nil
}

// lingeringConn can be closed with patience. The system resets a connection that is closed before all was read that came, and
// its peer may lose the answer for it, or fail while it writes.
type lingeringConn struct {
	net.Conn
	patient atomic.Bool
}

// linger has the request's connection read on before it is closed.
func linger(c *fiber.Ctx) {
	if conn, ok := c.Context().Conn().(*lingeringConn); ok {
		conn.patient.Store(true)
	}
}

// Close ends the connection.
func (c *lingeringConn) Close() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if c.patient.Swap(false) && ok && half.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerLimit)) == nil {
		_, _ = io.Copy(io.Discard, c.Conn) // until the peer has had enough, or we have
	}
	return c.Conn.Close()
}
