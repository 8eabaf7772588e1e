package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
	"github.com/mission-control-dev/mission-control/tools/internal/servers"
	"github.com/mission-control-dev/mission-control/tools/internal/supervise"
)

// InstallPolicy says what to do about missing servers.
type InstallPolicy string

// The policies.
const (
	InstallMissing InstallPolicy = "install" // on Debian and Ubuntu as root, else say how
	NeverInstall   InstallPolicy = "refuse"
)

// DataPolicy says what to do with the data of earlier runs.
type DataPolicy string

// The policies.
const (
	KeepData   DataPolicy = "keep"
	RemoveData DataPolicy = "remove" // secrets and logs too
)

// LocalConfig describes a run on local processes.
type LocalConfig struct {
	// Stack is the stack; Report and Warning are ours.
	Stack localstack.Config
	// Why says why this ground was taken.
	Why     string
	Install InstallPolicy
	Data    DataPolicy
}

const (
	okWithin   = 30 * time.Second // from all parts ready to all is well
	stopWithin = 10 * time.Second
)

// Local runs the stack until the context ends. Errors are for the person who started it.
func Local(ctx context.Context, cfg LocalConfig, out io.Writer) error {
	screen := newScreen(out)
	screen.text("Mission Control as local processes: %s (GROUND=compose|local|embedded decides)\n", cfg.Why)
	began := time.Now()
	lock, err := takeState(cfg.Stack.StateDir, cfg.Data, screen)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	if err := haveServers(ctx, cfg.Install, screen); err != nil {
		return err
	}
	stack, err := newStack(cfg.Stack, screen)
	if err != nil {
		return err
	}
	screen.say("state", "data, secrets and logs are in %s", short(cfg.Stack.StateDir))
	if err := stack.Start(ctx); err != nil {
		if ctx.Err() != nil {
			screen.text("Stopped before everything had started.\n")
			return nil
		}
		return err
	}
	awaitOK(ctx, stack, screen)
	if ctx.Err() == nil {
		screen.text("%s", places(cfg, stack, time.Since(began)))
	}
	<-ctx.Done()
	return stop(stack, screen)
}

// takeState locks the state folder, and clears it where that was asked for.
func takeState(dir string, data DataPolicy, screen *screen) (*localstack.Lock, error) {
	lock, err := localstack.TakeLock(dir)
	if err != nil {
		return nil, err
	}
	if data == RemoveData {
		if err := lock.Clear(); err != nil {
			return nil, errors.Join(err, lock.Unlock())
		}
		screen.say("state", "removed what earlier runs left in %s", short(dir))
	}
	return lock, nil
}

// newStack prepares the stack with a voice.
func newStack(cfg localstack.Config, screen *screen) (*localstack.Stack, error) {
	var total int32
	var ready atomic.Int32
	cfg.Report = func(event supervise.Event) { tell(screen, event, &ready, total) }
	cfg.Warning = func(part, line string) {
		screen.warn(part, line, short(filepath.Join(cfg.StateDir, "logs", part+".log")))
	}
	stack, err := localstack.New(cfg)
	if err != nil {
		return nil, err
	}
	total = int32(len(stack.Parts()))
	return stack, nil
}

// tell puts an event into words. The first total parts that get ready are counted: that is how far the start is.
func tell(screen *screen, event supervise.Event, ready *atomic.Int32, total int32) {
	switch event.Kind {
	case supervise.Starting:
		if event.Part == localstack.RabbitMQ {
			screen.say(event.Part, "starting (5 to 15 s)")
		}
	case supervise.Ready:
		if n := ready.Add(1); n <= total {
			screen.say(event.Part, "ready after %s (%d of %d)", seconds(event.Took), n, total)
		} else {
			screen.say(event.Part, "ready again after %s", seconds(event.Took))
		}
	case supervise.Died:
		screen.say(event.Part, "DIED (%s), starting it again in %s; its last words:", event.Reason, seconds(event.Again))
		screen.quote(event.Part, event.LastWords)
	case supervise.Failed:
		screen.say(event.Part, "could not be started again (%s), trying in %s; its last words:", event.Reason, seconds(event.Again))
		screen.quote(event.Part, event.LastWords)
	case supervise.Stopping:
	case supervise.Stopped:
		if event.Reason != "" {
			screen.say(event.Part, "killed: %s", event.Reason)
		} else {
			screen.say(event.Part, "stopped after %s", seconds(event.Took))
		}
	}
}

// Obtainable tells, without installing anything, whether the servers are here or may be installed: nil, or a
// *servers.MissingError.
func Obtainable(policy InstallPolicy) error {
	if policy == NeverInstall {
		return servers.Present("--no-install forbids to install")
	}
	return servers.Obtainable()
}

func haveServers(ctx context.Context, policy InstallPolicy, screen *screen) error {
	if err := Obtainable(policy); err != nil {
		return err
	}
	return servers.Install(ctx, lineWriter(func(line string) { screen.say("install", "%s", line) }))
}

// awaitOK waits until all is well; where that takes long, the stack goes on and the person is told.
func awaitOK(ctx context.Context, stack *localstack.Stack, screen *screen) {
	waiting, cancel := context.WithTimeout(ctx, okWithin)
	defer cancel()
	err := stack.AwaitOK(waiting)
	if err != nil && ctx.Err() == nil {
		screen.say("state", "%v; the logs in %s may tell why", err, short(stack.LogDir()))
	}
}

func stop(stack interface{ Stop(context.Context) error }, screen *screen) error {
	screen.text("\nStopping everything (within ten seconds; Ctrl-C again kills it at once)\n")
	began := time.Now()
	// The context that ended is why we stop; the stop needs one of its own.
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := stack.Stop(ctx); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	screen.text("Everything has stopped after %s.\n", seconds(time.Since(began)))
	return nil
}

// places says where everything is and what to try next.
func places(cfg LocalConfig, stack *localstack.Stack, took time.Duration) string {
	commander, dashboard := friendly(stack.CommanderURL()), friendly(stack.DashboardURL())
	return fmt.Sprintf(`
Mission Control is up after %s.

  dashboard   %s
  API         %s   (health: %s/health)
  RabbitMQ    amqp://127.0.0.1:%d   (user mission-control, password in %s)
  Redis       %s
  logs        %s
  journals    %s

Try next: open the dashboard, or
  curl -s %s/missions -H 'Content-Type: application/json' -d '{"name": "hello"}'

Ctrl-C stops everything; the data stays for the next time (--fresh starts anew).

`, seconds(took), dashboard, commander, commander, cfg.Stack.RabbitMQPort, short(stack.Secrets().RabbitMQPassword),
		stack.RedisURL(), short(stack.LogDir()), short(stack.JournalDir()), commander)
}

// friendly writes loopback the way people type it.
func friendly(url string) string { return strings.Replace(url, "//127.0.0.1:", "//localhost:", 1) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// short writes a path from the current folder, where it lies below it.
func short(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	relative, err := filepath.Rel(here, absolute)
	if err != nil || strings.HasPrefix(relative, "..") {
		return path
	}
	return relative
}

// lineWriter hands over what is written a line at a time; every Write must end with a line.
type lineWriter func(line string)

func (w lineWriter) Write(b []byte) (int, error) {
	for line := range strings.SplitSeq(strings.TrimRight(string(b), "\n"), "\n") {
		w(line)
	}
	return len(b), nil
}
