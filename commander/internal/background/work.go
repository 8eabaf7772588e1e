// Package background is what the commander's parts share that go on by themselves until they are stopped: a life in the
// background, and waiting in it.
//
//	New ──Start──> the loops run ──Stop──> their context ends ──> each loop returns ──> Stop does
//	 └────Stop───> nothing runs, ever
//
// What a loop does, when it does it first, and what it finishes after its context has ended, is its own matter. Nothing is
// recovered from: a panic ends the process.
package background

import (
	"context"
	"sync"
)

// Work is the loops of a part, to embed in it: they are started together, and ended together. It is safe for concurrent use.
type Work struct {
	loops []func(ctx context.Context)
	once  sync.Once
	end   context.CancelFunc
	done  sync.WaitGroup
}

// New returns loops that don't run yet. Each must return soon after its context ends.
func New(loops ...func(ctx context.Context)) *Work { return &Work{loops: loops} }

// Start has the loops run. It returns at once. Neither a second call nor one after a Stop does anything. The loops' context is
// not the caller's, which is that of starting alone.
func (w *Work) Start(context.Context) error {
	w.once.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		w.end = cancel
		for _, loop := range w.loops {
			w.done.Go(func() { loop(ctx) })
		}
	})
	return nil
}

// Stop ends them, and waits until all have returned, as does a second call. It does not give up waiting: what a loop finishes
// is bounded by the loop.
func (w *Work) Stop(context.Context) error {
	w.once.Do(func() { w.end = func() {} })
	w.end()
	w.done.Wait()
	return nil
}
