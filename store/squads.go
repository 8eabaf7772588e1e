package store

import (
	"context"
	"maps"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Squads counts the missions of each squad that have not ended. The counts are kept with each change, in the same atomic step, and
// nothing is scanned to tell them.
type Squads interface {
	// SquadCounts returns them. They are right, or not Known: where a commander of before there were counts works on the same data, or
	// did and Recount has not come to its end since.
	SquadCounts(ctx context.Context) (SquadCounts, error)
	// Recount looks at some thousand missions where the counts are not known, and goes on where the last call, by anyone, ended. It
	// returns true once all are counted. It costs little where they are.
	Recount(ctx context.Context) (bool, error)
}

// SquadCounts are the counts of all squads.
type SquadCounts struct {
	// BySquad has those squads of which any mission has not ended.
	BySquad map[string]Unended
	Known   bool
	Source  Source
}

// Clone returns a copy.
func (c SquadCounts) Clone() SquadCounts {
	c.BySquad = maps.Clone(c.BySquad)
	return c
}

// Unended is how many missions of a squad have not ended, by status.
type Unended struct {
	Scheduled, Queued, InProgress int64
}

// With returns u with n more missions of a status; the same u for a status in which a mission has ended.
func (u Unended) With(s contracts.Status, n int64) Unended {
	switch s {
	case contracts.StatusScheduled:
		u.Scheduled += n
	case contracts.StatusQueued:
		u.Queued += n
	case contracts.StatusInProgress:
		u.InProgress += n
	case contracts.StatusCompleted, contracts.StatusFailed, contracts.StatusCancelled:
	}
	return u
}

// Plus returns the sum.
func (u Unended) Plus(v Unended) Unended {
	return Unended{u.Scheduled + v.Scheduled, u.Queued + v.Queued, u.InProgress + v.InProgress}
}
