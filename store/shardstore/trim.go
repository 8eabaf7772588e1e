package shardstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/mission-control-dev/mission-control/store"
)

// Trim implements store.Missions: in all shards side by side, each of which keeps its share of what is kept. It goes on from where
// the shard that is furthest behind ended. Where one fails the others have done their part.
func (s *Store) Trim(ctx context.Context, t store.Trim) (store.Trimmed, error) {
	if len(s.shards) == 1 {
		return s.shards[0].Trim(ctx, t)
	}
	if err := t.Check(); err != nil {
		return store.Trimmed{}, err
	}
	keeps := make([]int, len(s.shards))
	if t.Keep > 0 {
		sizes := make([]int, len(s.shards))
		if err := s.each(func(i int) error {
			counts, err := s.shards[i].Counts(ctx)
			sizes[i] = int(counts.ByStatus[t.Status])
			return err
		}); err != nil {
			return store.Trimmed{}, err
		}
		keeps = shares(sizes, t.Keep)
	}
	parts := make([]store.Trimmed, len(s.shards))
	err := s.each(func(i int) (err error) {
		part := t
		part.Keep = keeps[i]
		parts[i], err = s.shards[i].Trim(ctx, part)
		return err
	})
	var all store.Trimmed
	for _, p := range parts {
		all.Removed = append(all.Removed, p.Removed...)
		if p.Next != "" && (all.Next == "" || p.Next < all.Next) {
			all.Next = p.Next
		}
	}
	return all, err
}

// shares tells how many each shard keeps: all the same, but no shard gets more than it has as long as another one has more.
// None gets 0, which would be any number.
func shares(sizes []int, keep int) []int {
	order := make([]int, len(sizes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(sizes[a], sizes[b]) })
	shares := make([]int, len(sizes))
	for at, i := range order {
		left := len(order) - at
		share := min(sizes[i], (keep+left-1)/left)
		keep -= share
		shares[i] = max(1, share)
	}
	return shares
}
