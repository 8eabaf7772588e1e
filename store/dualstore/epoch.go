package dualstore

import (
	"context"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Settle implements store.Epochs: by the primary. With another epoch than before, all that was in memory went, and it is
// filled anew.
func (s *Store) Settle(ctx context.Context) (store.Epoch, error) {
	e, err := s.primary.Settle(ctx)
	if err == nil {
		s.turn(e.ID)
	}
	return e, err
}

// turn begins an epoch in memory.
func (s *Store) turn(epoch string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch == epoch {
		return
	}
	s.epoch = epoch
	s.twin.clear()
	s.counts, s.sessions, s.agreed = remembered[store.Counts]{}, remembered[[]store.Session]{}, contracts.Time{}
	s.squads, s.documents = remembered[store.SquadCounts]{}, nil
	s.breaker.poke()
}

func (s *Store) epochID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch
}
