package redisstore

import (
	"context"

	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Remove implements store.Missions. As Trim, it reads the rows, and has the same script remove those that are still what they were.
func (s *Store) Remove(ctx context.Context, missions ...store.Removal) ([]string, error) {
	if err := store.CheckRemovals(missions); err != nil || len(missions) == 0 {
		return nil, err
	}
	calls, err := s.removable(ctx, missions)
	if err != nil {
		return nil, err
	}
	gone := map[string]bool{}
	for status, call := range calls {
		ids, failed := s.remove(ctx, store.Trim{Status: status}, call)
		for _, id := range ids {
			gone[id] = true
		}
		if failed != nil {
			err = failed
			break
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

// removable returns what the script is told of those that have ended in the given versions, by status.
func (s *Store) removable(ctx context.Context, missions []store.Removal) (map[contracts.Status]trimCall, error) {
	names := make([]string, len(missions))
	for i, r := range missions {
		raw, _ := parseID(r.MissionID)
		names[i] = s.keys.mission(raw)
	}
	calls := map[contracts.Status]trimCall{}
	err := s.mget(ctx, names, func(values []rueidis.RedisMessage) error {
		clear(calls) // it may be asked again
		for i, value := range values {
			found, err := decodeRow(missions[i].MissionID, value)
			if err != nil {
				return err
			}
			m := found.record.Mission
			if m.Version != missions[i].IfVersion || !m.Status.Terminal() {
				continue
			}
			call := calls[m.Status]
			call.ids, call.keys, call.indexes = append(call.ids, m.MissionID), append(call.keys, names[i]), append(call.indexes, indexList(m))
			call.versions, call.excess = put64(call.versions, m.Version), append(call.excess, 0)
			calls[m.Status] = call
		}
		return nil
	})
	return calls, err
}
