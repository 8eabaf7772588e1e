package memstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
)

// shelf holds missions by the time at which they were put there, then by id.
type shelf []shelved

type shelved struct {
	at int64
	id string
}

func (a shelved) compare(b shelved) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id))
}

// putOn puts a mission that lies nowhere on a shelf.
func (s *Store) putOn(name, id string, m *mission) {
	m.shelf, m.shelvedAt = name, s.now().UnixMilli()
	e := shelved{m.shelvedAt, id}
	i, _ := slices.BinarySearchFunc(s.shelves[name], e, shelved.compare)
	s.shelves[name] = slices.Insert(s.shelves[name], i, e)
}

// takeOff takes a mission off the shelf it lies on, if any.
func (s *Store) takeOff(id string, m *mission) {
	if m.shelf == "" {
		return
	}
	i, _ := slices.BinarySearchFunc(s.shelves[m.shelf], shelved{m.shelvedAt, id}, shelved.compare)
	s.shelves[m.shelf] = slices.Delete(s.shelves[m.shelf], i, i+1)
	m.shelf = ""
}

// first returns up to limit of those that were put there before a moment.
func (s shelf) first(before contracts.Time, limit int) shelf {
	n, _ := slices.BinarySearchFunc(s, shelved{at: before.Millis()}, shelved.compare)
	return s[:min(n, max(limit, 0))]
}

// Shelved implements store.Outbox.
func (s *Store) Shelved(ctx context.Context, shelf string, before contracts.Time, limit int) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, e := range s.shelves[shelf].first(before, limit) {
		ids = append(ids, e.id)
	}
	return ids, nil
}

// Unshelve implements store.Outbox.
func (s *Store) Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.shelves[shelf].first(before, limit)
	for _, e := range first {
		s.setDue(e.id, at.Millis())
		s.missions[e.id].shelf = ""
	}
	s.shelves[shelf] = slices.Delete(s.shelves[shelf], 0, len(first))
	return len(first), nil
}

// BrokerID implements store.Outbox.
func (s *Store) BrokerID(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.brokerID, ctx.Err()
}

// SwapBrokerID implements store.Outbox.
func (s *Store) SwapBrokerID(ctx context.Context, old, next string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.brokerID != old {
		return false, nil
	}
	s.brokerID = next
	return true, nil
}
