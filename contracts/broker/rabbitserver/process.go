package rabbitserver

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is one life of a child: started once, waited for by its own goroutine, done when it has ended and its output was read.
type process struct {
	cmd  *exec.Cmd
	tail *tail
	done chan struct{}
	err  error // how it ended; read after done
}

// spawn starts the program with stdout and stderr going to log and to the tail. The goroutine keeps its thread until
// the child has ended, because Linux ties the parent-death signal to the thread that started the child.
func spawn(path string, args, env []string, log io.Writer) (*process, error) {
	lines := &tail{next: log}
	cmd := exec.Command(path, args...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = lines, lines
	cmd.SysProcAttr = dieWithParent()
	// A grandchild that keeps the output open must not keep us from seeing that the child has ended.
	cmd.WaitDelay = time.Second
	p := &process{cmd: cmd, tail: lines, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// signal reports no error for a process that has ended.
func (p *process) signal(s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// tail passes output on and keeps the last lines of it, for error messages.
type tail struct {
	mu        sync.Mutex
	next      io.Writer // may be nil
	kept      []byte
	olderData bool
}

const tailBytes = 4 << 10

// olderData is what RabbitMQ says of data that is too old for it, long before its last words.
const olderData = "required feature flag not enabled"

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	t.olderData = t.olderData || bytes.Contains(t.kept, []byte(olderData))
	if over := len(t.kept) - tailBytes; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	if t.next == nil {
		return len(b), nil
	}
	return t.next.Write(b)
}

func (t *tail) refusedData() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.olderData
}

// last returns up to n complete lines.
func (t *tail) last(n int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.kept)), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
