package shardstore

import (
	"context"
	"slices"
	"time"
)

// TakeDeadlines implements store.Deadlines. Shards take their earliest, each about as many; among shards there is no order. Where
// some shards fail, others' missions are returned all the same: they were taken.
func (s *Store) TakeDeadlines(ctx context.Context, limit int, hold time.Duration) ([]string, error) {
	var all []string
	taken := make([][]string, len(s.shards))
	err := s.share(limit, func(i, n int) (int, error) {
		var err error
		taken[i], err = s.shards[i].TakeDeadlines(ctx, n, hold)
		return len(taken[i]), err
	}, func() {
		for i, ids := range taken {
			for _, id := range ids {
				if !slices.Contains(all, id) { // it came again, its hold was over
					all = append(all, id)
				}
			}
			taken[i] = nil
		}
	})
	if len(all) > 0 {
		return all, nil
	}
	return nil, err
}
