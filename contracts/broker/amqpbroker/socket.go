package amqpbroker

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// socket is a TCP connection that closes itself at the first error, a silent peer included, and writes together what is
// written between hold and release.
//
// The client library, on a read error, wants a lock that a goroutine stuck in a write to the same dead peer holds, and
// closes the connection only after that: it would wait for ever. And it renews its read deadline from the goroutine
// that sends heartbeats, which a stuck write stops too: a peer that merely doesn't read for a while (a memory alarm)
// would be taken for dead. So the deadline is kept here, from reads alone, and the library's own is ignored.
type socket struct {
	net.Conn
	silence atomic.Int64 // nanoseconds; 0 is unlimited

	writing sync.Mutex
	held    bool
	kept    []byte // written while held
}

// maxKept is how much is written together.
const maxKept = 64 << 10

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
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.held && len(s.kept)+len(b) <= maxKept {
		s.kept = append(s.kept, b...)
		return len(b), nil
	}
	if err := s.flush(); err != nil {
		return 0, err
	}
	return s.write(b)
}

// hold keeps back what is written from now on, as long as it is little. release must follow soon.
func (s *socket) hold() {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.held = true
}

// release writes what was kept. An error closes the connection, which its session tells.
func (s *socket) release() {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.held = false
	_ = s.flush()
}

func (s *socket) flush() error {
	if len(s.kept) == 0 {
		return nil
	}
	_, err := s.write(s.kept)
	s.kept = s.kept[:0]
	return err
}

func (s *socket) write(b []byte) (int, error) {
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
