package submit

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

const (
	// lookEvery is how often the queue is looked at.
	lookEvery = time.Second
	// takeTime is how long the queue must have been seen empty: a commander that took a submission has created it by then,
	// or given it back.
	takeTime = groupTimeout + 5*time.Second
	// acceptTime is more than an id is old when its mission is accepted.
	acceptTime = time.Minute
)

// unsettled is what is known of missions that were accepted and are not created.
type unsettled struct {
	now func() contracts.Time

	mu     sync.Mutex
	looked bool // at all
	// some ids may wait: those made since since.
	some  bool
	since time.Time
	// empty is since when the queue was seen empty at each look.
	empty time.Time
}

// newUnsettled knows nothing: until the queue was looked at, every id may wait.
func newUnsettled(now func() contracts.Time) *unsettled { return &unsettled{now: now, some: true} }

// disturb notes that submissions wait, or may come.
func (u *unsettled) disturb() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.looked, u.empty = true, time.Time{}
	if !u.some {
		u.some, u.since = true, u.now().Add(-acceptTime)
	}
}

// quiet notes that the queue was seen empty. If that is the first that is known of it, there was no outage.
func (u *unsettled) quiet() {
	u.mu.Lock()
	defer u.mu.Unlock()
	at := u.now().Time
	switch {
	case !u.looked:
		u.some = false
	case u.empty.IsZero():
		u.empty = at
	case at.Sub(u.empty) >= takeTime:
		u.some = false
	}
	u.looked = true
}

// may tells whether an id may wait, and whether that is to be looked at once more: all is new, or the id is.
func (u *unsettled) may(id string) (waits, look bool) {
	made := madeAt(id)
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.some && !made.Before(u.since), !u.looked || !u.some && u.now().Sub(made) < acceptTime
}

// madeAt is the time in an id, a UUIDv7.
func madeAt(id string) time.Time {
	ms, err := strconv.ParseInt(id[:8]+id[9:13], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// Waiting tells whether a mission that the store does not have may have been accepted, and be created soon. id is valid.
func (in *Intake) Waiting(ctx context.Context, id string) bool {
	waits, look := in.unsettled.may(id)
	if look {
		in.look(ctx)
		waits, _ = in.unsettled.may(id)
	}
	return waits
}

// look looks at the queue. Where the broker does not answer, what was known before holds.
func (in *Intake) look(ctx context.Context) {
	depth, err := in.Broker.Depth(ctx, topology.Submissions)
	switch {
	case in.givenUp.Load() || in.held.Load() > 0 || err == nil && depth.Ready > 0:
		in.unsettled.disturb()
	case err == nil:
		in.unsettled.quiet()
	}
}

// watch looks again and again.
func (in *Intake) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		lookCtx, cancel := context.WithTimeout(ctx, lookEvery)
		in.look(lookCtx)
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
