// Package child runs programs of the benchmark as child processes that do not outlive it.
package child

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is a child. The one that started it ends it.
type Process struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error
}

// Start runs the command with its output going to the file log. The goroutine keeps its thread until the child has
// ended, because Linux ties the parent-death signal to the thread that started the child.
func Start(cmd *exec.Cmd, log string) (*Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", cmd.Path, err)
	}
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	cmd.Stderr = out
	cmd.SysProcAttr = ownGroup(cmd.SysProcAttr)
	p := &Process{cmd: cmd, log: log, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer func() { _ = out.Close() }()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	return p, nil
}

// PID is the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Await asks ready every 20 ms until it answers nil, the child ends or the context does.
func (p *Process) Await(ctx context.Context, ready func(context.Context) error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended (%w): see %s", p.cmd.Path, p.err, p.log)
		case <-ctx.Done():
			return fmt.Errorf("%s was not ready in time (%w): see %s", p.cmd.Path, err, p.log)
		case <-tick.C:
		}
	}
}

// Stop sends the signal, and SIGKILL when the context ends first. It is nothing for a nil Process.
func (p *Process) Stop(ctx context.Context, signal syscall.Signal) {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(signal) // it may have ended by itself
	select {
	case <-p.done:
	case <-ctx.Done():
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}
