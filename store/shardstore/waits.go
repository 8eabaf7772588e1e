package shardstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

// longest is how long a shard is waited for at a time, if nothing happens.
const longest = 10 * time.Second

// waits are the waits for events that are under way: one for each shard and position, shared by all who read from there, and
// by the next read of the same one. So they are not broken off and begun anew because something happened in another shard,
// and an idle store costs a few calls every ten seconds for each shard.
type waits struct {
	shards []store.Store
	ctx    context.Context
	end    context.CancelFunc

	running sync.WaitGroup
	mu      sync.Mutex
	under   map[waited]wait
}

type waited struct {
	shard int
	after string
}

// wait is one that is under way; over ends with it.
type wait struct{ over context.Context }

func newWaits(shards []store.Store) *waits {
	w := &waits{shards: shards, under: map[waited]wait{}}
	w.ctx, w.end = context.WithCancel(context.Background())
	return w
}

// await returns when there may be events behind a position, or at a moment.
func (w *waits) await(ctx context.Context, from position, until time.Time) error {
	woken := make(chan struct{}, 1)
	wake := func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
	for i := range w.shards {
		over := w.join(waited{i, from.of(i)})
		defer context.AfterFunc(over, wake)()
	}
	end := time.NewTimer(time.Until(until))
	defer end.Stop()
	select {
	case <-woken:
	case <-end.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	if w.ctx.Err() != nil {
		return fmt.Errorf("wait for events: %w: the store is stopped", store.ErrUnavailable)
	}
	return nil
}

// join returns a context that ends when something happened behind a position of a shard, or it can't be waited for.
func (w *waits) join(at waited) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if under, ok := w.under[at]; ok {
		return under.over
	}
	if w.ctx.Err() != nil {
		return w.ctx
	}
	over, end := context.WithCancel(context.Background())
	w.under[at] = wait{over}
	w.running.Go(func() {
		_, _ = w.shards[at.shard].ReadEvents(w.ctx, at.after, 1, longest) // whoever waits reads again, and meets the error
		w.mu.Lock()
		delete(w.under, at)
		w.mu.Unlock()
		end()
	})
	return over
}

func (w *waits) stop(ctx context.Context) error {
	w.mu.Lock()
	w.end()
	w.mu.Unlock()
	done := make(chan struct{})
	go func() {
		w.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
