package redisserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Server is one private Redis. Its methods may be called from several goroutines.
type Server struct {
	cfg Config

	mu   sync.Mutex // held while the process is started or stopped
	proc *process
}

// pickedPortTries bounds how often Start picks again when somebody else took a picked port first.
const pickedPortTries = 3

// New prepares a server without starting it: Restart does that. It picks the port that was left to it. Errors:
// ErrNotInstalled, *PortTakenError.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if cfg, err = cfg.withPort(); err != nil {
		return nil, fmt.Errorf("preparing redis: %w", err)
	}
	return &Server{cfg: cfg}, nil
}

// Start starts a server and returns when it answers PING, its data loaded. The context bounds the start alone;
// without a deadline it gives up after a minute. After an error nothing is left running. Errors: ErrNotInstalled,
// *PortTakenError.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	for try := 1; ; try++ {
		s, err := New(cfg)
		if err != nil {
			return nil, err
		}
		err = s.Restart(ctx)
		if err == nil {
			return s, nil
		}
		var taken *PortTakenError
		if cfg.Port != 0 || !errors.As(err, &taken) || try == pickedPortTries {
			return nil, err
		}
	}
}

// Restart starts the server again on the same data and port, ending it first (as Stop does) where it still runs. It
// returns when the server answers PING; the context bounds it as in Start. After an error nothing is left running.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("starting redis: %w", err)
	}
	if err := s.stop(ctx); err != nil {
		return err
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Minute)
		defer cancel()
	}
	if err := s.start(ctx); err != nil {
		return fmt.Errorf("starting redis: %w", err)
	}
	return nil
}

func (s *Server) start(ctx context.Context) error {
	if err := s.cfg.checkPort(); err != nil {
		return err
	}
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("making the server's folder: %w", err)
	}
	err := s.startOnce(ctx)
	if errors.Is(err, errCutShort) {
		if err := s.mend(ctx); err != nil {
			return err
		}
		err = s.startOnce(ctx)
	}
	return err
}

func (s *Server) startOnce(ctx context.Context) error {
	proc, err := spawn(s.cfg.Program, s.cfg.arguments(), os.Environ(), s.cfg.Log)
	if err != nil {
		return err
	}
	s.proc = proc
	if err := s.awaitPong(ctx); err != nil {
		_ = proc.signal(syscall.SIGKILL)
		<-proc.done
		if strings.Contains(proc.tail.last(20), cutShort) {
			return errCutShort
		}
		return err
	}
	return nil
}

// Stop ends the server gracefully. When the context ends first, it is killed and the context's error is returned;
// either way no process is left. Safe to call twice.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop(ctx)
}

func (s *Server) stop(ctx context.Context) error {
	if s.proc == nil || !s.proc.running() {
		return nil
	}
	_ = s.proc.signal(syscall.SIGCONT)
	_ = s.proc.signal(syscall.SIGTERM)
	select {
	case <-s.proc.done:
		return nil
	case <-ctx.Done():
		_ = s.proc.signal(syscall.SIGKILL)
		<-s.proc.done
		return fmt.Errorf("stopping redis: %w", ctx.Err())
	}
}

// Kill ends the server with SIGKILL, as a crash would, and returns when it is gone. The data stays.
func (s *Server) Kill() error {
	proc, err := s.current()
	if err != nil {
		return err
	}
	if err := proc.signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing redis: %w", err)
	}
	<-proc.done
	return nil
}

// Pause freezes the server with SIGSTOP: its connections stay open and nothing answers.
func (s *Server) Pause() error { return s.send(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() error { return s.send(syscall.SIGCONT) }

func (s *Server) send(sig syscall.Signal) error {
	proc, err := s.current()
	if err != nil {
		return err
	}
	return proc.signal(sig)
}

// current is the server's present life.
func (s *Server) current() (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil || !s.proc.running() {
		return nil, ErrNotRunning
	}
	return s.proc, nil
}

// PID is the server's process id. 0 when it does not run.
func (s *Server) PID() int {
	proc, err := s.current()
	if err != nil {
		return 0
	}
	return proc.cmd.Process.Pid
}

// Done is closed when the server's present life ends, for whatever reason. Ask again after Restart. Before the first
// start it is closed.
func (s *Server) Done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		ended := make(chan struct{})
		close(ended)
		return ended
	}
	return s.proc.done
}

// Wait waits for the end of the server's present life and tells how it ended: nil after a graceful stop. Before the
// first start it is ErrNotRunning.
func (s *Server) Wait() error {
	s.mu.Lock()
	proc := s.proc
	s.mu.Unlock()
	if proc == nil {
		return ErrNotRunning
	}
	<-proc.done
	return proc.err
}

// LastWords returns up to the last n lines that the server printed in its present or last life.
func (s *Server) LastWords(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return ""
	}
	return s.proc.tail.last(n)
}

// Addr is the server's address, host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.cfg.Port)) }

// URL is the server's URL, database 0.
func (s *Server) URL() string { return "redis://" + s.Addr() + "/0" }

// awaitPong polls until the server answers PING with PONG (it answers LOADING while it reads its data), the process
// ends or the context does.
func (s *Server) awaitPong(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if answer, err := ping(ctx, s.Addr()); err == nil && strings.HasPrefix(answer, "+PONG") {
			return nil
		}
		select {
		case <-s.proc.done:
			return fmt.Errorf("redis-server ended while it started (%w); its last lines:\n%s", s.proc.err, s.proc.tail.last(20))
		case <-ctx.Done():
			return fmt.Errorf("redis-server was not ready in time (%w); its last lines:\n%s", ctx.Err(), s.proc.tail.last(20))
		case <-tick.C:
		}
	}
}

func ping(ctx context.Context, addr string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp4", addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return "", err
		}
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return "", err
	}
	answer := make([]byte, 64)
	n, err := conn.Read(answer)
	return string(answer[:n]), err
}
