// Package reap declares soldiers' sessions dead.
//
// Expiry is an act, never a reading: until a session is buried its renewals and finals count, however late. Before the
// act a commander makes sure that the silence is the soldier's own.
//
//	lease ran out ─> everything was here for 35 s unbroken ─> a marker went through status_queue ─> bury
//	inbox is gone ─> no renewal for 5 s, unbroken ─────────> a marker went through status_queue ─> bury
//
// The marker is published after the lease ran out and comes back once all that the broker had before it is settled, so a
// final that the broker has confirmed is recorded before its session is buried. Burying is conditional on the session
// not having renewed since it was looked at.
//
// Leases are kept in the store's clock, and silence is measured by our own. Where the two have come apart (the store's
// clock was set, a machine slept), no lease is old, whatever the store says: all counts from then.
//
// A session becomes suspect when another soldier gets the redelivered order of a mission that it holds, and its inbox
// turns out to be gone. Suspicion alone is not enough: all connections break at once when the broker restarts, and a
// healthy soldier renews within that time.
package reap

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/commander/internal/clock"
	"github.com/mission-control-dev/mission-control/commander/internal/uptime"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	every         = time.Second
	expiredLimit  = 100
	markerTimeout = 20 * time.Second
	buryTries     = 5
)

// Store is what the reaper needs of a store.
type Store interface {
	Graves
	Session(ctx context.Context, id string) (store.Session, error)
	Expired(ctx context.Context, limit int) ([]store.Session, error)
	Now(ctx context.Context) (time.Time, error)
}

// Missions makes the changes of a death: a mission.Service.
type Missions interface {
	Lost(recs []store.Record) []store.Change
	Redispatch(changes []store.Change, outcomes []store.Outcome)
}

// Barrier sends a marker through status_queue and waits until it is back.
type Barrier interface {
	Pass(ctx context.Context) error
}

// Inboxes tells whether an inbox exists.
type Inboxes interface {
	Deliverable(ctx context.Context, inbox string) (bool, error)
}

// Config of a Reaper. All fields are required.
type Config struct {
	Store    Store
	Missions Missions
	Barrier  Barrier
	Inboxes  Inboxes
	Uptime   *uptime.Tracker
	// Now is the commanders' clock, which follows the store's.
	Now func() contracts.Time
	// Buried counts.
	Buried func()
	Logger *zap.Logger
}

// Reaper buries sessions.
type Reaper struct {
	*background.Work
	Config
	log      *zap.Logger
	suspects chan string
}

// suspect is a session whose inbox was gone.
type suspect struct {
	session store.Session
	since   time.Time
}

// New returns a reaper.
func New(c Config) *Reaper {
	r := &Reaper{Config: c, log: c.Logger.Named("reap"), suspects: make(chan string, 1024)}
	r.Work = background.New(r.run)
	return r
}

// Suspect says that the order of a mission held by session was delivered again to somebody else.
func (r *Reaper) Suspect(session string) {
	select {
	case r.suspects <- session:
	default: // the lease will tell
	}
}

func (r *Reaper) run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	suspects := map[string]suspect{}
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-r.suspects:
			r.look(ctx, id, suspects)
		case <-tick.C:
			if r.steady(ctx) {
				r.expired(ctx)
				r.overdue(ctx, suspects)
			}
		}
	}
}

// steady tells whether the store's clock goes as ours does.
func (r *Reaper) steady(ctx context.Context) bool {
	askCtx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	now, err := r.Store.Now(askCtx)
	if err != nil {
		return false
	}
	if now.Sub(r.Now().Time).Abs() > clock.Jump {
		r.Uptime.Reset()
		return false
	}
	return true
}

// look checks a suspect's inbox, and notes it where that is gone.
func (r *Reaper) look(ctx context.Context, id string, suspects map[string]suspect) {
	if _, known := suspects[id]; known {
		return
	}
	s, err := r.Store.Session(ctx, id)
	if err != nil || s.State != store.SessionLive {
		return
	}
	if s.Inbox != "" {
		askCtx, cancel := context.WithTimeout(ctx, time.Second)
		there, err := r.Inboxes.Deliverable(askCtx, s.Inbox)
		cancel()
		if err != nil || there {
			return
		}
	}
	r.log.Info("soldier is suspect: its inbox is gone", zap.String("soldier_id", s.SoldierID), zap.String("session", id))
	suspects[id] = suspect{session: s, since: time.Now()}
}

// overdue buries the suspects that did not renew.
func (r *Reaper) overdue(ctx context.Context, suspects map[string]suspect) {
	var silent []store.Session
	for id, s := range suspects {
		waited := time.Since(s.since)
		if waited < contracts.SuspectGrace {
			continue
		}
		now, err := r.Store.Session(ctx, id)
		switch Judge(s.session, now, err, waited, r.Uptime.Unbroken()) {
		case Cleared:
			delete(suspects, id)
		case Unheard:
			s.since = time.Now()
			suspects[id] = s
		case Guilty:
			silent = append(silent, s.session)
			delete(suspects, id)
		}
	}
	r.bury(ctx, silent)
}

// expired buries the sessions whose lease ran out.
func (r *Reaper) expired(ctx context.Context) {
	if !Expirable(r.Uptime.Unbroken()) {
		return
	}
	sessions, err := r.Store.Expired(ctx, expiredLimit)
	if err != nil {
		return
	}
	r.bury(ctx, sessions)
}

// bury declares sessions dead that have not renewed since they were read, once all that they had said is settled.
func (r *Reaper) bury(ctx context.Context, sessions []store.Session) {
	if len(sessions) == 0 {
		return
	}
	before := time.Now()
	passCtx, cancel := context.WithTimeout(ctx, markerTimeout)
	defer cancel()
	if err := r.Barrier.Pass(passCtx); err != nil {
		r.log.Debug("marker did not come back", zap.Int("sessions", len(sessions)), zap.Error(err))
		return
	}
	for _, s := range sessions {
		if !Sound(r.Uptime.Unbroken(), time.Since(before)) {
			return
		}
		r.buryOne(ctx, s)
	}
}

func (r *Reaper) buryOne(ctx context.Context, s store.Session) {
	for range buryTries {
		err := r.act(ctx, s)
		if err == nil {
			r.Buried()
			return
		}
		if !errors.Is(err, store.ErrSessionChanged) {
			r.log.Debug("session not buried", zap.String("session", s.ID), zap.Error(err))
			return
		}
		now, err := r.Store.Session(ctx, s.ID)
		if err != nil || !Unchanged(now, s) {
			return // it renewed, or somebody else buried it
		}
	}
}

// act is one try.
func (r *Reaper) act(ctx context.Context, s store.Session) error {
	changes, outcomes, err := Bury(ctx, r.Store, s, r.Missions.Lost)
	if err != nil {
		return err
	}
	r.log.Warn("soldier is lost", zap.String("soldier_id", s.SoldierID), zap.String("session", s.ID), zap.Int("missions", len(changes)))
	r.Missions.Redispatch(changes, outcomes)
	return nil
}
