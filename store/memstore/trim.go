package memstore

import (
	"context"
	"slices"

	"github.com/mission-control-dev/mission-control/store"
)

// Trim implements store.Missions.
func (s *Store) Trim(ctx context.Context, t store.Trim) (store.Trimmed, error) {
	if err := ctx.Err(); err != nil {
		return store.Trimmed{}, err
	}
	if err := t.Check(); err != nil {
		return store.Trimmed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var done store.Trimmed
	ids := s.behind(t)
	excess := t.Excess(len(ids))
	for i, id := range ids {
		if i >= excess && t.Over(id) {
			break
		}
		if i == t.Limit {
			done.Next = ids[i-1]
			break
		}
		if m := s.missions[id]; i < excess || t.Old(m.record.Mission) {
			s.remove(id, m)
			done.Removed = append(done.Removed, id)
		}
	}
	s.ids = slices.DeleteFunc(s.ids, func(id string) bool { return s.missions[id] == nil })
	return done, nil
}

// Remove implements store.Missions.
func (s *Store) Remove(ctx context.Context, missions ...store.Removal) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := store.CheckRemovals(missions); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var removed []string
	for _, r := range missions {
		m := s.missions[r.MissionID]
		if m == nil || m.record.Mission.Version != r.IfVersion || !m.record.Mission.Status.Terminal() {
			continue
		}
		s.remove(r.MissionID, m)
		removed = append(removed, r.MissionID)
	}
	if len(removed) > 0 {
		s.ids = slices.DeleteFunc(s.ids, func(id string) bool { return s.missions[id] == nil })
	}
	return removed, nil
}

// behind returns the missions in the status, behind where the trim begins.
func (s *Store) behind(t store.Trim) []string {
	from, found := slices.BinarySearch(s.ids, t.After)
	if found {
		from++
	}
	var ids []string
	for _, id := range s.ids[from:] {
		if s.missions[id].record.Mission.Status == t.Status {
			ids = append(ids, id)
		}
	}
	return ids
}

// remove forgets a mission, but for its place in s.ids.
func (s *Store) remove(id string, m *mission) {
	s.takeOff(id, m)
	s.leave(m.record.Session, id)
	s.byStatus[m.record.Mission.Status]--
	delete(s.due, id)
	delete(s.missions, id)
}
