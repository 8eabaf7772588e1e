package contender

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// ByEvent and ByRead are the ways in which a job's end is seen: by an event that the system sends, and by reading the job
// again and again.
const (
	ByEvent = "by event"
	ByRead  = "by read"
)

// Watch matches when jobs were to be sent with when they were seen done, whichever it hears of first.
type Watch struct {
	mu   sync.Mutex
	due  map[string]time.Time
	seen map[string]time.Time
	took []time.Duration
	want int
	all  chan struct{}
}

// NewWatch watches for so many jobs, at least one.
func NewWatch(jobs int) *Watch {
	return &Watch{due: map[string]time.Time{}, seen: map[string]time.Time{}, want: jobs, all: make(chan struct{})}
}

// Due says when a job was to be sent.
func (w *Watch) Due(id string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if seen, is := w.seen[id]; is {
		w.add(seen.Sub(at))
		return
	}
	w.due[id] = at
}

// Seen says that a job was seen done now. Only the first time counts.
func (w *Watch) Seen(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, again := w.seen[id]; again {
		return
	}
	now := time.Now()
	w.seen[id] = now
	if at, is := w.due[id]; is {
		w.add(now.Sub(at))
	}
}

func (w *Watch) add(d time.Duration) {
	w.took = append(w.took, d)
	if len(w.took) == w.want {
		close(w.all)
	}
}

// Await waits until all were seen, and returns how long each took.
func (w *Watch) Await(ctx context.Context) ([]time.Duration, error) {
	select {
	case <-w.all:
		return w.took, nil
	case <-ctx.Done():
		w.mu.Lock()
		defer w.mu.Unlock()
		return nil, fmt.Errorf("%d of %d jobs were seen done: %w", len(w.took), w.want, ctx.Err())
	}
}

// Pace calls send for each job when it is due, in a goroutine of its own: a slow call delays no other, and what is late is
// late against the schedule. It returns when all calls have, with the first error.
func Pace(ctx context.Context, rate float64, jobs int, send func(ctx context.Context, i int, due time.Time) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	timer := time.NewTimer(0)
	defer timer.Stop()
	began := time.Now()
	for i := 0; i < jobs && ctx.Err() == nil; i++ {
		due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		all.Go(func() {
			if err := send(ctx, i, due); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}
