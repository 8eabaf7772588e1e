package reap_test

import (
	"context"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission/missiontest"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// shut is the world's store as commanders reach it: at times it is away.
type shut struct {
	*missiontest.Store
	w *world
}

func (s *shut) away() error {
	if s.w.storeUp {
		return nil
	}
	return fmt.Errorf("redis is away: %w", store.ErrUnavailable)
}

func (s *shut) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	if err := s.away(); err != nil {
		return nil, err
	}
	return s.Store.Load(ctx, ids...)
}

func (s *shut) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	if err := s.away(); err != nil {
		return nil, err
	}
	return s.Store.Peek(ctx, ids...)
}

func (s *shut) Now(ctx context.Context) (time.Time, error) {
	if err := s.away(); err != nil {
		return time.Time{}, err
	}
	return s.Store.Now(ctx)
}

func (s *shut) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	if err := s.away(); err != nil {
		return nil, err
	}
	outcomes, err := s.Store.Commit(ctx, changes...)
	s.w.noteRecorded(changes)
	return outcomes, err
}

func (s *shut) Session(ctx context.Context, id string) (store.Session, error) {
	if err := s.away(); err != nil {
		return store.Session{}, err
	}
	return s.Store.Session(ctx, id)
}

func (s *shut) Renew(ctx context.Context, next store.Session, lease time.Duration) (store.Session, error) {
	if err := s.away(); err != nil {
		return store.Session{}, err
	}
	return s.Store.Renew(ctx, next, lease)
}

func (s *shut) SessionMissions(ctx context.Context, id string) ([]string, error) {
	if err := s.away(); err != nil {
		return nil, err
	}
	return s.Store.SessionMissions(ctx, id)
}

func (s *shut) Expired(ctx context.Context, limit int) ([]store.Session, error) {
	if err := s.away(); err != nil {
		return nil, err
	}
	return s.Store.Expired(ctx, limit)
}

func (s *shut) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	if err := s.away(); err != nil {
		return nil, err
	}
	return s.Store.TakeDue(ctx, limit, hold)
}

func (s *shut) TakeDeadlines(ctx context.Context, limit int, hold time.Duration) ([]string, error) {
	if err := s.away(); err != nil {
		return nil, err
	}
	return s.Store.TakeDeadlines(ctx, limit, hold)
}

// Bury checks that nobody is given up whose renewals could come through all the time.
func (s *shut) Bury(ctx context.Context, id string, at contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	if err := s.away(); err != nil {
		return nil, err
	}
	before, err := s.Store.Session(ctx, id)
	s.w.ok(err)
	outcomes, err := s.Store.Bury(ctx, id, at, changes...)
	after, afterErr := s.Store.Session(ctx, id)
	s.w.ok(afterErr)
	if before.State == store.SessionLive && after.State == store.SessionBuried {
		for _, x := range s.w.soldiers {
			if x.session == id && !x.interrupted {
				s.w.t.Fatalf("the session of %s is declared dead, and nothing kept it from renewing: it renewed %v ago, will %v from now; the store has %+v at %v", x.name, time.Since(x.renewedAt), time.Until(x.renewAt), before, time.Now())
			}
		}
	}
	return outcomes, err
}

// noteRecorded notes the finals that the store has taken.
func (w *world) noteRecorded(changes []store.Change) {
	for _, c := range changes {
		now := w.load(c.Record.Mission.MissionID)
		if c.Record.Recorded != "" && now.Recorded == c.Record.Recorded && now.Mission.Version >= c.IfVersion+1 {
			w.recorded[now.Recorded] = true
		}
	}
}
