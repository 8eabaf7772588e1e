package events

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/store"
)

// follow reads the log from its present end on, for ever.
func (h *Hub) follow(ctx context.Context) {
	h.patiently(ctx, func(ctx context.Context) error { return h.locate(ctx, ResetLate) })
	for ctx.Err() == nil {
		var events []store.Event
		h.patiently(ctx, func(ctx context.Context) (err error) {
			events, err = h.log.ReadEvents(ctx, h.at(), batch, readWait)
			if errors.Is(err, store.ErrEventsTrimmed) {
				return h.locate(ctx, ResetTrimmed)
			}
			return err
		})
		if len(events) == 0 || h.skip(events[len(events)-1].ID) {
			continue
		}
		h.patiently(ctx, func(ctx context.Context) error {
			frames, err := h.frames(ctx, events)
			if err == nil {
				h.publish(frames, events[len(events)-1].ID)
			}
			return err
		})
	}
}

// patiently repeats a step until it succeeds or ctx ends. It logs the first failure and the recovery.
func (h *Hub) patiently(ctx context.Context, step func(context.Context) error) {
	wait := retryFirst
	for failed := false; ctx.Err() == nil; failed = true {
		err := step(ctx)
		if err == nil {
			if failed {
				h.logger.Info("event log is read again")
			}
			return
		}
		if ctx.Err() != nil {
			return
		}
		if !failed {
			h.logger.Warn("event log can't be read, trying on", zap.Error(err))
		}
		background.Pause(ctx, wait)
		wait = min(2*wait, retryMost)
	}
}

// locate goes to the present end of the log, and tells the clients that there may be a gap.
func (h *Hub) locate(ctx context.Context, why ResetReason) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	last, err := h.log.LastEvent(ctx)
	if err != nil {
		return fmt.Errorf("find the end of the event log: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.position, h.located = last, true
	for s := range h.clients {
		s.drop(last, why)
	}
	return nil
}

func (h *Hub) at() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.position
}

// skip moves on to an event without loading anything, if nobody listens.
func (h *Hub) skip(to string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) > 0 {
		return false
	}
	h.position = to
	return true
}

// frames encodes the missions of events, as they are in memory or else in the store.
func (h *Hub) frames(ctx context.Context, events []store.Event) ([]frame, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	found, lacking := make(map[string]store.Record, len(events)), newest(events)
	if h.memory != nil {
		if lacking = h.recall(found, lacking); len(lacking) > 0 {
			background.Pause(ctx, remembering)
			lacking = h.recall(found, lacking)
		}
	}
	if len(lacking) > 0 {
		ids := slices.Collect(maps.Keys(lacking))
		recs, err := h.loader.Peek(ctx, ids...)
		if err != nil {
			return nil, fmt.Errorf("load %d missions: %w", len(ids), err)
		}
		for i, id := range ids {
			found[id] = recs[i]
		}
	}
	return missionFrames(events, found)
}

// newest are the missions of events, each with its highest version.
func newest(events []store.Event) map[string]int64 {
	versions := make(map[string]int64, len(events))
	for _, e := range events {
		versions[e.MissionID] = max(versions[e.MissionID], e.Version)
	}
	return versions
}

// recall adds to found what memory has of missions in the wanted version or a newer one, and returns the others.
func (h *Hub) recall(found map[string]store.Record, wanted map[string]int64) (lacking map[string]int64) {
	lacking = map[string]int64{}
	for id, version := range wanted {
		if r, ok := h.memory(id); ok && r.Mission.Version >= version {
			found[id] = r
		} else {
			lacking[id] = version
		}
	}
	return lacking
}

func (h *Hub) publish(frames []frame, position string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.position = position
	now := time.Now()
	for s := range h.clients {
		s.offer(frames, position, now)
	}
}

// catchUp reads one batch behind after, for one client. done says that the log holds no more up to the client's
// beginning: what follows is in its queue.
func (h *Hub) catchUp(s *Stream, after, beginning string) (frames []frame, last string, done bool, err error) {
	events, last, done, err := h.behind(s, after, beginning)
	if err == nil && len(events) > 0 {
		frames, err = h.frames(h.ctx, events)
	}
	if err != nil {
		return nil, after, false, err
	}
	return frames, last, done, nil
}

// behind reads one batch of the events that a client wants.
func (h *Hub) behind(s *Stream, after, beginning string) (wanted []store.Event, last string, done bool, err error) {
	ctx, cancel := context.WithTimeout(h.ctx, callLimit)
	defer cancel()
	events, err := h.log.ReadEvents(ctx, after, batch, 0)
	if err != nil {
		return nil, after, false, fmt.Errorf("read events after %s: %w", after, err)
	}
	for i, e := range events {
		if e.ID == beginning {
			events, done = events[:i+1], true
			break
		}
	}
	if len(events) == 0 {
		return nil, after, true, nil
	}
	last = events[len(events)-1].ID
	for _, e := range events {
		if s.wants(e.MissionID) {
			wanted = append(wanted, e)
		}
	}
	return wanted, last, done, nil
}

// summary is what the client of a bounded stream is told of all that it missed: the missions that it watches, those of the others that changed
// last, as many as it may be told in a second, and how many are left. Where it missed more than a few batches that is ErrEventsTrimmed: to list again
// costs less.
func (h *Hub) summary(s *Stream, after, beginning string) (frames []frame, left int, last string, err error) {
	var missed []store.Event
	last = after
	for n, done := 0, false; !done; n++ {
		if n == summaryBatches {
			return nil, 0, after, store.ErrEventsTrimmed
		}
		var events []store.Event
		if events, last, done, err = h.behind(s, last, beginning); err != nil {
			return nil, 0, after, err
		}
		missed = append(missed, events...)
	}
	room := s.req.PerSecond
	told, seen := missed[:0:0], make(map[string]bool, len(missed))
	for _, e := range slices.Backward(missed) {
		if seen[e.MissionID] {
			continue
		}
		seen[e.MissionID] = true
		switch {
		case s.watched[e.MissionID]:
		case room > 0:
			room--
		default:
			left++
			continue
		}
		told = append(told, e)
	}
	slices.Reverse(told)
	if len(told) > 0 {
		frames, err = h.frames(h.ctx, told)
	}
	return frames, left, last, err
}

// summaryBatches is how many batches one summary may be of: 10,000 events, which are ids alone.
const summaryBatches = 20

// quiet is the time until the next try of a client's catch-up while the store is away.
const quiet = 500 * time.Millisecond
