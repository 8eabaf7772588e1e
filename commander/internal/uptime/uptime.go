// Package uptime remembers for how long everything that a death needs was there without a break.
//
// A soldier whose lease ran out may only have been unable to renew it: the commander, the store, the broker or the
// machine was away. So a commander declares nobody dead until for a lease's length it could have heard from everybody.
package uptime

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
)

// Part is something that must be there.
type Part string

// The parts.
const (
	Store    Part = "store"    // the store answers
	Broker   Part = "broker"   // connected
	Intake   Part = "intake"   // subscribed to status_queue, and taking from it
	Listener Part = "listener" // HTTP is served
)

// starved is how late a beat may come before this process counts as having been away: stopped, or without a core.
const starved = 2 * time.Second

// beatEvery is how often the process proves that it runs.
const beatEvery = 500 * time.Millisecond

// Tracker tracks. It is safe for concurrent use. From Start on it watches over this process itself.
type Tracker struct {
	*background.Work

	mu    sync.Mutex
	parts []Part
	up    map[Part]bool
	since time.Time // monotonic; zero while a part is away
	beat  time.Time // when this process last proved that it runs
}

// New returns a tracker in which all parts are away.
func New(parts ...Part) *Tracker {
	t := &Tracker{parts: parts, up: map[Part]bool{}, beat: time.Now()}
	t.Work = background.New(t.beats)
	return t
}

// beats has the process prove that it runs, over and over.
func (t *Tracker) beats(ctx context.Context) {
	background.Every(ctx, beatEvery, func(context.Context) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.pulse()
	})
}

// pulse notes that this process runs. After a gap all counts from now: nobody could have been heard meanwhile.
func (t *Tracker) pulse() {
	now := time.Now()
	if now.Sub(t.beat) > starved && !t.since.IsZero() {
		t.since = now
	}
	t.beat = now
}

// Up says that a part is there.
func (t *Tracker) Up(p Part) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.up[p] {
		return
	}
	t.up[p] = true
	if t.all() {
		t.since = time.Now()
	}
}

// Down says that a part is away.
func (t *Tracker) Down(p Part) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.up[p] = false
	t.since = time.Time{}
}

// Reset has all count from now: the parts are there, and yet nobody can tell for how long anybody was silent.
func (t *Tracker) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.since.IsZero() {
		t.since = time.Now()
	}
}

// Unbroken returns for how long all parts have been there, and this process has run; 0 while a part is away.
func (t *Tracker) Unbroken() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pulse()
	if t.since.IsZero() {
		return 0
	}
	return time.Since(t.since)
}

// Away returns the parts that are away.
func (t *Tracker) Away() []Part {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(t.parts), func(p Part) bool { return t.up[p] })
}

func (t *Tracker) all() bool {
	return !slices.ContainsFunc(t.parts, func(p Part) bool { return !t.up[p] })
}
