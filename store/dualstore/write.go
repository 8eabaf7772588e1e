package dualstore

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Commit implements store.Missions: by the primary. What was applied is then in memory.
func (s *Store) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	outcomes, err := s.primary.Commit(ctx, changes...)
	return outcomes, s.wrote(changes, outcomes, err)
}

// CreateAll implements store.Missions: by the primary. What was applied is then in memory.
func (s *Store) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	outcomes, err := s.primary.CreateAll(ctx, key, changes...)
	return outcomes, s.wrote(changes, outcomes, err)
}

// Bury implements store.Sessions: by the primary. What was applied is then in memory.
func (s *Store) Bury(ctx context.Context, id string, ifRenewedAt contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	outcomes, err := s.primary.Bury(ctx, id, ifRenewedAt, changes...)
	return outcomes, s.wrote(changes, outcomes, err)
}

// Trim implements store.Missions: by the primary. What was removed is then not in this memory; others' have it until they ask for
// it, or need the room, and say so only while the primary is away.
func (s *Store) Trim(ctx context.Context, t store.Trim) (store.Trimmed, error) {
	done, err := s.primary.Trim(ctx, t)
	for _, id := range done.Removed {
		s.twin.forget(id)
	}
	return done, err
}

// Remove implements store.Missions: as Trim.
func (s *Store) Remove(ctx context.Context, missions ...store.Removal) ([]string, error) {
	removed, err := s.primary.Remove(ctx, missions...)
	for _, id := range removed {
		s.twin.forget(id)
	}
	return removed, err
}

func (s *Store) wrote(changes []store.Change, outcomes []store.Outcome, err error) error {
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		if o.Code == store.Applied {
			s.twin.changed(changes[i])
		}
	}
	if len(outcomes) > 0 {
		s.breaker.reset()
	}
	return nil
}

// The rest is the primary's alone.

// Load implements store.Missions.
func (s *Store) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	return s.primary.Load(ctx, ids...)
}

// Recount implements store.Squads.
func (s *Store) Recount(ctx context.Context) (bool, error) { return s.primary.Recount(ctx) }

// TakeDue implements store.Outbox.
func (s *Store) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	return s.primary.TakeDue(ctx, limit, hold)
}

// TakeDeadlines implements store.Deadlines.
func (s *Store) TakeDeadlines(ctx context.Context, limit int, hold time.Duration) ([]string, error) {
	return s.primary.TakeDeadlines(ctx, limit, hold)
}

// ClearDue implements store.Outbox.
func (s *Store) ClearDue(ctx context.Context, entries ...store.Due) error {
	return s.primary.ClearDue(ctx, entries...)
}

// Shelved implements store.Outbox.
func (s *Store) Shelved(ctx context.Context, shelf string, before contracts.Time, limit int) ([]string, error) {
	return s.primary.Shelved(ctx, shelf, before, limit)
}

// Unshelve implements store.Outbox.
func (s *Store) Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error) {
	return s.primary.Unshelve(ctx, shelf, before, limit, at)
}

// BrokerID implements store.Outbox.
func (s *Store) BrokerID(ctx context.Context) (string, error) { return s.primary.BrokerID(ctx) }

// SwapBrokerID implements store.Outbox.
func (s *Store) SwapBrokerID(ctx context.Context, old, next string) (bool, error) {
	return s.primary.SwapBrokerID(ctx, old, next)
}

// Renew implements store.Sessions.
func (s *Store) Renew(ctx context.Context, session store.Session, lease time.Duration) (store.Session, error) {
	return s.primary.Renew(ctx, session, lease)
}

// Session implements store.Sessions.
func (s *Store) Session(ctx context.Context, id string) (store.Session, error) {
	return s.primary.Session(ctx, id)
}

// Drain implements store.Sessions.
func (s *Store) Drain(ctx context.Context, id string) (store.Session, error) {
	return s.primary.Drain(ctx, id)
}

// Expired implements store.Sessions.
func (s *Store) Expired(ctx context.Context, limit int) ([]store.Session, error) {
	return s.primary.Expired(ctx, limit)
}

// SessionMissions implements store.Sessions.
func (s *Store) SessionMissions(ctx context.Context, id string) ([]string, error) {
	return s.primary.SessionMissions(ctx, id)
}

// ReadEvents implements store.Events. Where a reader that waits for what is new is told that events are gone, the primary may have
// lost its last writes: what memory has is then in doubt for Recall, until it is confirmed.
func (s *Store) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	events, err := s.primary.ReadEvents(ctx, after, limit, wait)
	if wait > 0 && errors.Is(err, store.ErrEventsTrimmed) {
		s.twin.doubt()
	}
	return events, err
}

// LastEvent implements store.Events.
func (s *Store) LastEvent(ctx context.Context) (string, error) { return s.primary.LastEvent(ctx) }

// Now implements store.Clock.
func (s *Store) Now(ctx context.Context) (time.Time, error) { return s.primary.Now(ctx) }

// Check implements store.Clock.
func (s *Store) Check(ctx context.Context) (string, error) { return s.primary.Check(ctx) }

func cloneCounts(c store.Counts) store.Counts {
	c.ByStatus = maps.Clone(c.ByStatus)
	return c
}
