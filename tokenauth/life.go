package tokenauth

import (
	"context"
	"fmt"
	"sync"
)

// life is the one goroutine of a key set that keeps itself fresh: started once,
// stopped once, both as often as anyone calls.
type life struct {
	gone chan struct{} // closed once nothing runs and nothing will

	mu      sync.Mutex
	started bool
	stopped bool
	cancel  context.CancelFunc
}

func newLife() *life { return &life{gone: make(chan struct{})} }

// start runs run until stop. The end of ctx does not end it; its values do reach it.
func (l *life) start(ctx context.Context, run func(context.Context)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stopped:
		return ErrStopped
	case l.started:
		return nil
	}
	ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.started = true
	go func() {
		defer close(l.gone)
		run(ctx)
	}()
	return nil
}

// stop ends run and waits for it, or for ctx, whose error it then returns.
func (l *life) stop(ctx context.Context, what string) error {
	l.mu.Lock()
	switch {
	case l.started:
		l.cancel()
	case !l.stopped:
		close(l.gone)
	}
	l.stopped = true
	l.mu.Unlock()
	select {
	case <-l.gone:
		return nil
	default:
	}
	select {
	case <-l.gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stopping %s: %w", what, ctx.Err())
	}
}

// running says that it was started and not stopped.
func (l *life) running() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.started && !l.stopped
}
