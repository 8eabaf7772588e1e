package shardstore

import (
	"context"

	"github.com/mission-control-dev/mission-control/store"
)

// Remove implements store.Missions: in the shards of the missions side by side. Where one fails the others have done their part.
func (s *Store) Remove(ctx context.Context, missions ...store.Removal) ([]string, error) {
	if err := store.CheckRemovals(missions); err != nil {
		return nil, err
	}
	parts := split(s, missions, func(r store.Removal) string { return r.MissionID })
	found := make([][]string, len(s.shards))
	err := s.some(func(i int) bool { return len(parts[i]) > 0 }, func(i int) (err error) {
		found[i], err = s.shards[i].Remove(ctx, pick(missions, parts[i])...)
		return err
	})
	gone := map[string]bool{}
	for _, ids := range found {
		for _, id := range ids {
			gone[id] = true
		}
	}
	var removed []string
	for _, r := range missions {
		if gone[r.MissionID] {
			removed = append(removed, r.MissionID)
		}
	}
	return removed, err
}
