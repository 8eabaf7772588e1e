package memstore

import (
	"context"
	"maps"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// SquadCounts implements store.Squads.
func (s *Store) SquadCounts(ctx context.Context) (store.SquadCounts, error) {
	if err := ctx.Err(); err != nil {
		return store.SquadCounts{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return store.SquadCounts{BySquad: maps.Clone(s.bySquad), Known: true}, nil
}

// Recount implements store.Squads: there is never anything to count.
func (s *Store) Recount(ctx context.Context) (bool, error) { return true, ctx.Err() }

// countSquad moves a mission of a squad from one status to the next; before is empty for a new one.
func (s *Store) countSquad(squad string, before, after contracts.Status) {
	n := s.bySquad[squad].With(before, -1).With(after, 1)
	if n == (store.Unended{}) {
		delete(s.bySquad, squad)
	} else {
		s.bySquad[squad] = n
	}
}
