// Package soldierfx ties a soldier into an fx application: the application provides a soldier.Config and a zap logger,
// and registers handlers with soldier.Handle in fx.Invoke functions; the soldier starts and drains with it.
//
// The application's stop timeout must be longer than the drain: give StopTimeout to fx.StopTimeout.
package soldierfx

import (
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

func run(life fx.Lifecycle, s *soldier.Soldier) {
	life.Append(fx.Hook{OnStart: s.Start, OnStop: s.Stop})
}

// StopTimeout is how long the application must be ready to wait for a drain of d.
func StopTimeout(d time.Duration) time.Duration { return max(d, 0) + 15*time.Second }
