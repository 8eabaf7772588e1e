package attention

import (
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Picture is the system as the sources say it is. A part whose Known is false is not known now.
type Picture struct {
	// Now is the clock that all commanders share.
	Now contracts.Time
	// Seen is when this process first saw what items with these ids say.
	Seen map[string]contracts.Time

	Health    Part[health.Report]
	Counts    Part[map[contracts.Status]int64]
	Fleet     Part[Fleet]
	Squads    Part[[]squads.Squad]
	Limits    Part[map[string]limits.Squad]
	Waiting   Part[Waiting]
	Failures  Part[[]contracts.FailureGroup]
	Depths    Part[map[string]int]
	Schedules Part[[]contracts.Schedule]
	Bulk      Part[[]contracts.BulkJob]
}

// Part is what one source said.
type Part[T any] struct {
	Is    T
	Known bool
}

func known[T any](is T) Part[T] { return Part[T]{is, true} }

// since is when this process first saw what an item says: now, where it is new.
func (p Picture) since(id string) contracts.Time {
	if at, ok := p.Seen[id]; ok {
		return at
	}
	return p.Now
}

// Fleet is all sessions, and what this process knows of them beside the store.
type Fleet struct {
	Sessions []store.Session
	// Lost is how many runs of a dead session were given back, by session.
	Lost map[string]int
	// Draining is since when this process has seen a live session draining.
	Draining map[string]contracts.Time
}

// serving returns the live sessions that take missions of a squad; of any where that is empty.
func (f Fleet) serving(squad string) []store.Session {
	var out []store.Session
	for _, s := range f.Sessions {
		if s.State == store.SessionLive && !s.Draining && (squad == "" || slices.Contains(s.Squads, squad)) {
			out = append(out, s)
		}
	}
	return out
}

// has tells whether one of some soldiers has a handler for a kind. One that names no kinds at all may have any.
func has(soldiers []store.Session, kind string) bool {
	return slices.ContainsFunc(soldiers, func(s store.Session) bool { return len(s.Kinds) == 0 || slices.Contains(s.Kinds, kind) })
}

// slots counts the slots of some soldiers, and those without a mission.
func slots(soldiers []store.Session) (all, free int) {
	for _, s := range soldiers {
		all += s.Slots
		free += max(s.Slots-len(s.Running), 0)
	}
	return all, free
}

// Waiting is what is known of QUEUED missions.
type Waiting struct {
	// BySquad are those of squads, by name: where a squad is paused or nobody serves it all of them, else those of kinds that
	// somebody serves and that have waited for longWait.
	BySquad map[string]Heap
	// ByKind are those of kinds that nobody serves in the squad.
	ByKind map[KindOf]Heap
}

// KindOf names a kind in a squad.
type KindOf struct{ Squad, Kind string }

// Heap is some missions that wait.
type Heap struct {
	// Count of them were seen. More: there are others.
	Count int
	More  bool
	// Keyed of them have a concurrency key.
	Keyed int
	// Oldest has waited longest of them, since Since.
	Oldest string
	Since  contracts.Time
}

func (h *Heap) add(m contracts.Mission) {
	h.Count++
	if m.ConcurrencyKey != "" {
		h.Keyed++
	}
	at := waitsSince(m)
	if h.Since.IsZero() || at.Before(h.Since.Time) || at.Equal(h.Since.Time) && m.MissionID < h.Oldest {
		h.Oldest, h.Since = m.MissionID, at
	}
}

// waitsSince is when a QUEUED mission came to wait, as well as its picture tells.
func waitsSince(m contracts.Mission) contracts.Time {
	switch {
	case m.Run > 0:
		return m.UpdatedAt // it ran before
	case !m.RunAt.IsZero():
		return m.RunAt
	}
	return m.CreatedAt
}

// longWait is after how long a mission that waits needs attention.
const longWait = 5 * time.Minute
