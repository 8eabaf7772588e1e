package memstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

// eventID is an event's: its number, and with Config.EventTimes the ms in which it was emitted.
type eventID struct{ n, ms uint64 }

func (id eventID) compare(other eventID) int { return cmp.Compare(id.n, other.n) }

func (s *Store) nextEvent() eventID {
	next := eventID{n: s.lastEvent.n + 1}
	if s.eventTimes {
		next.ms = uint64(s.now().UnixMilli()) //nolint:gosec // not before 1970
	}
	return next
}

func (s *Store) eventText(id eventID) string {
	text := strconv.FormatUint(id.n, 10)
	if s.eventTimes {
		text += "-" + strconv.FormatUint(id.ms, 10)
	}
	return text
}

// eventOf reads an id, the empty one as the one before the first event.
func (s *Store) eventOf(text string) (id eventID, err error) {
	if text == "" {
		return eventID{}, nil
	}
	n, ms, _ := strings.Cut(text, "-")
	id.n, _ = strconv.ParseUint(n, 10, 64)
	id.ms, _ = strconv.ParseUint(ms, 10, 64)
	if s.eventText(id) != text {
		return eventID{}, store.ErrEventsTrimmed
	}
	return id, nil
}

// numbered is an event with its id as numbers.
type numbered struct {
	id    eventID
	event store.Event
}

func (s *Store) emit(e store.Event) {
	s.lastEvent = s.nextEvent()
	e.ID = s.eventText(s.lastEvent)
	s.events = append(s.events, numbered{s.lastEvent, e})
	if over := len(s.events) - s.eventsKept; over > 0 {
		s.events, s.eventsGone = s.events[over:], true
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// LastEvent implements store.Events; it is 0 before the first one.
func (s *Store) LastEvent(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.eventText(s.lastEvent), nil
}

// ReadEvents implements store.Events.
func (s *Store) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	id, err := s.eventOf(after)
	if err != nil {
		return nil, err
	}
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		events, changed, err := s.readEvents(id, max(limit, 1))
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

func (s *Store) readEvents(after eventID, limit int) ([]store.Event, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, found := slices.BinarySearchFunc(s.events, after, func(e numbered, id eventID) int { return e.id.compare(id) })
	switch {
	case found:
		i++
	case after != eventID{} || s.eventsGone:
		return nil, nil, store.ErrEventsTrimmed
	}
	var events []store.Event
	for _, e := range s.events[i:min(i+limit, len(s.events))] {
		events = append(events, e.event)
	}
	return events, s.changed, nil
}
