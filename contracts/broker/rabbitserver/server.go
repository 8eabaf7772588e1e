package rabbitserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Server is one private node and its epmd. Its methods may be called from several goroutines.
type Server struct {
	cfg Config

	mu   sync.Mutex // held while the node is started or stopped
	epmd *process
	node *process
}

// pickedPortTries bounds how often Start picks again when somebody else took a picked port first.
const pickedPortTries = 3

// New prepares a node without starting it: Restart does that. It picks the ports that were left to it. Errors:
// ErrNotInstalled, *PortTakenError.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if cfg, err = cfg.withPorts(); err != nil {
		return nil, fmt.Errorf("preparing rabbitmq: %w", err)
	}
	return &Server{cfg: cfg}, nil
}

// Start starts a node and returns when it answers AMQP. The context bounds the start alone; without a deadline it
// gives up after two minutes. After an error nothing is left running. Errors: ErrNotInstalled, *PortTakenError.
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
		picked := cfg.Port == 0 && cfg.DistPort == 0 && cfg.EpmdPort == 0
		if !picked || !errors.As(err, &taken) || try == pickedPortTries {
			return nil, err
		}
	}
}

// Restart starts the node again on the same data and ports, ending it first (as Stop does) where it still runs. It
// returns when the node answers AMQP; the context bounds it as in Start. After an error nothing is left running.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("starting rabbitmq: %w", err)
	}
	if err := s.stop(ctx); err != nil {
		return err
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
	}
	if err := s.start(ctx); err != nil {
		s.abandon()
		return fmt.Errorf("starting rabbitmq: %w", err)
	}
	return nil
}

func (s *Server) start(ctx context.Context) error {
	if err := s.cfg.checkPorts(); err != nil {
		return err
	}
	if err := s.cfg.writeFiles(); err != nil {
		return err
	}
	env := s.cfg.environment()
	epmd, err := spawn(s.cfg.Installation.Epmd, []string{"-address", "127.0.0.1", "-port", strconv.Itoa(s.cfg.EpmdPort)}, env, s.cfg.Log)
	if err != nil {
		return fmt.Errorf("starting epmd: %w", err)
	}
	s.epmd = epmd
	if err := awaitTCP(ctx, epmd, "epmd", address(s.cfg.EpmdPort)); err != nil {
		return err
	}
	if s.node, err = spawn(s.cfg.Installation.Server, nil, env, s.cfg.Log); err != nil {
		return err
	}
	return s.awaitAMQP(ctx)
}

// abandon kills what a failed start left.
func (s *Server) abandon() {
	for _, p := range []*process{s.node, s.epmd} {
		if p != nil {
			_ = p.signal(syscall.SIGKILL)
			<-p.done
		}
	}
}

// Stop ends the node gracefully (it takes one to three seconds), then its epmd. When the context ends first, both are killed
// and the context's error is returned; either way no process is left. Safe to call twice.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop(ctx)
}

func (s *Server) stop(ctx context.Context) error {
	var failed error
	if s.node != nil && s.node.running() {
		_ = s.node.signal(syscall.SIGCONT)
		_ = s.node.signal(syscall.SIGTERM)
		select {
		case <-s.node.done:
		case <-ctx.Done():
			failed = fmt.Errorf("stopping rabbitmq: %w", ctx.Err())
			_ = s.node.signal(syscall.SIGKILL)
			<-s.node.done
		}
	}
	if s.epmd != nil {
		_ = s.epmd.signal(syscall.SIGKILL)
		<-s.epmd.done
	}
	return failed
}

// Kill ends the node with SIGKILL, as a crash would, and returns when it is gone. The data stays, epmd stays until
// Stop or Restart.
func (s *Server) Kill() error {
	node, err := s.current()
	if err != nil {
		return err
	}
	if err := node.signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing rabbitmq: %w", err)
	}
	<-node.done
	return nil
}

// Pause freezes the node with SIGSTOP: its connections stay open and nothing answers.
func (s *Server) Pause() error { return s.send(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() error { return s.send(syscall.SIGCONT) }

func (s *Server) send(sig syscall.Signal) error {
	node, err := s.current()
	if err != nil {
		return err
	}
	return node.signal(sig)
}

// current is the node's present life.
func (s *Server) current() (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.node == nil || !s.node.running() {
		return nil, ErrNotRunning
	}
	return s.node, nil
}

// PID is the node's process id (beam.smp). 0 when it does not run.
func (s *Server) PID() int {
	node, err := s.current()
	if err != nil {
		return 0
	}
	return node.cmd.Process.Pid
}

// Done is closed when the node's present life ends, for whatever reason. Ask again after Restart. Before the first
// start it is closed.
func (s *Server) Done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.node == nil {
		ended := make(chan struct{})
		close(ended)
		return ended
	}
	return s.node.done
}

// Wait waits for the end of the node's present life and tells how it ended: nil after a graceful stop. Before the
// first start it is ErrNotRunning.
func (s *Server) Wait() error {
	s.mu.Lock()
	node := s.node
	s.mu.Unlock()
	if node == nil {
		return ErrNotRunning
	}
	<-node.done
	return node.err
}

// LastWords returns up to the last n lines that the node printed in its present or last life.
func (s *Server) LastWords(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.node == nil {
		return ""
	}
	return s.node.tail.last(n)
}

// Addr is the AMQP address, host:port.
func (s *Server) Addr() string { return address(s.cfg.Port) }

// URL is the AMQP URL with user and password: not for logs.
func (s *Server) URL() string {
	u := url.URL{Scheme: "amqp", User: url.UserPassword(s.cfg.User, s.cfg.Password), Host: s.Addr(), Path: "/"}
	return u.String()
}

// Ctl runs rabbitmqctl against this node and returns what it printed, errors included. It takes one to three seconds.
// Without a running node it is ErrNotRunning: rabbitmqctl would start an epmd, which nobody would end.
func (s *Server) Ctl(ctx context.Context, args ...string) (string, error) {
	if _, err := s.current(); err != nil {
		return "", fmt.Errorf("rabbitmqctl %v: %w", args, err)
	}
	cmd := exec.CommandContext(ctx, s.cfg.Installation.Ctl, args...)
	cmd.Env = s.cfg.environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("rabbitmqctl %v: %w\n%s", args, err, out)
	}
	return string(out), nil
}

// awaitAMQP waits until the node answers the protocol header, which it does once its users and queues are there.
func (s *Server) awaitAMQP(ctx context.Context) error {
	err := await(ctx, s.node, "rabbitmq", func() error { return speakAMQP(ctx, s.Addr()) })
	if err != nil && s.node.tail.refusedData() {
		return fmt.Errorf("%w: start the older one again, or move %s away and begin with an empty one", ErrOlderData, s.cfg.path("mnesia"))
	}
	return err
}

func awaitTCP(ctx context.Context, p *process, what, addr string) error {
	return await(ctx, p, what, func() error {
		conn, err := net.DialTimeout("tcp4", addr, time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// await polls until ready answers nil, the process ends or the context does.
func await(ctx context.Context, p *process, what string, ready func() error) error {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		if ready() == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended while it started (%w); its last lines:\n%s", what, ended(p.err), p.tail.last(20))
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready in time (%w); its last lines:\n%s", what, ctx.Err(), p.tail.last(20))
		case <-tick.C:
		}
	}
}

var errExitedCleanly = errors.New("exit status 0")

func ended(err error) error {
	if err == nil {
		return errExitedCleanly
	}
	return err
}

// speakAMQP sends the protocol header and expects the first frame of a connection: Connection.Start, a method frame
// (type 1) on channel 0.
func speakAMQP(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp4", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := conn.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return err
	}
	frame := make([]byte, 3)
	if _, err := conn.Read(frame); err != nil {
		return err
	}
	if frame[0] != 1 {
		return fmt.Errorf("%s does not speak AMQP 0-9-1", addr)
	}
	return nil
}
