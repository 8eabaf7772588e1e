package amqpbroker

import (
	"net"
	"sync/atomic"
	"time"
)

// socket is a TCP connection that closes itself at the first error, a silent peer included.
//
// The client library, on a read error, wants a lock that a goroutine stuck in a write to the same dead peer holds, and
// closes the connection only after that: it would wait for ever. And it renews its read deadline from the goroutine
// that sends heartbeats, which a stuck write stops too: a peer that merely doesn't read for a while (a memory alarm)
// would be taken for dead. So the deadline is kept here, from reads alone, and the library's own is ignored.
type socket struct {
	net.Conn
	silence atomic.Int64 // nanoseconds; 0 is unlimited
}

// tolerate sets how long the peer may be silent, from the next read on.
func (s *socket) tolerate(silence time.Duration) { s.silence.Store(int64(silence)) }

func (s *socket) Read(b []byte) (int, error) {
	if silence := s.silence.Load(); silence > 0 {
		if err := s.Conn.SetReadDeadline(time.Now().Add(time.Duration(silence))); err != nil {
			return 0, err
		}
	}
	n, err := s.Conn.Read(b)
	if err != nil {
		_ = s.Conn.Close()
	}
	return n, err
}

func (s *socket) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	if err != nil {
		_ = s.Conn.Close()
	}
	return n, err
}

// SetDeadline does nothing; see the type's comment.
func (s *socket) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing; see the type's comment.
func (s *socket) SetReadDeadline(time.Time) error { return nil }
