package memstore

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// buriedShown is how long a buried session is listed, deadKept how long it is known to be dead.
	buriedShown = time.Hour
	deadKept    = 24 * time.Hour
	maxSessions = 2000
)

type session struct {
	store.Session
	buriedAt int64
	highest  int64 // of the Seqs of its renewals
}

// find returns the session, or nil. It forgets one that was dead for too long.
func (s *Store) find(id string) *session {
	found := s.sessions[id]
	if found != nil && found.State == store.SessionBuried && s.now().UnixMilli()-found.buriedAt >= deadKept.Milliseconds() {
		delete(s.sessions, id)
		return nil
	}
	return found
}

func (s *Store) live(id string) bool {
	found := s.find(id)
	return found != nil && found.State == store.SessionLive
}

// Renew implements store.Sessions.
func (s *Store) Renew(ctx context.Context, next store.Session, lease time.Duration) (store.Session, error) {
	if err := ctx.Err(); err != nil {
		return store.Session{}, err
	}
	if next.ID == "" {
		return store.Session{}, errors.New("session to renew has no id")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now().UnixMilli()
	next = next.Clone()
	next.State, next.StartedAt, next.Draining = store.SessionLive, contracts.FromMillis(now), false
	renewed, highest := now, next.Seq
	if before := s.find(next.ID); before != nil {
		if before.State == store.SessionBuried {
			return store.Session{}, store.ErrSessionDead
		}
		highest = max(next.Seq, before.highest)
		if next.Seq > 0 && next.Seq < highest { // overtaken: it proves life, and nothing else is news
			next = before.Session.Clone()
		}
		next.StartedAt, next.Draining = before.StartedAt, before.Draining
		// RenewedAt only grows, so that it tells one renewal from another.
		renewed = max(now, before.RenewedAt.Millis()+1)
	}
	next.RenewedAt = contracts.FromMillis(renewed)
	next.LeaseUntil = contracts.FromMillis(now + lease.Milliseconds())
	s.sessions[next.ID] = &session{Session: next, highest: highest}
	return next.Clone(), nil
}

// Session implements store.Sessions.
func (s *Store) Session(ctx context.Context, id string) (store.Session, error) {
	if err := ctx.Err(); err != nil {
		return store.Session{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.find(id)
	if found == nil {
		return store.Session{}, store.ErrNotFound
	}
	return found.Clone(), nil
}

// Drain implements store.Sessions.
func (s *Store) Drain(ctx context.Context, id string) (store.Session, error) {
	if err := ctx.Err(); err != nil {
		return store.Session{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.live(id) {
		return store.Session{}, store.ErrNotFound
	}
	found := s.sessions[id]
	found.Draining = true
	return found.Clone(), nil
}

// ListSessions implements store.Sessions.
func (s *Store) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, store.Source{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	oldest := s.now().UnixMilli() - buriedShown.Milliseconds()
	var list []store.Session
	for _, found := range s.sessions {
		if found.State == store.SessionLive || found.buriedAt > oldest {
			list = append(list, found.Clone())
		}
	}
	slices.SortFunc(list, func(a, b store.Session) int {
		return cmp.Or(cmp.Compare(a.SoldierID, b.SoldierID), cmp.Compare(a.ID, b.ID))
	})
	return list[:min(len(list), maxSessions)], store.Source{}, nil
}

// Expired implements store.Sessions.
func (s *Store) Expired(ctx context.Context, limit int) ([]store.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now().UnixMilli()
	var list []store.Session
	for _, found := range s.sessions {
		if found.State == store.SessionLive && found.LeaseUntil.Millis() <= now {
			list = append(list, found.Clone())
		}
	}
	slices.SortFunc(list, func(a, b store.Session) int {
		return cmp.Or(a.LeaseUntil.Compare(b.LeaseUntil.Time), cmp.Compare(a.ID, b.ID))
	})
	return list[:min(len(list), max(limit, 0))], nil
}

// SessionMissions implements store.Sessions.
func (s *Store) SessionMissions(ctx context.Context, id string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.bySession[id])), nil
}

// Bury implements store.Sessions.
func (s *Store) Bury(ctx context.Context, id string, ifRenewedAt contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := store.CheckAll(changes); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.find(id)
	if found == nil || found.State != store.SessionLive || found.RenewedAt.Millis() != ifRenewedAt.Millis() {
		return nil, store.ErrSessionChanged
	}
	held := maps.Clone(s.bySession[id])
	for _, c := range changes {
		missionID := c.Record.Mission.MissionID
		if _, holds := held[missionID]; !holds || s.version(missionID) != c.IfVersion {
			return nil, store.ErrSessionChanged
		}
		delete(held, missionID)
	}
	if len(held) > 0 {
		return nil, store.ErrSessionChanged
	}
	outcomes := s.each(changes, s.apply)
	found.State, found.buriedAt = store.SessionBuried, s.now().UnixMilli()
	return outcomes, nil
}
