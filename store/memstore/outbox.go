package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

type dueEntry struct{ dispatch, at int64 }

func (s *Store) setDue(id string, at int64) int64 {
	s.dispatch++
	s.due[id] = dueEntry{dispatch: s.dispatch, at: at}
	return s.dispatch
}

// TakeDue implements store.Outbox.
func (s *Store) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wakeGates()
	now := s.now().UnixMilli()
	var ids []string
	for id, e := range s.due {
		if e.at <= now {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.due[a].at, s.due[b].at), cmp.Compare(a, b))
	})
	ids = ids[:min(max(limit, 0), len(ids))]
	taken := make([]store.Due, 0, len(ids))
	for _, id := range ids {
		m := s.missions[id].record.Mission
		if m.Status == contracts.StatusQueued && !s.stands(store.SquadGate(m.Squad), id) {
			delete(s.due, id) // became due before its squad had a limit
			continue
		}
		taken = append(taken, store.Due{MissionID: id, Dispatch: s.setDue(id, now+hold.Milliseconds())})
	}
	return taken, nil
}

// ClearDue implements store.Outbox.
func (s *Store) ClearDue(ctx context.Context, entries ...store.Due) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		if kept, known := s.due[e.MissionID]; !known || kept.dispatch != e.Dispatch {
			continue
		}
		delete(s.due, e.MissionID)
		if m := s.missions[e.MissionID]; e.Shelf != "" && m != nil && m.record.Mission.Status == contracts.StatusQueued {
			s.putOn(e.Shelf, e.MissionID, m)
		}
	}
	return nil
}
