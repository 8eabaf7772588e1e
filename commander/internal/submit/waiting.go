package submit

import (
	"context"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

const (
	// lookEvery is how often the queue is looked at.
	lookEvery = time.Second
	// takeTime is how long the queue must have been seen empty: a commander that took a submission has created it by then, or
	// given it back, and the broker has taken it back from one that is frozen or cut off, which it notices by missed heartbeats.
	takeTime = 45 * time.Second
	// startTime is how old an id may be that a commander takes for possible when it starts and finds the queue empty: others
	// may hold what was there.
	startTime = 10 * time.Minute
	// acceptTime is more than an id is old when its mission is accepted.
	acceptTime = time.Minute
)

// unsettled is what is known of missions that were accepted and are not created.
type unsettled struct {
	now func() contracts.Time

	mu     sync.Mutex
	looked bool // at all
	// calm: no submission was seen so far, and the queue is not empty for long enough to say that there is none.
	calm bool
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
	switch {
	case u.calm: // it may lie here since whenever
		u.calm, u.since = false, time.Time{}
	case !u.some:
		u.some, u.since = true, u.now().Add(-acceptTime)
	}
	u.looked, u.empty = true, time.Time{}
}

// quiet notes that the queue was seen empty.
func (u *unsettled) quiet() {
	u.mu.Lock()
	defer u.mu.Unlock()
	at := u.now().Time
	switch {
	case !u.looked:
		u.calm, u.since, u.empty = true, at.Add(-startTime), at
	case u.empty.IsZero():
		u.empty = at
	case at.Sub(u.empty) >= takeTime:
		u.some, u.calm = false, false
	}
	u.looked = true
}

// may tells whether an id may wait, and whether that is to be looked at once more: all is new, or the id is. One that is
// younger than takeTime may, whatever was seen: a commander that lost Redis a moment ago, and does not know yet, takes a submission
// as soon as it is in the queue, where then nobody else sees it.
func (u *unsettled) may(id string) (waits, look bool) {
	made := madeAt(id)
	u.mu.Lock()
	defer u.mu.Unlock()
	age := u.now().Sub(made)
	if age < takeTime && age > -acceptTime { // clocks of commanders may differ
		return true, false
	}
	return u.some && !made.Before(u.since), !u.looked || !u.some && age < acceptTime
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
	if !look {
		return waits
	}
	if !in.look(ctx) {
		return true
	}
	waits, _ = in.unsettled.may(id)
	return waits
}

// Accepted notes that this commander had the broker keep missions. Whoever has them then, they may not be created yet.
func (in *Intake) Accepted() { in.unsettled.disturb() }

// look looks at the queue. It returns false where the broker does not answer; what was known before holds then.
func (in *Intake) look(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lookEvery)
	defer cancel()
	depth, err := in.Broker.Depth(ctx, topology.Submissions)
	switch {
	case in.givenUp.Load() || in.held.Load() > 0 || err == nil && depth.Ready > 0:
		in.unsettled.disturb()
	case err == nil:
		in.unsettled.quiet()
	default:
		return false
	}
	return true
}

// watch looks again and again, and says when a jam is over that others ended.
func (in *Intake) watch(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		in.look(ctx)
		if in.jam.expire() {
			in.log.Info(roomAgain, zap.String("queue", topology.SubmissionsRefused))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
