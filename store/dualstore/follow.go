package dualstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"go.uber.org/zap"
)

// pulse looks for an absent primary, and keeps counts, sessions and the clock fresh while it is there.
func (s *Store) pulse(ctx context.Context) {
	for {
		wait := refreshEvery
		if err := s.refresh(ctx); err == nil {
			s.breaker.reset()
		} else if ctx.Err() == nil {
			s.breaker.trip(err)
			wait = jitter(probeEvery)
		}
		select {
		case <-s.breaker.tripped:
			// Once more at once: it may have been one slow answer, or all is to be read anew.
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

var errStillAsked = errors.New("an earlier probe has no answer yet")

// refresh is the probe, too. There is one at a time, also where the primary does not heed the probe's context.
func (s *Store) refresh(ctx context.Context) error {
	select {
	case s.probing <- struct{}{}:
	default:
		return errStillAsked
	}
	_, err := ask(ctx, s, func(ctx context.Context) (struct{}, error) {
		defer func() { <-s.probing }()
		c, err := s.primary.Counts(ctx)
		if err != nil {
			return struct{}{}, err
		}
		s.keepCounts(c)
		squads, err := s.primary.SquadCounts(ctx)
		if err != nil {
			return struct{}{}, err
		}
		s.keepSquads(squads)
		list, _, err := s.primary.ListSessions(ctx)
		if err != nil {
			return struct{}{}, err
		}
		s.keepSessions(list)
		now, err := s.primary.Now(ctx)
		if err != nil {
			return struct{}{}, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.offset = time.Until(now)
		return struct{}{}, nil
	})
	return err
}

// follow keeps the twin like the primary, by its events.
func (s *Store) follow(ctx context.Context) {
	f := follower{Store: s}
	for ctx.Err() == nil {
		err := f.step(ctx)
		if err == nil {
			f.failed = 0
			continue
		}
		if ctx.Err() == nil && !errors.Is(err, store.ErrUnavailable) && f.failed == 0 {
			s.cfg.Logger.Warn("following the store failed, trying on", zap.Error(err))
		}
		f.failed++
		pause(ctx, jitter(min(probeEvery<<min(f.failed, 3), time.Second)))
	}
}

// follower is where the following stands.
type follower struct {
	*Store
	// attached: the twin gets every change after the event `after`.
	attached bool
	after    string
	// epoch in which it attached.
	epoch string
	// stale are missions to be loaded anew, since events were missed.
	stale []string
	// filled: the missions created last are there; otherwise cursor is how far the filling went.
	filled bool
	cursor string
	failed int
}

// step does the next thing: attach to the events, reload what may have been missed, read events, or fill by one page.
func (f *follower) step(ctx context.Context) error {
	if epoch := f.epochID(); epoch != f.epoch {
		f.attached, f.epoch = false, epoch
	}
	if !f.attached {
		last, err := f.primary.LastEvent(ctx)
		if err != nil {
			return err
		}
		f.after, f.attached, f.stale, f.filled, f.cursor = last, true, f.twin.reload(), false, ""
	}
	if len(f.stale) > 0 {
		return f.reload(ctx)
	}
	wait := eventWait
	if !f.filled {
		if err := f.fill(ctx); err != nil {
			return err
		}
		wait = 0
	}
	events, err := f.primary.ReadEvents(ctx, f.after, eventBatch, wait)
	if errors.Is(err, store.ErrEventsTrimmed) {
		f.attached = false
		return nil
	}
	if err != nil {
		return err
	}
	read := f.now()
	if len(events) > 0 {
		if len(events) < eventBatch {
			pause(ctx, gather)
		}
		if err := f.apply(ctx, events); err != nil {
			return err
		}
		f.after = events[len(events)-1].ID
	}
	if len(events) < eventBatch {
		f.agree(read)
	}
	return nil
}

func (s *Store) agree(at contracts.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agreed = at
}

// apply loads what events say is newer than the twin, and puts what they name in front, in their order.
func (f *follower) apply(ctx context.Context, events []store.Event) error {
	newest := map[string]int64{}
	var ids []string // of the last events first
	for _, e := range slices.Backward(events) {
		if _, known := newest[e.MissionID]; !known && len(ids) < f.cfg.MaxMissions {
			ids = append(ids, e.MissionID)
		}
		newest[e.MissionID] = max(newest[e.MissionID], e.Version)
	}
	slices.Reverse(ids)
	for chunk := range slices.Chunk(ids, loadChunk) {
		var lacking []string
		for _, id := range chunk {
			if f.twin.missing(id, newest[id]) {
				lacking = append(lacking, id)
			}
		}
		loaded := map[string]store.Record{}
		if err := f.load(ctx, lacking, func(id string, r store.Record) { loaded[id] = r }); err != nil {
			return err
		}
		for _, id := range chunk {
			switch r, asked := loaded[id]; {
			case r.Mission.Version > 0:
				f.twin.learned(r, inFront)
			case asked: // it ended, and was removed
				f.twin.forget(id)
			}
			f.twin.toFront(id)
		}
	}
	return nil
}

// reload loads the next of the stale missions.
func (f *follower) reload(ctx context.Context) error {
	chunk := f.stale[:min(loadChunk, len(f.stale))]
	if err := f.load(ctx, chunk, f.twin.reloaded); err != nil {
		return err
	}
	f.stale = f.stale[len(chunk):]
	return nil
}

// fill adds a page of the missions created last, until the twin is full or has all.
func (f *follower) fill(ctx context.Context) error {
	page, err := f.primary.List(ctx, store.Query{Limit: loadChunk, Cursor: f.cursor})
	if err != nil {
		return err
	}
	var ids []string
	for _, m := range page.Missions {
		if f.twin.missing(m.MissionID, m.Version) {
			ids = append(ids, m.MissionID)
		}
	}
	if err := f.load(ctx, ids, func(_ string, r store.Record) {
		if r.Mission.Version > 0 {
			f.twin.learned(r, behind)
		}
	}); err != nil {
		return err
	}
	f.cursor = page.Next
	f.filled = page.Next == "" || f.twin.full()
	return nil
}

// load loads missions, some at a time, and hands each over.
func (f *follower) load(ctx context.Context, ids []string, take func(id string, r store.Record)) error {
	for len(ids) > 0 {
		chunk := ids[:min(loadChunk, len(ids))]
		ids = ids[len(chunk):]
		records, err := f.primary.Load(ctx, chunk...)
		if err != nil {
			return err
		}
		for i, r := range records {
			take(chunk[i], r)
		}
	}
	return nil
}

// jitter spreads what many commanders do at the same time.
func jitter(d time.Duration) time.Duration { return d - d/5 + rand.N(2*d/5) }

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
