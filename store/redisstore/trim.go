package redisstore

import (
	"context"
	"strconv"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

// Trim implements store.Missions. It reads which missions may go, and their rows; a script then removes those that are still
// what they were. So no index by age is needed, which every mission would pay for.
func (s *Store) Trim(ctx context.Context, t store.Trim) (store.Trimmed, error) {
	if err := t.Check(); err != nil {
		return store.Trimmed{}, err
	}
	ids, excess, err := s.oldest(ctx, t)
	if err != nil {
		return store.Trimmed{}, err
	}
	looked, next := ids, ""
	for i, id := range ids {
		if i >= excess && t.Over(id) {
			looked = ids[:i]
			break
		}
	}
	switch {
	case len(looked) == 0:
		return store.Trimmed{}, nil
	case len(looked) > t.Limit:
		looked, next = looked[:t.Limit], looked[t.Limit-1]
	}
	call, err := s.trimmable(ctx, t, looked, excess)
	if err != nil || len(call.ids) == 0 {
		return store.Trimmed{Next: next}, err
	}
	removed, err := s.remove(ctx, t, call)
	return store.Trimmed{Removed: removed, Next: next}, err
}

// oldest returns the missions to look at and the one behind them, and how many are beyond what is kept.
func (s *Store) oldest(ctx context.Context, t store.Trim) (ids []string, excess int, err error) {
	index, from := s.keys.index(statusIndex(t.Status)), "-"
	if t.After != "" {
		raw, _ := parseID(t.After)
		from = "(" + string(raw[:])
	}
	err = s.do(ctx, "look for missions to remove", func(ctx context.Context, client rueidis.Client) error {
		results, err := s.read(ctx, client, client.B().Zlexcount().Key(index).Min(from).Max("+").Build(),
			client.B().Zrange().Key(index).Min(from).Max("+").Bylex().Limit(0, int64(t.Limit)+1).Build())
		if err != nil {
			return err
		}
		behind, err := results[0].AsInt64()
		if err != nil {
			return err
		}
		excess = t.Excess(int(behind))
		ids, err = missionIDs(results[1].AsStrSlice())
		return err
	})
	return ids, excess, err
}

// trimCall is what trim.lua is told of missions.
type trimCall struct {
	ids, keys, indexes []string
	// versions are the missions', excess says whether each goes only as long as it is beyond what is kept.
	versions, excess []byte
}

// trimmable finds out which of some missions are to go; the first ones do, being too many. One that has no row any more loses
// its places in indexes. One that can't be read stays: who wants to see it is told.
func (s *Store) trimmable(ctx context.Context, t store.Trim, ids []string, excess int) (trimCall, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		raw, _ := parseID(id)
		names[i] = s.keys.mission(raw)
	}
	var call trimCall
	err := s.mget(ctx, names, func(values []rueidis.RedisMessage) error {
		for i, value := range values {
			found, err := decodeRow(ids[i], value)
			m := found.record.Mission
			gone := m.Version == 0
			if err != nil || !gone && (m.Status != t.Status || i >= excess && !t.Old(m)) {
				continue
			}
			indexes := ""
			if !gone {
				indexes = indexList(m)
			}
			call.ids, call.keys, call.indexes = append(call.ids, ids[i]), append(call.keys, names[i]), append(call.indexes, indexes)
			call.versions, call.excess = put64(call.versions, m.Version), append(call.excess, flag(!gone && !t.Old(m)))
		}
		return nil
	})
	return call, err
}

// remove removes those that are still what they were, and returns which.
func (s *Store) remove(ctx context.Context, t store.Trim, c trimCall) ([]string, error) {
	keys := append([]string{s.keys.due(), s.keys.dispatch(), s.keys.index(statusIndex(t.Status))}, c.keys...)
	args := append([]string{
		s.keys.prefix, string(statusByte(t.Status)), strconv.Itoa(t.Keep), rueidis.BinaryString(c.versions), rueidis.BinaryString(c.excess),
	}, c.indexes...)
	reply, err := s.run(ctx, "remove missions", s.scripts.trim, keys, args)
	if err != nil {
		return nil, err
	}
	var removed []string
	for i, id := range c.ids {
		if reply[0][i] == 'r' {
			removed = append(removed, id)
		}
	}
	return removed, nil
}
