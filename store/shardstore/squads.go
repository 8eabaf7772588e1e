package shardstore

import (
	"context"
	"slices"

	"github.com/mission-control-dev/mission-control/store"
)

// SquadCounts implements store.Squads: the sums, which are known where all shards know theirs.
func (s *Store) SquadCounts(ctx context.Context) (store.SquadCounts, error) {
	found := make([]store.SquadCounts, len(s.shards))
	err := s.each(func(i int) (err error) {
		found[i], err = s.shards[i].SquadCounts(ctx)
		return err
	})
	if err != nil {
		return store.SquadCounts{}, err
	}
	sum := store.SquadCounts{BySquad: map[string]store.Unended{}, Known: true}
	for _, c := range found {
		for squad, n := range c.BySquad {
			sum.BySquad[squad] = sum.BySquad[squad].Plus(n)
		}
		sum.Known = sum.Known && c.Known
		sum.Source = merge(sum.Source, c.Source)
	}
	if !sum.Known {
		clear(sum.BySquad) // those of some shards are nobody's
	}
	return sum, nil
}

// Recount implements store.Squads: in all shards at the same time.
func (s *Store) Recount(ctx context.Context) (bool, error) {
	known := make([]bool, len(s.shards))
	err := s.each(func(i int) (err error) {
		known[i], err = s.shards[i].Recount(ctx)
		return err
	})
	return err == nil && !slices.Contains(known, false), err
}
