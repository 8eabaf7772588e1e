package uptime

import (
	"context"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
)

// Watch tells a Tracker whether store and broker are there.
type Watch struct {
	*background.Work

	tracker   *Tracker
	store     func(ctx context.Context) error
	connected func() bool
	back      func()
}

const (
	watchEvery   = 500 * time.Millisecond
	storeTimeout = time.Second
)

// NewWatch returns a watch that asks store for a round trip and connected for the broker's connections. It calls back
// whenever both are there after one was away.
func NewWatch(t *Tracker, store func(ctx context.Context) error, connected func() bool, back func()) *Watch {
	w := &Watch{tracker: t, store: store, connected: connected, back: back}
	w.Work = background.New(w.run)
	return w
}

func (w *Watch) run(ctx context.Context) {
	there := false
	background.Every(ctx, watchEvery, func(ctx context.Context) {
		now := w.look(ctx)
		if now && !there {
			w.back()
		}
		there = now
	})
}

func (w *Watch) look(ctx context.Context) bool {
	askCtx, cancel := context.WithTimeout(ctx, storeTimeout)
	stored := w.store(askCtx) == nil
	cancel()
	connected := w.connected()
	for part, there := range map[Part]bool{Store: stored, Broker: connected} {
		if there {
			w.tracker.Up(part)
		} else {
			w.tracker.Down(part)
		}
	}
	return stored && connected
}
