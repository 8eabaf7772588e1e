// Command dashboard serves Mission Control's web app and passes /api to the commander.
//
// Settings come from the environment; README.md lists them. It stops within three
// seconds of SIGTERM or SIGINT, whatever streams are open.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/mission-control-dev/mission-control/dashboard"
	"github.com/mission-control-dev/mission-control/dashboard/config"
	"github.com/mission-control-dev/mission-control/dashboard/server"
)

const stopTimeout = 2500 * time.Millisecond

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stopSignals := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stopSignals()

	cfg, err := config.Load(os.Getenv)
	if err != nil {
		return err
	}
	log, err := newLogger(cfg.LogFormat)
	if err != nil {
		return fmt.Errorf("make the logger: %w", err)
	}
	files, err := dashboard.App()
	if err != nil && !errors.Is(err, dashboard.ErrNotBuilt) {
		return err
	}
	s, err := server.New(cfg, server.App{Files: files, Placeholder: dashboard.Placeholder(), Version: dashboard.Version()}, log)
	if err != nil {
		return err
	}
	if err := s.Start(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		log.Info("dashboard stops")
	case err = <-s.Failed():
	}
	stopCtx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	stopErr := s.Stop(stopCtx)
	if errors.Is(stopErr, context.DeadlineExceeded) {
		// Also connections that browsers open ahead and never use; no reason to end with a failure.
		log.Warn("open requests were cut", zap.Error(stopErr))
		stopErr = nil
	}
	return errors.Join(err, stopErr)
}

func newLogger(format config.LogFormat) (*zap.Logger, error) {
	cfg := zap.NewProductionConfig()
	cfg.EncoderConfig.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	if format == config.LogConsole {
		cfg = zap.NewDevelopmentConfig()
		cfg.Development = false
		cfg.Level = zap.NewAtomicLevelAt(zap.InfoLevel)
		cfg.DisableCaller = true
		cfg.DisableStacktrace = true
	}
	cfg.OutputPaths = []string{"stderr"}
	return cfg.Build()
}
