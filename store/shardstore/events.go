package shardstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

const (
	// gather is how long a read that may wait lets events gather before it looks, so that a busy log is not read event by
	// event.
	gather = 5 * time.Millisecond
	// maxSkew is how long events wait for a shard whose clock is behind.
	maxSkew = 100 * time.Millisecond
)

// LastEvent implements store.Events: where each shard's log ends. Its id is the last event's, once all were read up to it.
func (s *Store) LastEvent(ctx context.Context) (string, error) {
	if len(s.shards) == 1 {
		return s.shards[0].LastEvent(ctx)
	}
	last := make(position, len(s.shards))
	err := s.each(func(i int) error {
		id, err := s.shards[i].LastEvent(ctx)
		if err != nil {
			return err
		}
		last[i], err = pointOf(id)
		return err
	})
	if err != nil {
		return "", err
	}
	return last.String(), nil
}

// ReadEvents implements store.Events. The order of all events is that of their time, then of their number, then of their
// shard, so that all who read see the same; and it is each shard's own, so a mission's are in order. A read takes some
// milliseconds for that, and loses nothing where clocks differ by more than maxSkew: only the order is another one for each
// reader then.
func (s *Store) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	if len(s.shards) == 1 {
		return s.shards[0].ReadEvents(ctx, after, limit, wait)
	}
	from, err := parsePosition(after, len(s.shards))
	if err != nil {
		return nil, err
	}
	until := time.Now().Add(wait)
	for {
		if wait > 0 {
			if err := pause(ctx, min(gather, time.Until(until))); err != nil {
				return nil, err
			}
		}
		events, err := s.readEvents(ctx, from, max(limit, 1))
		if err != nil || len(events) > 0 || !time.Now().Before(until) {
			return events, err
		}
		if err := s.waits.await(ctx, from, until); err != nil {
			return nil, err
		}
	}
}

// readEvents returns the next events, all that there were when it was called. What has been heard is told once nothing can
// come before it any more, usually within a millisecond or two.
func (s *Store) readEvents(ctx context.Context, from position, limit int) ([]store.Event, error) {
	limit = min(limit, portion)
	var patience time.Time
	for goal := 0; ; {
		h, err := s.hear(ctx, from, limit)
		if err != nil || len(h.events) == 0 {
			return nil, err
		}
		known, _ := slices.BinarySearchFunc(h.events, h.until, heard.compareTo)
		switch {
		case goal == 0: // how long the shards took to answer says nothing of their clocks
			goal, patience = min(limit, len(h.events)), time.Now().Add(maxSkew)
		case known < goal && time.Now().After(patience):
			known = len(h.events)
		}
		if known >= goal {
			return from.tell(h.events[:min(known, limit)]), nil
		}
		// A shard whose clock is behind comes up with the others in as long as it is behind.
		behind := time.Duration(h.events[goal-1].place.ms-min(h.until.ms, h.events[goal-1].place.ms)) * time.Millisecond //nolint:gosec // ms of this age
		if err := pause(ctx, max(time.Millisecond, min(behind, time.Until(patience)))); err != nil {
			return nil, err
		}
	}
}

// heard is an event, its id, and its place in the order of all: as late as the latest before it in its shard, whose clock may
// have been set back.
type heard struct {
	event store.Event
	at    point
	place place
}

type place struct {
	point
	shard int
}

func (p place) compare(other place) int {
	return cmp.Or(p.point.compare(other.point), cmp.Compare(p.shard, other.shard))
}

// compareTo finds the first event that is not before a place.
func (h heard) compareTo(p place) int { return h.place.compare(p) }

// hearing is what shards say of their events: in order, and before which place there is no other.
type hearing struct {
	events []heard
	until  place
}

// hear asks each shard for its next events. One that gives all it has gives none later that is before the moment in which it
// was asked, by its clock; one that gives as many as were asked for has more behind the last.
func (s *Store) hear(ctx context.Context, from position, limit int) (hearing, error) {
	parts := make([]hearing, len(s.shards))
	err := s.each(func(i int) error {
		now, err := s.shards[i].Now(ctx)
		if err != nil {
			return err
		}
		events, err := s.shards[i].ReadEvents(ctx, from.of(i), limit, 0)
		if err != nil {
			return err
		}
		part := &parts[i]
		part.until = place{point: point{ms: uint64(now.UnixMilli())}, shard: -1} //nolint:gosec // not before 1970
		latest := uint64(0)
		for _, e := range events {
			at, err := pointOf(e.ID)
			if err != nil {
				return err
			}
			latest = max(latest, at.ms)
			part.events = append(part.events, heard{e, at, place{point{ms: latest, seq: at.seq}, i}})
		}
		if len(events) >= limit {
			part.until = part.events[len(events)-1].place
			part.until.shard++
		}
		return nil
	})
	if err != nil {
		return hearing{}, err
	}
	all := hearing{until: parts[0].until}
	for _, part := range parts {
		all.events = append(all.events, part.events...)
		if part.until.compare(all.until) < 0 {
			all.until = part.until
		}
	}
	slices.SortFunc(all.events, func(a, b heard) int { return a.place.compare(b.place) })
	return all, nil
}

// of is what the shard calls the position.
func (p position) of(shard int) string {
	if p[shard] == (point{}) {
		return ""
	}
	return p[shard].String()
}

// tell gives events their ids: each the position behind it.
func (p position) tell(events []heard) []store.Event {
	told := make([]store.Event, len(events))
	for i, h := range events {
		p = p.with(h.place.shard, h.at)
		told[i] = h.event
		told[i].ID = p.String()
	}
	return told
}

func pointOf(id string) (point, error) {
	p, ok := parsePoint(id)
	if !ok {
		return p, fmt.Errorf("event id %q is not n-ms, as a shard's must be", id)
	}
	return p, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
