// Command soldier is a ready worker with one handler: the built-in kind `simulate`. Its settings come from the
// environment; see the README of this module. SIGTERM and SIGINT drain it, and so
// does a commander on an operator's word; a second signal ends it at once.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/config"
	"github.com/mission-control-dev/mission-control/soldier/simulate"
	"github.com/mission-control-dev/mission-control/soldier/soldierfx"
)

// Exit codes.
const (
	exitClean  = 0
	exitFailed = 1
	exitUsage  = 2
	exitSecond = 130 // a second signal
)

// garbageRoom is how much garbage gathers before it is collected, beside as much as what is in use. A soldier has little in use,
// and would collect ten times a second for a few MiB each time. It is kept by memory that counts as used and is never touched, and so
// is none. A larger GOGC would let a soldier of large missions take a multiple of what they need, a GOMEMLIMIT below that would
// make it collect all the time.
const garbageRoom = 16 << 20

func main() {
	room := make([]byte, garbageRoom)
	code := run(os.Args[1:], os.Stdout, os.Stderr)
	runtime.KeepAlive(room)
	os.Exit(code)
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("soldier", flag.ContinueOnError)
	flags.SetOutput(stderr)
	id := flags.String("id", "", "name of this soldier, before SOLDIER_ID")
	version := flags.Bool("version", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitClean
		}
		return exitUsage
	}
	if *version {
		fmt.Fprintln(stdout, "soldier", soldier.Version())
		return exitClean
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "soldier: takes no arguments, got %q; settings come from the environment\n", flags.Args())
		return exitUsage
	}
	settings, err := config.Read(config.Process(), *id)
	if err != nil {
		fmt.Fprintln(stderr, "soldier:", err)
		return exitUsage
	}
	return serve(settings, stderr)
}

func serve(settings config.Settings, stderr io.Writer) int {
	log := newLogger(settings, stderr)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	var worker *soldier.Soldier
	app := fx.New(options(settings, log), fx.Populate(&worker))
	if err := app.Err(); err != nil {
		fmt.Fprintln(stderr, "soldier:", explain(err))
		return exitUsage
	}
	if err := app.Start(context.Background()); err != nil {
		fmt.Fprintln(stderr, "soldier:", explain(err))
		return exitFailed
	}
	left := 1 // signals until it ends at once
	select {
	case <-signals:
	case <-worker.DrainAsked():
		left = 2 // a supervisor's first one asks for what is under way
	}
	go func() {
		for range left {
			<-signals
		}
		os.Exit(exitSecond)
	}()
	ctx, cancel := context.WithTimeout(context.Background(), app.StopTimeout())
	defer cancel()
	if err := app.Stop(ctx); err != nil {
		log.Warn("stopped early", zap.Error(err))
		return exitFailed
	}
	return exitClean
}

// explain finds the sentence that helps in what fx wraps around it.
func explain(err error) error {
	var c *soldier.ConfigError
	if errors.As(err, &c) {
		return config.Named(c)
	}
	return err
}

// options is the whole application.
func options(settings config.Settings, log *zap.Logger) fx.Option {
	return fx.Options(
		fx.Supply(settings.Soldier, log),
		fx.StopTimeout(soldierfx.StopTimeout(settings.Soldier.DrainTimeout)),
		fx.WithLogger(func() fxevent.Logger { return fxevent.NopLogger }),
		fx.Invoke(func(s *soldier.Soldier) {
			soldier.Handle[json.RawMessage, simulate.Result](s, contracts.KindSimulate, simulate.Handle)
		}),
		soldierfx.Module(),
	)
}

// newLogger writes to stderr: lines for people, or JSON.
func newLogger(settings config.Settings, w io.Writer) *zap.Logger {
	c := zap.NewProductionEncoderConfig()
	c.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	encoder := zapcore.NewJSONEncoder(c)
	if settings.LogFormat == config.Console {
		c.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		c.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(c)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), settings.LogLevel))
}
