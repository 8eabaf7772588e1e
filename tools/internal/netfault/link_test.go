package netfault_test

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/tools/internal/netfault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo serves until the test ends, sending back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	var done sync.WaitGroup
	done.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			done.Go(func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		done.Wait()
	})
	return listener.Addr().String()
}

func link(t *testing.T) *netfault.Link {
	t.Helper()
	l, err := netfault.Listen("127.0.0.1:0", echo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func dial(t *testing.T, l *netfault.Link) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp4", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// say sends a word and returns the error of reading it back within the time.
func say(t *testing.T, conn net.Conn, word string, within time.Duration) error {
	t.Helper()
	if word != "" {
		if _, err := conn.Write([]byte(word)); err != nil {
			return err
		}
	}
	return hear(t, conn, word, within)
}

func hear(t *testing.T, conn net.Conn, word string, within time.Duration) error {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, len(word))
	if _, err := io.ReadFull(conn, back); err != nil {
		return err
	}
	if string(back) != word {
		t.Fatalf("said %q, heard %q", word, back)
	}
	return nil
}

const (
	patient = 10 * time.Second
	briefly = 50 * time.Millisecond
)

func wantSilence(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v, want silence", err)
	}
}

func wantGone(t *testing.T, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patient))
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want the connection gone", err)
	}
}

// wantRefused: the reset may come while we still connect, or after.
func wantRefused(t *testing.T, l *netfault.Link) {
	t.Helper()
	conn, err := net.Dial("tcp4", l.Addr())
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	wantGone(t, conn)
}

func TestPassesBytesAndTheEnd(t *testing.T) {
	conn := dial(t, link(t))
	if err := say(t, conn, "hello", patient); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := say(t, conn, "", patient); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v, want the end", err)
	}
}

func TestCutResetsAndRefuses(t *testing.T) {
	l := link(t)
	before := dial(t, l)
	if err := say(t, before, "hello", patient); err != nil {
		t.Fatal(err)
	}
	l.Set(netfault.Cut, 0)
	wantGone(t, before)
	wantRefused(t, l)
	l.Set(netfault.Pass, 0)
	if err := say(t, dial(t, l), "again", patient); err != nil {
		t.Fatal(err)
	}
}

func TestStallHoldsBack(t *testing.T) {
	l := link(t)
	conn := dial(t, l)
	if err := say(t, conn, "hello", patient); err != nil {
		t.Fatal(err)
	}
	l.Set(netfault.Stall, 0)
	wantSilence(t, say(t, conn, "waits", briefly))
	l.Set(netfault.Pass, 0)
	if err := hear(t, conn, "waits", patient); err != nil {
		t.Fatal(err)
	}
}

func TestHalfOpenIsLostForGood(t *testing.T) {
	l := link(t)
	before := dial(t, l)
	if err := say(t, before, "hello", patient); err != nil {
		t.Fatal(err)
	}
	l.Set(netfault.HalfOpen, 0)
	during := dial(t, l)
	wantSilence(t, say(t, before, "lost", briefly))
	wantSilence(t, say(t, during, "lost", briefly))
	l.Set(netfault.Pass, 0)
	wantSilence(t, say(t, before, "lost", briefly))
	wantSilence(t, say(t, during, "lost", briefly))
	if err := say(t, dial(t, l), "again", patient); err != nil {
		t.Fatal(err)
	}
}

func TestDelayHoldsEveryByteBack(t *testing.T) {
	l := link(t)
	conn := dial(t, l)
	l.Set(netfault.Pass, 200*time.Millisecond)
	began := time.Now()
	if err := say(t, conn, "slowly", patient); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Fatalf("there and back took %v", took)
	}
}

func TestAServerThatIsAwayIsAReset(t *testing.T) {
	l, err := netfault.Listen("127.0.0.1:0", "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, l)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCloseWhileStalledWithMuchUnderWay(t *testing.T) {
	l := link(t)
	conn := dial(t, l)
	l.Set(netfault.Stall, 0)
	_ = conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	for {
		if _, err := conn.Write(make([]byte, 1<<16)); err != nil {
			break // the line is full
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
