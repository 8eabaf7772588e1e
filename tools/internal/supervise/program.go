package supervise

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// ErrNotRunning means that the call needs a running process and there is none.
var ErrNotRunning = errors.New("not running")

// ProgramConfig describes a program that is run as a child process.
type ProgramConfig struct {
	// Path is the program's file. Required.
	Path string
	// Args are its arguments, without the program's name.
	Args []string
	// Env is its whole environment.
	Env []string
	// Log gets what it prints, both streams. nil drops it.
	Log io.Writer
	// Ready is asked every 50 ms until it returns nil. nil means ready once it runs.
	Ready func(context.Context) error
}

// Program is a Service made of one executable file.
type Program struct {
	cfg ProgramConfig

	mu   sync.Mutex // held while the process is started or stopped
	life *life
}

// NewProgram prepares a program; Restart starts it.
func NewProgram(cfg ProgramConfig) *Program { return &Program{cfg: cfg} }

// life is one process from start to end.
type life struct {
	cmd   *exec.Cmd
	words *lastWords
	done  chan struct{}
	err   error // how it ended; read after done
}

const readyPoll = 50 * time.Millisecond

// Restart starts the program, see Service. The context bounds the whole start; give it a deadline.
func (p *Program) Restart(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := filepath.Base(p.cfg.Path)
	// Whoever cancels and then stops must not see it start afterwards.
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	if err := p.stop(ctx); err != nil {
		return err
	}
	life, err := p.spawn()
	if err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	p.life = life
	if err := p.awaitReady(ctx); err != nil {
		_ = life.signal(syscall.SIGKILL)
		<-life.done
		return fmt.Errorf("starting %s: %w", name, err)
	}
	return nil
}

// spawn starts the process. The goroutine keeps its thread until the child has ended, because Linux ties the
// parent-death signal to the thread that started the child.
func (p *Program) spawn() (*life, error) {
	words := &lastWords{next: p.cfg.Log}
	cmd := exec.Command(p.cfg.Path, p.cfg.Args...)
	// The name alone, so that a process list reads "soldier --id soldier-1".
	cmd.Args[0] = filepath.Base(p.cfg.Path)
	cmd.Env = p.cfg.Env
	cmd.Stdout, cmd.Stderr = words, words
	cmd.SysProcAttr = dieWithParent()
	cmd.WaitDelay = time.Second
	l := &life{cmd: cmd, words: words, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		l.err = cmd.Wait()
		close(l.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return l, nil
}

func (p *Program) awaitReady(ctx context.Context) error {
	if p.cfg.Ready == nil {
		return nil
	}
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		notReady := p.cfg.Ready(ctx)
		if notReady == nil {
			return nil
		}
		select {
		case <-p.life.done:
			return fmt.Errorf("it ended while it started (%s)", how(p.life.err))
		case <-ctx.Done():
			return fmt.Errorf("it was not ready in time: %w", notReady)
		case <-tick.C:
		}
	}
}

// Stop ends the program, see Service.
func (p *Program) Stop(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stop(ctx)
}

func (p *Program) stop(ctx context.Context) error {
	if p.life == nil || !p.life.running() {
		return nil
	}
	_ = p.life.signal(syscall.SIGCONT)
	_ = p.life.signal(syscall.SIGTERM)
	select {
	case <-p.life.done:
		return nil
	case <-ctx.Done():
		_ = p.life.signal(syscall.SIGKILL)
		<-p.life.done
		return fmt.Errorf("it did not end in time and was killed: %w", ctx.Err())
	}
}

// Kill ends the program with SIGKILL, see Service.
func (p *Program) Kill() error {
	life, err := p.current()
	if err != nil {
		return err
	}
	if err := life.signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing %s: %w", filepath.Base(p.cfg.Path), err)
	}
	<-life.done
	return nil
}

// Pause freezes the program.
func (p *Program) Pause() error { return p.send(syscall.SIGSTOP) }

// Resume ends a Pause.
func (p *Program) Resume() error { return p.send(syscall.SIGCONT) }

func (p *Program) send(sig syscall.Signal) error {
	life, err := p.current()
	if err != nil {
		return err
	}
	return life.signal(sig)
}

func (p *Program) current() (*life, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life == nil || !p.life.running() {
		return nil, ErrNotRunning
	}
	return p.life, nil
}

// PID is the process id, 0 when it does not run.
func (p *Program) PID() int {
	life, err := p.current()
	if err != nil {
		return 0
	}
	return life.cmd.Process.Pid
}

// Wait waits for the end of the present life; before the first start it is ErrNotRunning.
func (p *Program) Wait() error {
	p.mu.Lock()
	life := p.life
	p.mu.Unlock()
	if life == nil {
		return ErrNotRunning
	}
	<-life.done
	return life.err
}

// LastWords returns up to the last n lines of the present or last life.
func (p *Program) LastWords(n int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life == nil {
		return ""
	}
	return p.life.words.last(n)
}

func (l *life) running() bool {
	select {
	case <-l.done:
		return false
	default:
		return true
	}
}

// signal reports no error for a process that has ended.
func (l *life) signal(s syscall.Signal) error {
	if err := l.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// how puts the end of a process into words.
func how(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}
