package amqpbroker

import (
	"bytes"
	"errors"
	"net"
	"testing"
)

// wire is a connection that notes what is written to it, write by write.
type wire struct {
	net.Conn
	writes [][]byte
	broken bool
	closed bool
}

var errWire = errors.New("broken pipe")

func (w *wire) Write(b []byte) (int, error) {
	if w.broken {
		return 0, errWire
	}
	w.writes = append(w.writes, bytes.Clone(b))
	return len(b), nil
}

func (w *wire) Close() error { w.closed = true; return nil }

func write(t *testing.T, s *socket, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if n, err := s.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatal(n, err)
		}
	}
}

func (w *wire) want(t *testing.T, writes ...string) {
	t.Helper()
	if len(w.writes) != len(writes) {
		t.Fatalf("%q written, want %q", w.writes, writes)
	}
	for i := range writes {
		if string(w.writes[i]) != writes[i] {
			t.Errorf("write %d has %d bytes, want %d", i, len(w.writes[i]), len(writes[i]))
		}
	}
}

func TestWhatIsHeldIsWrittenTogether(t *testing.T) {
	w := &wire{}
	s := &socket{Conn: w}
	write(t, s, "a", "b")
	s.hold()
	write(t, s, "c", "d")
	w.want(t, "a", "b")
	s.release()
	s.release()
	write(t, s, "e")
	w.want(t, "a", "b", "cd", "e")
}

func TestMuchIsNotHeld(t *testing.T) {
	w := &wire{}
	s := &socket{Conn: w}
	much := string(make([]byte, maxKept))
	s.hold()
	write(t, s, "a", much, "b", much+"c")
	w.want(t, "a", much, "b", much+"c")
	s.release()
	w.want(t, "a", much, "b", much+"c")
}

func TestAFailedReleaseClosesTheConnection(t *testing.T) {
	w := &wire{}
	s := &socket{Conn: w}
	s.hold()
	write(t, s, "a")
	w.broken = true
	s.release()
	if !w.closed {
		t.Error("still open")
	}
	if _, err := s.Write([]byte("b")); !errors.Is(err, errWire) {
		t.Error(err)
	}
}
