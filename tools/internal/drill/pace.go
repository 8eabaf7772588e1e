package drill

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/client"
)

// backoff is the wait after so many failures in a row: 0.2 s doubling to 2 s, a half more or less, and never sooner than
// the commander asked for. A drill comes back sooner than a client should: it measures how soon the commander serves.
func backoff(failures int, err error) time.Duration {
	d := firstDelay
	for i := 1; i < failures && d < maxDelay; i++ {
		d *= 2
	}
	d = min(d, maxDelay)
	d = d/2 + rand.N(d)
	if p, ok := errors.AsType[*client.Problem](err); ok {
		d = max(d, min(p.RetryAfter, 10*time.Second)+rand.N(firstDelay))
	}
	return d
}

// pause waits, and tells whether ctx lasted.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
