package dualstore

import (
	"context"

	"github.com/mission-control-dev/mission-control/store"
)

// SquadCounts implements store.Squads. From memory they are the last that were read; ErrNotInMemory where none were.
func (s *Store) SquadCounts(ctx context.Context) (store.SquadCounts, error) {
	return read(ctx, s, func(ctx context.Context) (store.SquadCounts, error) {
		c, err := s.primary.SquadCounts(ctx)
		if err == nil {
			s.keepSquads(c)
		}
		return c, err
	}, func() (store.SquadCounts, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.squads.at.IsZero() {
			return store.SquadCounts{}, store.ErrNotInMemory
		}
		c := s.squads.value.Clone()
		c.Source = store.Source{Degraded: true, AsOf: s.squads.at}
		return c, nil
	})
}

func (s *Store) keepSquads(c store.SquadCounts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.squads = remembered[store.SquadCounts]{c.Clone(), s.nowLocked()}
}
