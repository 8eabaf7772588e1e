package store

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Gates hold back missions that share a concurrency key, or the squad of which has a limit, so that no more of them run at once, or
// start in a while, than the limit allows. What follows is said of a key; what differs for a squad comes last.
//
// A mission with a key that a Commit makes QUEUED with a due entry is admitted where its key has a free place, nobody waits for
// one, and its rate has a start left. Else it waits at the gate: it is QUEUED, lies on no shelf and has no due entry, and its
// Outcome no Dispatch. An admitted mission keeps its place while it is QUEUED or IN_PROGRESS, and gives it up in the step that makes it
// SCHEDULED or ends it; that same step admits those who wait, in the order in which they came. They are due at once.
//
//	             place free                        SCHEDULED, or ended
//	DueSet ──────────────────────> admitted ──────────────────────────────> out
//	   │                              ^
//	   └──────────> waits ────────────┘ a place or a start became free
//
// A mission that is IN_PROGRESS has a place whatever the limit: a grant that comes back after the store lost it is a fact.
//
// As nobody but the admitted has an order, no claim has to ask. One call admits a bounded number; where there is more to do, or
// starts come back with time, TakeDue goes on. What waits so is never left behind: there is a place of its key that somebody holds, or a time
// at which TakeDue looks again.
//
// Limits are Documents of the collection LimitsCollection, by key, see EncodeLimit. A limit that was raised holds from the next
// change of the key's missions on, or OpenGate. A lower one takes no place away.
//
// # Squads
//
// The gate of a squad, under the name SquadGate, is there while the squad has a limit: a document of the collection SquadLimitsCollection. It has no
// rate. Who has passed its key's gate, or has no key, comes to it, in this order alone; it keeps the place that it has at its
// key's while it waits. So whoever holds up others goes on by itself: nobody waits for each other in a circle.
//
//	DueSet ──> gate of its key, if it has one ──> gate of its squad, if that has a limit ──> due
//
// When a limit is set what is IN_PROGRESS already is counted from its next change on, and a due entry from before becomes a place in
// line where TakeDue finds no place free for it. When it is removed those who wait are admitted, as ever a bounded number at a
// time, and the gate is gone.
type Gates interface {
	// Gates returns how many missions stand at each gate: that of a key, or a SquadGate.
	Gates(ctx context.Context, keys ...string) ([]Gate, error)
	// WaitsAtGate tells whether a mission waits at a gate.
	WaitsAtGate(ctx context.Context, key, missionID string) (bool, error)
	// OpenGate admits those who wait as far as the limit allows now. It is for whoever changed the limit.
	OpenGate(ctx context.Context, key string) error
}

// Gate is how many missions stand at a gate.
type Gate struct {
	// Admitted have a place: they are QUEUED or IN_PROGRESS.
	Admitted int
	// Waiting are QUEUED without one.
	Waiting int
}

// LimitsCollection has the limits of concurrency keys, SquadLimitsCollection those of squads.
const (
	LimitsCollection      = "limits"
	SquadLimitsCollection = "squad_limits"
)

// squadGate begins the names of squads' gates. No concurrency key has it.
const squadGate = "\x00"

// SquadGate is the name of a squad's gate, where those of keys have the key.
func SquadGate(squad string) string { return squadGate + squad }

// SquadOfGate returns the squad whose gate it is; not where it is a key's.
func SquadOfGate(name string) (squad string, is bool) { return strings.CutPrefix(name, squadGate) }

// GateBatch is how many missions one call admits for each gate that it looks at.
const GateBatch = 100

// EncodeLimit returns the body of a limit's document.
func EncodeLimit(l contracts.Limit) ([]byte, error) { return json.Marshal(l) }

// DecodeLimit reads the body of a limit's document. What is none, or can't be read, is the default.
func DecodeLimit(body []byte) contracts.Limit {
	var l contracts.Limit
	if json.Unmarshal(body, &l) != nil || l.Validate() != nil {
		return contracts.DefaultLimit()
	}
	return l
}
