package memstore

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

func (s *Store) emit(e store.Event) {
	s.lastEvent++
	e.ID = strconv.FormatInt(s.lastEvent, 10)
	s.events = append(s.events, e)
	if over := len(s.events) - s.eventsKept; over > 0 {
		s.events = s.events[over:]
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// LastEvent implements store.Events; it is "0" before the first one.
func (s *Store) LastEvent(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return strconv.FormatInt(s.lastEvent, 10), nil
}

// ReadEvents implements store.Events.
func (s *Store) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	number, err := eventNumber(after)
	if err != nil {
		return nil, err
	}
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		events, changed, err := s.readEvents(number, max(limit, 1))
		if err != nil || len(events) > 0 || wait <= 0 {
			return events, err
		}
		select {
		case <-changed:
		case <-end.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *Store) readEvents(after int64, limit int) ([]store.Event, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	newer := s.lastEvent - after
	if newer < 0 || newer > int64(len(s.events)) {
		return nil, nil, store.ErrEventsTrimmed
	}
	rest := s.events[int64(len(s.events))-newer:]
	return slices.Clone(rest[:min(limit, len(rest))]), s.changed, nil
}

func eventNumber(id string) (int64, error) {
	if id == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 0 {
		return 0, store.ErrEventsTrimmed
	}
	return n, nil
}
