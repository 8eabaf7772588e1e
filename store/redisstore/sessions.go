package redisstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

const (
	// buriedShown is how long a buried session is listed, deadKept how long it is known to be dead.
	buriedShown = time.Hour
	deadKept    = 24 * time.Hour
	maxSessions = 2000
)

// Renew implements store.Sessions.
func (s *Store) Renew(ctx context.Context, next store.Session, lease time.Duration) (store.Session, error) {
	if next.ID == "" {
		return store.Session{}, errors.New("session to renew has no id")
	}
	said, err := encodeSoldier(next)
	if err != nil {
		return store.Session{}, fmt.Errorf("encoding session %s: %w", next.ID, err)
	}
	found, err := s.run(ctx, "renew session", s.scripts.renew, []string{s.keys.session(next.ID), s.keys.leases()},
		[]string{next.ID, strconv.FormatInt(lease.Milliseconds(), 10), said, strconv.FormatInt(next.Seq, 10)})
	if err != nil {
		return store.Session{}, err
	}
	if len(found) == 0 {
		return store.Session{}, store.ErrSessionDead
	}
	return decodeSession(next.ID, append([]string{string(store.SessionLive)}, found...))
}

// Session implements store.Sessions.
func (s *Store) Session(ctx context.Context, id string) (store.Session, error) {
	var found []rueidis.RedisMessage
	err := s.do(ctx, "read session", func(ctx context.Context, client rueidis.Client) error {
		results, err := s.read(ctx, client, client.B().Hmget().Key(s.keys.session(id)).Field("st", "j", "a", "n", "u", "d").Build())
		if err == nil {
			found, err = results[0].ToArray()
		}
		return err
	})
	if err != nil {
		return store.Session{}, err
	}
	if found[0].IsNil() {
		return store.Session{}, store.ErrNotFound
	}
	fields := make([]string, len(found))
	for i := range found {
		if i == len(found)-1 && found[i].IsNil() {
			continue // nobody asked it to drain
		}
		if fields[i], err = found[i].ToString(); err != nil {
			return store.Session{}, fmt.Errorf("session %s in redis is incomplete: %w", id, err)
		}
	}
	return decodeSession(id, fields)
}

// Drain implements store.Sessions. A session's mark is a field of its own, which no renewal touches.
func (s *Store) Drain(ctx context.Context, id string) (store.Session, error) {
	found, err := s.run(ctx, "drain session", s.scripts.drain, []string{s.keys.session(id)}, nil)
	if err != nil {
		return store.Session{}, err
	}
	if len(found) == 0 {
		return store.Session{}, store.ErrNotFound
	}
	return decodeSession(id, found)
}

// ListSessions implements store.Sessions.
func (s *Store) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	list, err := s.listSessions(ctx, "list sessions", maxSessions, "all")
	slices.SortFunc(list, func(a, b store.Session) int {
		return cmp.Or(cmp.Compare(a.SoldierID, b.SoldierID), cmp.Compare(a.ID, b.ID))
	})
	return list, store.Source{}, err
}

// Expired implements store.Sessions.
func (s *Store) Expired(ctx context.Context, limit int) ([]store.Session, error) {
	if limit <= 0 {
		return nil, nil
	}
	return s.listSessions(ctx, "find expired sessions", min(limit, maxSessions), "expired")
}

func (s *Store) listSessions(ctx context.Context, op string, limit int, which string) ([]store.Session, error) {
	reply, err := s.run(ctx, op, s.scripts.sessions, []string{s.keys.leases(), s.keys.buried()},
		[]string{s.keys.prefix, strconv.Itoa(limit), which, millis(buriedShown)})
	if err != nil {
		return nil, err
	}
	var list []store.Session
	for f := reply; len(f) >= 7; f = f[7:] {
		found, err := decodeSession(f[0], f[1:7])
		if err != nil {
			return nil, err
		}
		list = append(list, found)
	}
	return list, nil
}

// SessionMissions implements store.Sessions.
func (s *Store) SessionMissions(ctx context.Context, id string) ([]string, error) {
	var ids []string
	err := s.do(ctx, "read a session's missions", func(ctx context.Context, client rueidis.Client) error {
		results, err := s.read(ctx, client, client.B().Smembers().Key(s.keys.held(id)).Build())
		if err == nil {
			ids, err = missionIDs(results[0].AsStrSlice())
		}
		return err
	})
	slices.Sort(ids)
	return ids, err
}

// Bury implements store.Sessions. All changes go in one script call: at most as many as a soldier has slots.
func (s *Store) Bury(ctx context.Context, id string, ifRenewedAt contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	if err := store.CheckAll(changes); err != nil {
		return nil, err
	}
	all := newCall(len(changes))
	for _, c := range changes {
		if _, err := all.add(s.keys, c, math.MaxInt); err != nil {
			return nil, err
		}
	}
	keys, args := all.with(s, []string{s.keys.session(id), s.keys.held(id), s.keys.leases(), s.keys.buried()},
		[]string{id, ms(ifRenewedAt), millis(deadKept), millis(buriedShown)})
	reply, err := s.run(ctx, "bury session", s.scripts.bury, keys, args)
	if err != nil {
		return nil, err
	}
	if len(reply) == 0 {
		return nil, store.ErrSessionChanged
	}
	outcomes, err := decodeOutcomes(changes, reply[0], reply[2], nil)
	if err == nil {
		s.tell(changes, outcomes, reply[1])
	}
	return outcomes, err
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
