package reap

import (
	"context"
	"errors"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// The rules of a death, as functions of what was seen: they read no clock, so that they can be explored.

// Expirable tells whether leases that ran out may count: unbroken is for how long all that a renewal needs was there.
func Expirable(unbroken time.Duration) bool { return unbroken >= contracts.LeaseDuration }

// Verdict is what the silence of a suspect says once its grace is over.
type Verdict int

// The verdicts.
const (
	// Guilty: it is to be buried.
	Guilty Verdict = iota
	// Cleared: it renewed, or is no session any more.
	Cleared
	// Unheard: the silence may be our own, it counts from now on.
	Unheard
)

// Judge judges a suspect. was is its session when its inbox was found gone, waited ago. now and err are what the store says
// of it at present.
func Judge(was, now store.Session, err error, waited, unbroken time.Duration) Verdict {
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !Unchanged(now, was):
		return Cleared
	case err != nil || unbroken < waited:
		return Unheard
	default:
		return Guilty
	}
}

// Sound tells whether a marker that came back proves anything: nothing was away since before it was sent, waited ago.
func Sound(unbroken, waited time.Duration) bool { return unbroken >= waited }

// Unchanged tells whether a session is live and has not renewed since it was read as before.
func Unchanged(now, before store.Session) bool {
	return now.State == store.SessionLive && now.RenewedAt.Equal(before.RenewedAt.Time)
}

// Graves is what a burial needs of a store.
type Graves interface {
	Load(ctx context.Context, ids ...string) ([]store.Record, error)
	SessionMissions(ctx context.Context, id string) ([]string, error)
	Bury(ctx context.Context, id string, ifRenewedAt contracts.Time, changes ...store.Change) ([]store.Outcome, error)
}

// Bury is one try: it reads the session's missions, decides by lost what becomes of them, and buries all or nothing. It is
// store.ErrSessionChanged where the session is not as it was read any more.
func Bury(ctx context.Context, g Graves, s store.Session, lost func([]store.Record) []store.Change) ([]store.Change, []store.Outcome, error) {
	ids, err := g.SessionMissions(ctx, s.ID)
	if err != nil {
		return nil, nil, err
	}
	var recs []store.Record
	if len(ids) > 0 {
		if recs, err = g.Load(ctx, ids...); err != nil {
			return nil, nil, err
		}
	}
	for _, rec := range recs {
		if rec.Session != s.ID {
			return nil, nil, store.ErrSessionChanged
		}
	}
	changes := lost(recs)
	outcomes, err := g.Bury(ctx, s.ID, s.RenewedAt, changes...)
	return changes, outcomes, err
}
