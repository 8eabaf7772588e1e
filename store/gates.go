package store

import (
	"context"
	"encoding/json"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Gates hold back missions that share a concurrency key, so that no more of them run at once, or start in a while, than the
// key's limit allows.
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
type Gates interface {
	// Gates returns how many missions stand at the gate of each key.
	Gates(ctx context.Context, keys ...string) ([]Gate, error)
	// WaitsAtGate tells whether a mission waits at the gate of a key.
	WaitsAtGate(ctx context.Context, key, missionID string) (bool, error)
	// OpenGate admits those who wait as far as the limit allows now. It is for whoever changed the limit.
	OpenGate(ctx context.Context, key string) error
}

// Gate is how many missions of a key stand at its gate.
type Gate struct {
	// Admitted have a place: they are QUEUED or IN_PROGRESS.
	Admitted int
	// Waiting are QUEUED without one.
	Waiting int
}

// LimitsCollection has the limits of concurrency keys.
const LimitsCollection = "limits"

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
