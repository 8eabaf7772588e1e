package amqpbroker

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff paces attempts: full jitter under a ceiling that doubles, so that a fleet that lost its broker at one instant
// does not come back at one instant. Not for use by several goroutines.
type backoff struct {
	first, last time.Duration
	ceiling     time.Duration
}

func newBackoff(first, last time.Duration) *backoff {
	return &backoff{first: first, last: last, ceiling: first}
}

// next is how long to wait before the next attempt.
func (b *backoff) next() time.Duration {
	wait := time.Duration(rand.Int64N(int64(b.ceiling) + 1))
	b.ceiling = min(2*b.ceiling, b.last)
	return wait
}

// stood tells how long the last success lasted. Only one that outlasted the longest wait starts the backoff anew:
// a broker that accepts and drops us at once must not be asked in a hot loop.
func (b *backoff) stood(d time.Duration) {
	if d >= b.last {
		b.ceiling = b.first
	}
}

// wait sleeps until the next attempt is due, ctx ends, or early is closed or says something; it tells whether early did.
func (b *backoff) wait(ctx context.Context, early <-chan struct{}) bool {
	timer := time.NewTimer(b.next())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-early:
		return true
	}
	return false
}
