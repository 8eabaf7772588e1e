package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// asProgram has this test's program be missionctl, for tests that need a process of its own.
const asProgram = "MISSIONCTL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// watched is a commander whose stream says what a test sends. Nothing breaks it off, and the next one is refused for a second.
func watched(t *testing.T) (*httptest.Server, chan<- string) {
	t.Helper()
	frames := make(chan string)
	var away atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/events" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"missions":[],"next_cursor":""}`)
			return
		}
		if away.Swap(false) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		flush := http.NewResponseController(w).Flush
		_ = flush()
		for {
			select {
			case f := <-frames:
				if f == "" {
					away.Store(true)
					return
				}
				fmt.Fprint(w, f)
				_ = flush()
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s, frames
}

func frameOf(t *testing.T, kind string, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("event: %s\ndata: %s\n\n", kind, b)
}

func missionNamed(name string, status contracts.Status) contracts.Mission {
	now := contracts.At(time.Now())
	return contracts.Mission{
		MissionID: "id-of-" + name, Name: name, Kind: "simulate", Squad: "default", Status: status, Version: 1, UpdatedAt: now, StartedAt: now,
		FinishedAt: now, Error: &contracts.MissionError{Message: "the bridge is out"},
	}
}

// seen is what a terminal, or a pipe, was told.
type seen struct {
	mu  sync.Mutex
	b   bytes.Buffer
	now chan struct{} // something came
}

func newSeen() *seen { return &seen{now: make(chan struct{}, 1)} }

func (s *seen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.now <- struct{}{}:
	default:
	}
	return s.b.Write(b)
}

func (s *seen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// until waits for a text.
func (s *seen) until(t *testing.T, text string) {
	t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for !strings.Contains(s.String(), text) {
		select {
		case <-s.now:
		case <-limit.C:
			all := s.String()
			t.Fatalf("%q did not come, at last:\n%q", text, all[max(0, len(all)-2000):])
		}
	}
}

// TestWatchLines is what programs and pipes get: a line for each change that the filter chooses.
func TestWatchLines(t *testing.T) {
	commander, frames := watched(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := newSeen()
	code := make(chan int)
	go func() {
		args := []string{"watch", "--url", commander.URL, "--status", "failed", "-o", "json"}
		code <- run(ctx, args, cliout.Streams{In: strings.NewReader(""), Out: out, Err: io.Discard})
	}()
	frames <- frameOf(t, "mission", missionNamed("one", contracts.StatusCompleted))
	frames <- frameOf(t, "mission", missionNamed("two", contracts.StatusFailed))
	out.until(t, `"name":"two"`)
	cancel()
	if got := <-code; got != cliout.ExitInterrupted || strings.Contains(out.String(), "one") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("exit code %d, said %q", got, out.String())
	}
}

// TestWatchOnATerminal: a real pseudo terminal sees the start, a change, a broken connection and a new size, and is given back
// as it was.
func TestWatchOnATerminal(t *testing.T) {
	for name, c := range map[string]struct {
		key  string
		code int
	}{"q": {"q", 0}, "Ctrl-C": {"\x03", cliout.ExitInterrupted}, "SIGTERM": {"", cliout.ExitInterrupted}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			commander, frames := watched(t)
			ours, theirs, err := pty.Open()
			if err != nil {
				t.Skipf("no pseudo terminal: %v", err)
			}
			defer ours.Close()
			defer theirs.Close()
			resize := func(rows, columns uint16) {
				if err := pty.Setsize(ours, &pty.Winsize{Rows: rows, Cols: columns}); err != nil {
					t.Fatal(err)
				}
			}
			resize(24, 80)
			before, err := term.GetState(int(theirs.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			screen := newSeen()
			go func() { _, _ = io.Copy(screen, ours) }() // ends with the terminal

			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self, "watch", "--url", commander.URL)
			cmd.Env = append(os.Environ(), asProgram+"=1", "TERM=xterm-256color", "NO_COLOR=1")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill() }() // where it has not ended by itself

			screen.until(t, "\x1b[?1049h") // the alternate screen
			frames <- frameOf(t, "stats", map[string]any{"counts": map[string]int{"QUEUED": 12345}})
			screen.until(t, "12,345 queued")
			frames <- frameOf(t, "mission", missionNamed("recon", contracts.StatusFailed))
			screen.until(t, "recon  the bridge is")
			frames <- "" // the connection breaks, and comes back
			screen.until(t, "reconnecting since")
			frames <- frameOf(t, "mission", missionNamed("rescue", contracts.StatusCompleted))
			screen.until(t, "rescue")
			resize(30, 160)
			screen.until(t, "id-of-rescue                         ") // a whole id has 36 cells where there is room
			if strings.Contains(screen.String(), "\x1b[3") {
				t.Error("colours, though NO_COLOR is set")
			}

			if c.key == "" {
				err = cmd.Process.Signal(syscall.SIGTERM)
			} else {
				_, err = ours.WriteString(c.key)
			}
			if err != nil {
				t.Fatal(err)
			}
			err = cmd.Wait()
			if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok || cmd.ProcessState.ExitCode() != c.code {
				t.Errorf("it ended with %v, %v, want %d", exit, err, c.code)
			}
			screen.until(t, "\x1b[?25h\x1b[?1049l")
			after, err := term.GetState(int(theirs.Fd()))
			if err != nil || *after != *before {
				t.Errorf("the terminal is not as it was: %v\nbefore %+v\nafter  %+v", err, before, after)
			}
		})
	}
}

// TestWatchOnADumbTerminal, or into a pipe, is lines.
func TestWatchOnADumbTerminal(t *testing.T) {
	commander, frames := watched(t)
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo terminal: %v", err)
	}
	defer ours.Close()
	defer theirs.Close()
	t.Setenv("TERM", "dumb")
	screen := newSeen()
	go func() { _, _ = io.Copy(screen, ours) }()
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{"watch", "--url", commander.URL}, cliout.Streams{In: theirs, Out: theirs, Err: io.Discard})
	}()
	frames <- frameOf(t, "mission", missionNamed("recon", contracts.StatusFailed))
	screen.until(t, "recon  after 0 ms: the bridge is out")
	cancel()
	if got := <-code; got != cliout.ExitInterrupted || strings.Contains(screen.String(), "\x1b") {
		t.Errorf("exit code %d, said %q", got, screen.String())
	}
}
