package missiontest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// Fate is what becomes of a write.
type Fate int

// The fates.
const (
	// Applied: it is applied, as far as its conditions hold, and answered.
	Applied Fate = iota
	// Lost: it is not applied, and the answer is store.ErrUnavailable.
	Lost
	// Unanswered: it is applied, and the answer is store.ErrUnavailable all the same.
	Unanswered
)

// T is what a Store reports to.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Store is a memory store that checks each change. It is for one goroutine.
type Store struct {
	*memstore.Store
	t T
	// Meanwhile is called before a Commit or a Bury; nil: nothing happens.
	Meanwhile func()
	// Fate is asked what becomes of a Commit or a Bury; nil: it is applied.
	Fate func() Fate

	due map[string]int64 // the Dispatch of each mission's entry; 0 where nobody was told
	// waiting are missions that wait at the gate of their concurrency key, or their squad.
	waiting map[string]bool
}

// New returns an empty store.
func New(t T, cfg memstore.Config) *Store {
	return &Store{Store: memstore.New(cfg), t: t, due: map[string]int64{}, waiting: map[string]bool{}}
}

func errAway() error { return fmt.Errorf("away for once: %w", store.ErrUnavailable) }

// write does a write as its fate is.
func (s *Store) write(do func() ([]store.Outcome, error)) ([]store.Outcome, error) {
	if s.Meanwhile != nil {
		s.Meanwhile()
	}
	fate := Applied
	if s.Fate != nil {
		fate = s.Fate()
	}
	if fate == Lost {
		return nil, errAway()
	}
	outcomes, err := do()
	if fate == Unanswered {
		return nil, errAway()
	}
	return outcomes, err
}

// Commit implements store.Missions.
func (s *Store) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	return s.write(func() ([]store.Outcome, error) {
		var all []store.Outcome
		for _, c := range changes {
			before := s.load(c.Record.Mission.MissionID)
			o, err := s.Store.Commit(ctx, c)
			if err != nil {
				return nil, err
			}
			if o[0].Code == store.Applied {
				s.applied(before, c, o[0], alive)
			}
			all = append(all, o...)
		}
		return all, nil
	})
}

// CreateAll implements store.Missions.
func (s *Store) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	return s.write(func() ([]store.Outcome, error) {
		outcomes, err := s.Store.CreateAll(ctx, key, changes...)
		if err != nil {
			return nil, err
		}
		for i, c := range changes {
			if outcomes[i].Code == store.Applied {
				s.applied(store.Record{}, c, outcomes[i], alive)
			}
		}
		return outcomes, nil
	})
}

// Bury implements store.Sessions.
func (s *Store) Bury(ctx context.Context, id string, at contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	return s.write(func() ([]store.Outcome, error) {
		before := make([]store.Record, len(changes))
		for i, c := range changes {
			before[i] = s.load(c.Record.Mission.MissionID)
		}
		outcomes, err := s.Store.Bury(ctx, id, at, changes...)
		if err != nil {
			return nil, err
		}
		for i, c := range changes {
			s.applied(before[i], c, outcomes[i], died)
		}
		return outcomes, nil
	})
}

func (s *Store) load(id string) store.Record {
	records, err := s.Load(context.Background(), id)
	if err != nil {
		s.t.Fatalf("load: %v", err)
	}
	return records[0]
}

// TakeDue implements store.Outbox.
func (s *Store) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	taken, err := s.Store.TakeDue(ctx, limit, hold)
	for _, e := range taken {
		s.due[e.MissionID] = e.Dispatch
	}
	for id := range s.due {
		if s.Waits(s.load(id).Mission) { // it was due before its squad had a limit
			delete(s.due, id)
			s.waiting[id] = true
		}
	}
	s.admitted()
	return taken, err
}

// OpenGate implements store.Gates.
func (s *Store) OpenGate(ctx context.Context, name string) error {
	err := s.Store.OpenGate(ctx, name)
	s.admitted()
	return err
}

// ClearDue implements store.Outbox.
func (s *Store) ClearDue(ctx context.Context, entries ...store.Due) error {
	for _, e := range entries {
		if n, has := s.due[e.MissionID]; has && n == e.Dispatch {
			delete(s.due, e.MissionID)
		}
	}
	return s.Store.ClearDue(ctx, entries...)
}

// Forget makes a mission what it was before, as a store does that restarts without its last writes. Where it waits, it is
// due again.
func (s *Store) Forget(before store.Record, at contracts.Time) {
	s.t.Helper()
	id := before.Mission.MissionID
	c := store.Change{Record: before, IfVersion: s.load(id).Mission.Version, Due: store.DueDrop}
	if before.Session == "" {
		c.Due, c.DueAt = store.DueSet, at
	}
	delete(s.due, id)
	outcomes, err := s.Store.Commit(context.Background(), c)
	if err != nil || outcomes[0].Code != store.Applied {
		s.t.Fatalf("forget: %v, %v", outcomes, err)
	}
	if c.Due == store.DueSet {
		s.due[id] = outcomes[0].Dispatch
	}
}

// HasDue tells whether a mission has a due entry.
func (s *Store) HasDue(id string) bool {
	_, has := s.due[id]
	return has
}

// Stranded fails where a mission is left behind: IN_PROGRESS without a live session, SCHEDULED without a due entry, or
// QUEUED without one and without an order that is about, as ordered tells.
func (s *Store) Stranded(ids []string, ordered func(m contracts.Mission) bool) {
	s.t.Helper()
	for _, id := range ids {
		rec := s.load(id)
		switch m := rec.Mission; m.Status {
		case contracts.StatusInProgress:
			if !s.live(rec.Session) {
				s.t.Fatalf("stranded: %s is IN_PROGRESS, session %s is not live", id, rec.Session)
			}
		case contracts.StatusQueued:
			if !s.HasDue(id) && !ordered(m) && !s.Waits(m) {
				s.t.Fatalf("stranded: %s is QUEUED without a due entry and an order", id)
			}
		case contracts.StatusScheduled:
			if !s.HasDue(id) {
				s.t.Fatalf("stranded: %s is SCHEDULED without a due entry", id)
			}
		}
	}
}

// Waits tells whether a mission waits at the gate of its concurrency key, or of its squad.
func (s *Store) Waits(m contracts.Mission) bool {
	for _, gate := range []string{m.ConcurrencyKey, store.SquadGate(m.Squad)} {
		waits, err := s.WaitsAtGate(context.Background(), gate, m.MissionID)
		if err != nil {
			s.t.Fatalf("look at the gate: %v", err)
		}
		if waits {
			return true
		}
	}
	return false
}

// admitted notes who waits no longer: the store gave them due entries.
func (s *Store) admitted() {
	for id := range s.waiting {
		m := s.load(id).Mission
		if s.Waits(m) {
			continue
		}
		delete(s.waiting, id)
		if m.Status == contracts.StatusQueued {
			s.due[id] = 0
		}
	}
}

func (s *Store) live(session string) bool {
	got, err := s.Session(context.Background(), session)
	return err == nil && got.State == store.SessionLive
}

// legal tells whether the table has an edge with this cause.
func legal(from, to contracts.Status, cause contracts.Cause) bool {
	return slices.ContainsFunc(contracts.Transitions(), func(t contracts.Transition) bool {
		return t.From == from && t.To == to && slices.Contains(t.Causes, cause)
	})
}
