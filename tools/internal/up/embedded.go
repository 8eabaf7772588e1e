package up

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/mission-control-dev/mission-control/tools/internal/embedded"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// EmbeddedConfig describes a run in this process.
type EmbeddedConfig struct {
	CommanderAddr, DashboardAddr string
	Soldiers                     int
	// Why says why this ground was taken. Advice, where not empty, says how to get servers, in lines; Real, in one, what
	// to do for the real thing.
	Why, Advice, Real string
	// StateDir is locked meanwhile, so that Down finds the run; empty leaves nothing on disk at all.
	StateDir string
	Data     DataPolicy
}

// Embedded runs the stack in this process until the context ends.
func Embedded(ctx context.Context, cfg EmbeddedConfig, out io.Writer) error {
	screen := newScreen(out)
	screen.text("Mission Control embedded in this one process: %s\n", cfg.Why)
	screen.text("No RabbitMQ, no Redis: missions live only as long as it does, and no other soldier can join.\n")
	if cfg.Advice != "" {
		screen.text("%s\n", cfg.Advice)
	}
	began := time.Now()
	if cfg.StateDir != "" {
		lock, err := takeState(cfg.StateDir, cfg.Data, screen)
		if err != nil {
			return err
		}
		defer func() { _ = lock.Unlock() }()
	}
	stack, err := embedded.New(embedded.Config{
		CommanderAddr: cfg.CommanderAddr, DashboardAddr: cfg.DashboardAddr, Soldiers: cfg.Soldiers,
		Lookup: quietly(os.LookupEnv),
		Logger: func(part, level string) *zap.Logger { return logger(screen, part, level) },
	})
	if err != nil {
		return err
	}
	if err := stack.Start(ctx); err != nil {
		if ctx.Err() != nil {
			screen.text("Stopped before everything had started.\n")
			return nil
		}
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, okWithin)
	defer cancel()
	if err := stack.AwaitOK(waiting); err != nil && ctx.Err() == nil {
		screen.say("state", "%v", err)
	}
	if ctx.Err() == nil {
		screen.text("%s", embeddedPlaces(cfg, stack, time.Since(began)))
	}
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-stack.Failed():
		screen.say(localstack.Dashboard, "%v", failed)
	}
	if err := stop(stack, screen); err != nil {
		return err
	}
	return failed
}

// quietly has the parts say only what is wrong, unless LOG_LEVEL asks for more.
func quietly(lookup func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := lookup(name)
		if name == "LOG_LEVEL" && value == "" {
			return "warn", true
		}
		return value, ok
	}
}

// logger shows a part's lines on the screen.
func logger(screen *screen, part, level string) *zap.Logger {
	at, err := zapcore.ParseLevel(level)
	if err != nil { // the settings were checked
		at = zapcore.WarnLevel
	}
	encoder := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{
		LevelKey: "level", MessageKey: "message", EncodeLevel: zapcore.CapitalLevelEncoder,
		EncodeDuration: zapcore.StringDurationEncoder, EncodeTime: zapcore.RFC3339NanoTimeEncoder, ConsoleSeparator: " ",
	})
	lines := lineWriter(func(line string) { screen.say(part, "| %s", line) })
	return zap.New(zapcore.NewCore(encoder, zapcore.AddSync(lines), at))
}

func embeddedPlaces(cfg EmbeddedConfig, stack *embedded.Stack, took time.Duration) string {
	commander, dashboard := friendly(stack.CommanderURL()), friendly(stack.DashboardURL())
	return fmt.Sprintf(`
Mission Control is up after %s.

  dashboard   %s
  API         %s   (health: %s/health)

Try next: open the dashboard, or
  curl -s %s/missions -H 'Content-Type: application/json' -d '{"name": "hello"}'

Ctrl-C ends it, and all missions with it. %s

`, seconds(took), dashboard, commander, commander, commander, cfg.Real)
}
