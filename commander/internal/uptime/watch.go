package uptime

import (
	"context"
	"sync"
	"time"
)

// Watch tells a Tracker whether store and broker are there.
type Watch struct {
	tracker   *Tracker
	store     func(ctx context.Context) error
	connected func() bool
	back      func()

	start, end sync.Once
	stop       context.CancelFunc
	done       sync.WaitGroup
}

const (
	watchEvery   = 500 * time.Millisecond
	storeTimeout = time.Second
)

// NewWatch returns a watch that asks store for a round trip and connected for the broker's connections. It calls back
// whenever both are there after one was away.
func NewWatch(t *Tracker, store func(ctx context.Context) error, connected func() bool, back func()) *Watch {
	return &Watch{tracker: t, store: store, connected: connected, back: back, stop: func() {}}
}

// Start begins. It returns at once.
func (w *Watch) Start(context.Context) error {
	w.start.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		w.stop = cancel
		w.done.Go(func() { w.run(ctx) })
	})
	return nil
}

// Stop ends it.
func (w *Watch) Stop(context.Context) error {
	w.end.Do(func() { w.stop() })
	w.done.Wait()
	return nil
}

func (w *Watch) run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	there := false
	for {
		now := w.look(ctx)
		if now && !there {
			w.back()
		}
		there = now
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
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
