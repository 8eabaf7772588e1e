package shardstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

// life is what a shard knows of a session.
type life struct {
	store.Session
	known bool
}

func (l life) live() bool { return l.known && l.State == store.SessionLive }
func (l life) dead() bool { return l.known && l.State == store.SessionBuried }

// draining tells whether the shard knows that the session was asked to drain.
func (l life) draining() bool { return l.known && l.Draining }

// lives returns what each shard knows of a session.
func (s *Store) lives(ctx context.Context, id string) ([]life, error) {
	all := make([]life, len(s.shards))
	err := s.each(func(i int) error {
		found, err := s.shards[i].Session(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		all[i] = life{found, err == nil}
		return err
	})
	return all, err
}

// lead is the shard that decides about a session's renewals and its death: the first in which it is live, so the first of
// all, unless that has buried it, or was wiped. It is -1 where the session lives nowhere.
func lead(all []life) int { return slices.IndexFunc(all, life.live) }

// Renew implements store.Sessions. It is the first shard's lease that counts, so that is renewed first: where it fails no
// other is longer than it. A session that is dead anywhere is renewed nowhere, so that it ends everywhere.
func (s *Store) Renew(ctx context.Context, next store.Session, lease time.Duration) (store.Session, error) {
	all, err := s.lives(ctx, next.ID)
	if err != nil {
		return store.Session{}, err
	}
	if slices.ContainsFunc(all, life.dead) {
		return store.Session{}, store.ErrSessionDead
	}
	renewed, err := s.shards[0].Renew(ctx, next, lease)
	if err != nil {
		return store.Session{}, err
	}
	err = s.some(func(i int) bool { return i > 0 }, func(i int) error {
		_, err := s.shards[i].Renew(ctx, next, lease)
		return err
	})
	if err != nil {
		return store.Session{}, err
	}
	renewed.Draining = renewed.Draining || slices.ContainsFunc(all, life.draining)
	return renewed, nil
}

// Drain implements store.Sessions. All shards are marked, so that a session that one of them loses and gets back by the next
// renewal is still asked to drain by the others.
func (s *Store) Drain(ctx context.Context, id string) (store.Session, error) {
	all, err := s.lives(ctx, id)
	if err != nil {
		return store.Session{}, err
	}
	decides := lead(all)
	if decides < 0 || slices.ContainsFunc(all, life.dead) {
		return store.Session{}, store.ErrNotFound
	}
	marked, err := s.shards[decides].Drain(ctx, id)
	if err != nil {
		return store.Session{}, err
	}
	err = s.some(func(i int) bool { return i != decides && all[i].live() }, func(i int) error {
		if _, err := s.shards[i].Drain(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	})
	if err != nil {
		return store.Session{}, err
	}
	return marked, nil
}

// Session implements store.Sessions. It is dead as soon as any shard says so.
func (s *Store) Session(ctx context.Context, id string) (store.Session, error) {
	all, err := s.lives(ctx, id)
	if err != nil {
		return store.Session{}, err
	}
	first := slices.IndexFunc(all, func(l life) bool { return l.known })
	if first < 0 {
		return store.Session{}, store.ErrNotFound
	}
	found := all[first].Session
	found.Draining = slices.ContainsFunc(all, life.draining)
	if slices.ContainsFunc(all, life.dead) {
		found.State = store.SessionBuried
	}
	return found, nil
}

// ListSessions implements store.Sessions: as the first shard has them. A session that is lost there comes back by its next
// renewal.
func (s *Store) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	return s.shards[0].ListSessions(ctx)
}

// Expired implements store.Sessions. It returns, as their lead has them, the sessions whose lease ran out there; and those
// that are buried in some shards, once their lease runs out in another: somebody died over the burial, and it is to be ended.
func (s *Store) Expired(ctx context.Context, limit int) ([]store.Session, error) {
	if limit <= 0 {
		return nil, ctx.Err()
	}
	lists := make([][]store.Session, len(s.shards))
	err := s.each(func(i int) (err error) {
		lists[i], err = s.shards[i].Expired(ctx, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	said := map[string]map[int]store.Session{} // by the shards that say so
	for i, list := range lists {
		for _, found := range list {
			if said[found.ID] == nil {
				said[found.ID] = map[int]store.Session{}
			}
			said[found.ID][i] = found
		}
	}
	var expired []store.Session
	for id, by := range said {
		decides, dead := 0, false
		var all []life
		if len(by) < len(s.shards) { // one shard says otherwise
			if all, err = s.lives(ctx, id); err != nil {
				return nil, err
			}
			decides, dead = lead(all), slices.ContainsFunc(all, life.dead)
		}
		// What the lead listed is what its lease is judged by: read again, it may have been renewed.
		if found, listed := by[decides]; listed {
			expired = append(expired, found)
		} else if dead && decides >= 0 {
			expired = append(expired, all[decides].Session)
		}
	}
	slices.SortFunc(expired, func(a, b store.Session) int {
		return cmp.Or(a.LeaseUntil.Compare(b.LeaseUntil.Time), cmp.Compare(a.ID, b.ID))
	})
	return expired[:min(len(expired), limit)], nil
}

// SessionMissions implements store.Sessions: those of all shards.
func (s *Store) SessionMissions(ctx context.Context, id string) ([]string, error) {
	held := make([][]string, len(s.shards))
	err := s.each(func(i int) (err error) {
		held[i], err = s.shards[i].SessionMissions(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return slices.Sorted(slices.Values(slices.Concat(held...))), nil
}
