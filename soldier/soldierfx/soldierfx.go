// Package soldierfx ties a soldier into an fx application: the application provides a soldier.Config and a zap logger,
// and registers handlers with soldier.Handle in fx.Invoke functions; the soldier starts and drains with it. Where an operator asks the
// soldier to drain, the application shuts down, as after a SIGTERM.
//
// The application's stop timeout must be longer than the drain: give StopTimeout to fx.StopTimeout.
package soldierfx

import (
	"context"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/soldier"
)

// Module provides a *soldier.Soldier that starts after all fx.Invoke functions have run and drains at the end.
func Module() fx.Option {
	return fx.Module("soldier",
		fx.Provide(provide),
		fx.Invoke(run),
	)
}

func provide(cfg soldier.Config, log *zap.Logger) (*soldier.Soldier, error) {
	if cfg.Logger == nil {
		cfg.Logger = log
	}
	return soldier.New(cfg)
}

func run(life fx.Lifecycle, s *soldier.Soldier, app fx.Shutdowner) {
	stopping := make(chan struct{})
	life.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			if err := s.Start(ctx); err != nil {
				return err
			}
			go func() {
				select {
				case <-s.DrainAsked():
					_ = app.Shutdown() // fails where the application is told to end already
				case <-stopping:
				}
			}()
			return nil
		},
		OnStop: func(ctx context.Context) error {
			close(stopping)
			return s.Stop(ctx)
		},
	})
}

// StopTimeout is how long the application must be ready to wait for a drain of d.
func StopTimeout(d time.Duration) time.Duration { return max(d, 0) + 15*time.Second }
