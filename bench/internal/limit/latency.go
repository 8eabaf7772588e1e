package limit

import (
	"context"
	"strconv"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/contender"
)

// Latencies sees a job's end when its result is in Redis, in this process: nobody is told of it over a network.
func (l *Limit) Latencies(ctx context.Context, rate float64, jobs int) (map[string][]time.Duration, error) {
	w := contender.NewWatch(jobs)
	l.watch.Store(w)
	defer l.watch.Store(nil)
	err := contender.Pace(ctx, rate, jobs, func(ctx context.Context, _ int, due time.Time) error {
		id, err := l.submit(ctx, 1)
		w.Due(name(uint64(id)), due) //nolint:gosec // counts from 1
		return err
	})
	if err != nil {
		return nil, err
	}
	took, err := w.Await(ctx)
	return map[string][]time.Duration{contender.ByEvent: took}, err
}

// seen tells whoever watches that jobs have ended.
func (l *Limit) seen(updates []update) {
	w := l.watch.Load()
	if w == nil {
		return
	}
	for _, u := range updates {
		if u.what == final {
			w.Seen(name(u.id))
		}
	}
}

func name(id uint64) string { return strconv.FormatUint(id, 10) }
