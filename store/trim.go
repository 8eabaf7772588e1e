package store

import (
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Trim says what to remove. Missions of a status stand in the order of their ids, which is that of their creation; a step
// begins behind After and goes on from there, so that one which is skipped is not looked at again in each step.
//
//	oldest                                       newest
//	├── beyond Keep: all go ──┼── newest Keep: what ended before Before goes ──┤
type Trim struct {
	// Status is terminal.
	Status contracts.Status
	// Before is the moment before which a mission must have ended. Zero: none goes for its age.
	Before contracts.Time
	// Keep is how many missions of the status stay, those created last; 0 is any number.
	Keep int
	// After is a mission's id, or a Trimmed's Next: what was created before it, and it, is left alone. Empty leaves none alone.
	After string
	// Limit is how many missions are looked at, 1 to MaxTrim; in each shard, where there are some.
	Limit int
}

// MaxTrim is the largest Trim.Limit: one or two milliseconds of Redis' time.
const MaxTrim = 200

// Trimmed is what a Trim did.
type Trimmed struct {
	// Removed are the ids of the missions that are gone.
	Removed []string
	// Next is the After from which to go on; empty where nothing else is to be removed.
	Next string
}

// Check returns an error for what no store can do.
func (t Trim) Check() error {
	switch {
	case !t.Status.Terminal():
		return fmt.Errorf("trim of status %q: only missions that have ended are removed", t.Status)
	case t.Keep < 0:
		return fmt.Errorf("trim of status %s keeps %d missions, must be 0 (any number) or more", t.Status, t.Keep)
	case t.After != "" && !contracts.ValidMissionID(t.After):
		return fmt.Errorf("trim of status %s begins after %q, which is no mission's id", t.Status, t.After)
	case t.Limit < 1 || t.Limit > MaxTrim:
		return fmt.Errorf("trim of status %s looks at %d missions, must be 1 to %d", t.Status, t.Limit, MaxTrim)
	}
	return nil
}

// Excess is how many are beyond the newest Keep, of so many missions behind After.
func (t Trim) Excess(behind int) int {
	if t.Keep == 0 {
		return 0
	}
	return max(0, behind-t.Keep)
}

// Over tells whether the mission of an id, and all behind it, are too young to go for their age: none of them was created
// before Before, so none ended before.
func (t Trim) Over(id string) bool {
	created, ok := contracts.MissionCreated(id)
	return t.Before.IsZero() || ok && !created.Before(t.Before.Time)
}

// Old tells whether a mission goes for its age.
func (t Trim) Old(m contracts.Mission) bool {
	return !m.FinishedAt.IsZero() && m.FinishedAt.Before(t.Before.Time)
}
