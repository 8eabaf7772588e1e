package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// live tells whether there is a mission that has not ended.
func live(s contracts.Status) bool { return s != "" && !s.Terminal() }

// holder returns the mission for whose sake a change that fits is Taken; empty where there is none.
func (s *Store) holder(c store.Change) string {
	m := c.Record.Mission
	key := m.UniqueKey
	if known := s.missions[m.MissionID]; known != nil {
		if live(known.record.Mission.Status) {
			return ""
		}
		key = known.record.Mission.UniqueKey
	}
	if !live(m.Status) || c.FirstVersion > 0 || s.unique[key] == m.MissionID {
		return ""
	}
	return s.unique[key]
}

// bound takes or gives back what a mission has only as long as it lives; before is empty for a new one.
func (s *Store) bound(before contracts.Status, m contracts.Mission) {
	switch was, is := live(before), live(m.Status); {
	case is && !was:
		if m.UniqueKey != "" && s.unique[m.UniqueKey] == "" {
			s.unique[m.UniqueKey] = m.MissionID
		}
		if !m.DeadlineAt.IsZero() {
			s.deadlines[m.MissionID] = m.DeadlineAt.Millis()
		}
	case was && !is:
		if s.unique[m.UniqueKey] == m.MissionID {
			delete(s.unique, m.UniqueKey)
		}
		delete(s.deadlines, m.MissionID)
	}
}

// TakeDeadlines implements store.Deadlines.
func (s *Store) TakeDeadlines(ctx context.Context, limit int, hold time.Duration) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var ids []string
	for id, at := range s.deadlines {
		if at <= now.UnixMilli() {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(s.deadlines[a], s.deadlines[b]), cmp.Compare(a, b)) })
	ids = ids[:min(max(limit, 0), len(ids))]
	for _, id := range ids {
		s.deadlines[id] = now.Add(hold).UnixMilli()
	}
	return ids, nil
}
