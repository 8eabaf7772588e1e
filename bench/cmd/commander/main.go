// Command commander is the product's commander with a pprof listener on BENCH_PPROF, for `bench --pprof` alone: what is
// measured otherwise is bin/commander.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/bench/internal/profile"
	"github.com/mission-control-dev/mission-control/commander/commanderfx"
	"github.com/mission-control-dev/mission-control/commander/config"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "commander:", err)
		os.Exit(1)
	}
}

func run() error {
	profile.Serve(os.Getenv("BENCH_PPROF"))
	// As the product does.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(192 << 20)
	}
	settings, err := config.FromEnv(os.LookupEnv)
	if err != nil {
		return err
	}
	logging := zap.NewProductionConfig()
	if logging.Level, err = zap.ParseAtomicLevel(settings.LogLevel); err != nil {
		return err
	}
	log, err := logging.Build()
	if err != nil {
		return err
	}
	app := fx.New(fx.Supply(settings, log), commanderfx.Quiet, commanderfx.Servers, commanderfx.Module)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := app.Start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return app.Stop(ending)
}
