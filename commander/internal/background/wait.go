package background

import (
	"context"
	"time"
)

// Every does something at once, and again at each tick, until ctx ends. Where that takes longer than a tick, the next follows at
// once, and the ticks between are dropped.
func Every(ctx context.Context, d time.Duration, do func(ctx context.Context)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for ctx.Err() == nil {
		do(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// Pause waits for a time, or until ctx ends, and tells whether ctx goes on.
func Pause(ctx context.Context, d time.Duration) bool { return PauseUnless(ctx, d, nil) }

// PauseUnless is a Pause that is cut short by what comes from a channel.
func PauseUnless(ctx context.Context, d time.Duration, woken <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-woken:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
