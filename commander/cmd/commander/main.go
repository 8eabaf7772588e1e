// Command commander is Mission Control's API and keeper of the truth. Its settings come from the environment; see
// docs/operations.md. SIGTERM and SIGINT stop it in order, a second one ends it at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/mission-control-dev/mission-control/commander/commanderfx"
	"github.com/mission-control-dev/mission-control/commander/config"
)

const (
	exitFailed = 1
	exitUsage  = 2
	exitSecond = 130
	// stopTimeout is below what our stacks give before they kill: 2 s, in compose.yaml and in tools/internal/localstack.
	stopTimeout = 1500 * time.Millisecond
	// gcPercent lets garbage gather while there is room for it: collecting was a fifth of a busy commander's work at 50.
	gcPercent = 300
	// memoryLimit is where collecting becomes eager instead: a commander is to stay below 256 MiB. The twin in memory, at
	// most about 64 MiB, and the orders on their way, at most 80 MiB, fit below it.
	memoryLimit = 192 << 20
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("commander", flag.ContinueOnError)
	flags.SetOutput(stderr)
	version := flags.Bool("version", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return exitUsage
	}
	if *version {
		fmt.Fprintln(stdout, "commander", commanderfx.Version())
		return 0
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "commander: takes no arguments, got %q; settings come from the environment\n", flags.Args())
		return exitUsage
	}
	c, err := config.FromEnv(os.LookupEnv)
	if err != nil {
		fmt.Fprintf(stderr, "commander: %v\n", err)
		return exitUsage
	}
	limitMemory()
	log, err := newLogger(c)
	if err != nil {
		fmt.Fprintf(stderr, "commander: %v\n", err)
		return exitFailed
	}
	defer func() { _ = log.Sync() }()
	return serve(c, log)
}

// limitMemory sets gcPercent and memoryLimit, unless the environment says otherwise.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

func serve(c config.Config, log *zap.Logger) int {
	app := fx.New(options(c, log))
	if err := app.Err(); err != nil {
		log.Error("commander can't be put together", zap.Error(err))
		return exitFailed
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if err := app.Start(context.Background()); err != nil {
		log.Error("commander can't start", zap.Error(err))
		return exitFailed
	}
	log.Info("commander runs", zap.String("version", commanderfx.Version()), zap.String("ground", c.Ground))
	<-signals
	go func() {
		<-signals
		os.Exit(exitSecond)
	}()
	log.Info("commander stops")
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := app.Stop(ctx); err != nil {
		log.Error("commander did not stop cleanly", zap.Error(err))
		return exitFailed
	}
	return 0
}

// options is the whole application.
func options(c config.Config, log *zap.Logger) fx.Option {
	return fx.Options(
		fx.Supply(c, log),
		commanderfx.Quiet, commanderfx.Servers, commanderfx.Module,
	)
}

func newLogger(c config.Config) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.LogLevel)
	if err != nil {
		return nil, err
	}
	cfg := zap.NewProductionConfig()
	if c.LogFormat == "console" {
		cfg = zap.NewDevelopmentConfig()
		cfg.Development = false
		cfg.EncoderConfig.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
	} else {
		cfg.EncoderConfig.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	}
	cfg.Level = zap.NewAtomicLevelAt(level)
	cfg.DisableStacktrace, cfg.DisableCaller = true, true
	return cfg.Build()
}
