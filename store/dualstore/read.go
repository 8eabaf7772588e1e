package dualstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

// ask asks the primary for at most Config.ReadTimeout, also if it does not heed its context.
func ask[T any](ctx context.Context, s *Store, fn func(context.Context) (T, error)) (T, error) {
	return askWithin(ctx, s.cfg.ReadTimeout, fn)
}

// askWithin asks the primary for at most so long.
func askWithin[T any](ctx context.Context, patience time.Duration, fn func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	answered := make(chan answer, 1)
	go func() {
		defer cancel()
		value, err := fn(bounded)
		answered <- answer{value, err}
	}()
	var none T
	var a answer
	select {
	case a = <-answered:
	case <-bounded.Done():
		select {
		case a = <-answered: // it is why the context ended
		default:
			a.err = fmt.Errorf("no answer within %v: %w", patience, store.ErrUnavailable)
		}
	}
	if err := ctx.Err(); err != nil && a.err != nil {
		return none, err
	}
	return a.value, a.err
}

// asked is ask, and notes that the primary is away.
func asked[T any](ctx context.Context, s *Store, fn func(context.Context) (T, error)) (T, error) {
	value, err := ask(ctx, s, fn)
	if errors.Is(err, store.ErrUnavailable) {
		s.breaker.trip(err)
	}
	return value, err
}

// read asks the primary, or memory while the primary is away.
func read[T any](ctx context.Context, s *Store, primary func(context.Context) (T, error), memory func() (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	if s.breaker.isAway() {
		return memory()
	}
	value, err := asked(ctx, s, primary)
	if errors.Is(err, store.ErrUnavailable) {
		return memory()
	}
	return value, err
}

// Get implements store.Missions. Reads that come while the primary is asked for others share the next call.
func (s *Store) Get(ctx context.Context, id string) (store.Record, store.Source, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, store.Source{}, err
	}
	if s.breaker.isAway() {
		return s.remember(id)
	}
	r, err := s.gathering.get(ctx, id)
	if errors.Is(err, errShared) {
		r, err = s.getAlone(ctx, id)
	}
	switch {
	case errors.Is(err, store.ErrUnavailable):
		return s.remember(id)
	case err != nil:
		return store.Record{}, store.Source{}, err
	case r.Mission.Version == 0:
		return store.Record{}, store.Source{}, store.ErrNotFound
	default:
		return *r, store.Source{}, nil
	}
}

// remember answers from memory.
func (s *Store) remember(id string) (store.Record, store.Source, error) {
	r, source, err := s.twin.get(id)
	if err != nil {
		return store.Record{}, store.Source{}, err
	}
	from := s.source()
	source.Degraded, source.AsOf = from.Degraded, from.AsOf
	return r, source, nil
}

// getAlone asks the primary for one mission.
func (s *Store) getAlone(ctx context.Context, id string) (*store.Record, error) {
	records, err := asked(ctx, s, func(ctx context.Context) ([]store.Record, error) { return s.primary.Load(ctx, id) })
	if err != nil {
		return nil, err
	}
	return &records[0], nil
}

// loadShared asks the primary for missions of several reads, none of which is waited for once the primary is away. What it
// says is then in memory.
func (s *Store) loadShared(ids []string) ([]store.Record, error) {
	if s.breaker.isAway() {
		return nil, store.ErrUnavailable
	}
	records, err := asked(context.Background(), s, func(ctx context.Context) ([]store.Record, error) {
		return s.primary.Load(ctx, ids...)
	})
	for i, r := range records {
		if r.Mission.Version > 0 {
			s.twin.learned(r, behind)
		} else {
			s.twin.forget(ids[i])
		}
	}
	return records, err
}

// List implements store.Missions. From memory it is never Complete.
func (s *Store) List(ctx context.Context, q store.Query) (store.Page, error) {
	return read(ctx, s, func(ctx context.Context) (store.Page, error) {
		p, err := s.primary.List(ctx, q)
		if err == nil {
			s.twin.listed(p.Missions)
		}
		return p, err
	}, func() (store.Page, error) {
		p, err := s.twin.list(q)
		p.Source = s.source()
		return p, err
	})
}

// History implements store.Missions. In memory it is only for missions that were created, and always changed, through
// this Store.
func (s *Store) History(ctx context.Context, id string) (store.History, error) {
	return read(ctx, s, func(ctx context.Context) (store.History, error) {
		return s.primary.History(ctx, id)
	}, func() (store.History, error) {
		h, err := s.twin.history(id)
		h.Source = s.source()
		return h, err
	})
}

// Counts implements store.Missions. From memory they are the last that were read; ErrNotInMemory where none were.
func (s *Store) Counts(ctx context.Context) (store.Counts, error) {
	return read(ctx, s, func(ctx context.Context) (store.Counts, error) {
		c, err := s.primary.Counts(ctx)
		if err == nil {
			s.keepCounts(c)
		}
		return c, err
	}, func() (store.Counts, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.counts.at.IsZero() {
			return store.Counts{}, store.ErrNotInMemory
		}
		c := cloneCounts(s.counts.value)
		c.Source = store.Source{Degraded: true, AsOf: s.counts.at}
		return c, nil
	})
}

// ListSessions implements store.Sessions. From memory they are the last that were read; ErrNotInMemory where none were.
func (s *Store) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	type listed struct {
		sessions []store.Session
		source   store.Source
	}
	l, err := read(ctx, s, func(ctx context.Context) (listed, error) {
		list, source, err := s.primary.ListSessions(ctx)
		if err == nil {
			s.keepSessions(list)
		}
		return listed{list, source}, err
	}, func() (listed, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.sessions.at.IsZero() {
			return listed{}, store.ErrNotInMemory
		}
		return listed{cloneSessions(s.sessions.value), store.Source{Degraded: true, AsOf: s.sessions.at}}, nil
	})
	return l.sessions, l.source, err
}

func (s *Store) keepCounts(c store.Counts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts = remembered[store.Counts]{cloneCounts(c), s.nowLocked()}
}

func (s *Store) keepSessions(list []store.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = remembered[[]store.Session]{cloneSessions(list), s.nowLocked()}
}

func cloneSessions(list []store.Session) []store.Session {
	list = slices.Clone(list)
	for i := range list {
		list[i] = list[i].Clone()
	}
	return list
}

// Recall returns what memory has of a mission, without payload and result, whether or not the primary is there. It may be old, though not
// older than a loss of the primary's last writes that somebody who follows the events has been told of:
// whoever decides on it must commit on the condition that its version is still the mission's.
func (s *Store) Recall(id string) (store.Record, bool) { return s.twin.recall(id) }
