package shardstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/store/shardstore"
)

// shard is a memstore that can be meddled with.
type shard struct {
	store.Store

	mu    sync.Mutex
	calls map[string]int
	// before is called ahead of what a test may want to come between, with the call's name; its error is the call's. after
	// likewise, once the call is done.
	before, after func(call string) error
	// skew is how far the clock is ahead.
	skew time.Duration
}

// shards returns n of them.
func shards(n int) ([]*shard, []store.Store) {
	some, all := make([]*shard, n), make([]store.Store, n)
	for i := range some {
		some[i] = &shard{calls: map[string]int{}}
		some[i].Store = memstore.New(memstore.Config{EventTimes: true, Now: some[i].clock})
		all[i] = some[i]
	}
	return some, all
}

func (s *shard) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.skew)
}

// set changes what happens at calls.
func (s *shard) set(before, after func(call string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

// away is what an absent shard says to every call.
func away(string) error { return store.ErrUnavailable }

// only lets one call fail.
func only(call string) func(string) error {
	return func(name string) error {
		if name == call {
			return fmt.Errorf("%s: %w", call, store.ErrUnavailable)
		}
		return nil
	}
}

func meddle[T any](s *shard, call string, do func() (T, error)) (T, error) {
	s.mu.Lock()
	s.calls[call]++
	before, after := s.before, s.after
	s.mu.Unlock()
	var none T
	if before != nil {
		if err := before(call); err != nil {
			return none, err
		}
	}
	got, err := do()
	if after != nil && err == nil {
		if err := after(call); err != nil {
			return none, err
		}
	}
	return got, err
}

func (s *shard) count(call string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[call]
}

func (s *shard) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	return meddle(s, "Load", func() ([]store.Record, error) { return s.Store.Load(ctx, ids...) })
}

func (s *shard) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	return meddle(s, "Commit", func() ([]store.Outcome, error) { return s.Store.Commit(ctx, changes...) })
}

func (s *shard) Counts(ctx context.Context) (store.Counts, error) {
	return meddle(s, "Counts", func() (store.Counts, error) { return s.Store.Counts(ctx) })
}

func (s *shard) SquadCounts(ctx context.Context) (store.SquadCounts, error) {
	return meddle(s, "SquadCounts", func() (store.SquadCounts, error) { return s.Store.SquadCounts(ctx) })
}

func (s *shard) Recount(ctx context.Context) (bool, error) {
	return meddle(s, "Recount", func() (bool, error) { return s.Store.Recount(ctx) })
}

func (s *shard) List(ctx context.Context, q store.Query) (store.Page, error) {
	return meddle(s, "List", func() (store.Page, error) { return s.Store.List(ctx, q) })
}

func (s *shard) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	return meddle(s, "TakeDue", func() ([]store.Due, error) { return s.Store.TakeDue(ctx, limit, hold) })
}

func (s *shard) TakeDeadlines(ctx context.Context, limit int, hold time.Duration) ([]string, error) {
	return meddle(s, "TakeDeadlines", func() ([]string, error) { return s.Store.TakeDeadlines(ctx, limit, hold) })
}

func (s *shard) Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error) {
	return meddle(s, "Unshelve", func() (int, error) { return s.Store.Unshelve(ctx, shelf, before, limit, at) })
}

func (s *shard) Renew(ctx context.Context, next store.Session, lease time.Duration) (store.Session, error) {
	return meddle(s, "Renew", func() (store.Session, error) { return s.Store.Renew(ctx, next, lease) })
}

func (s *shard) Session(ctx context.Context, id string) (store.Session, error) {
	return meddle(s, "Session", func() (store.Session, error) { return s.Store.Session(ctx, id) })
}

func (s *shard) Drain(ctx context.Context, id string) (store.Session, error) {
	return meddle(s, "Drain", func() (store.Session, error) { return s.Store.Drain(ctx, id) })
}

func (s *shard) Expired(ctx context.Context, limit int) ([]store.Session, error) {
	return meddle(s, "Expired", func() ([]store.Session, error) { return s.Store.Expired(ctx, limit) })
}

func (s *shard) Bury(ctx context.Context, id string, at contracts.Time, changes ...store.Change) ([]store.Outcome, error) {
	return meddle(s, "Bury", func() ([]store.Outcome, error) { return s.Store.Bury(ctx, id, at, changes...) })
}

func (s *shard) ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error) {
	return meddle(s, "ReadEvents", func() ([]store.Event, error) { return s.Store.ReadEvents(ctx, after, limit, wait) })
}

func (s *shard) Settle(ctx context.Context) (store.Epoch, error) {
	return meddle(s, "Settle", func() (store.Epoch, error) { return s.Store.Settle(ctx) })
}

func (s *shard) Check(ctx context.Context) (string, error) {
	return meddle(s, "Check", func() (string, error) { return s.Store.Check(ctx) })
}

// newID returns an id of a mission in a shard.
func newID(shard int) string { return shardstore.Place(uuid.Must(uuid.NewV7()).String(), shard) }

// queued creates a mission that waits in a shard, due at once.
func queued(shard int) store.Change {
	return store.Change{
		Record: store.Record{Mission: contracts.Mission{
			MissionID: newID(shard), Name: "m", Kind: "simulate", Squad: "default", Status: contracts.StatusQueued, Attempt: 1,
		}},
		Due: store.DueSet, DueAt: contracts.FromMillis(1),
	}
}

// commit commits changes, each of which must have the code.
func commit(t testing.TB, s store.Store, code store.Code, changes ...store.Change) {
	t.Helper()
	outcomes, err := s.Commit(t.Context(), changes...)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outcomes {
		if o.Code != code {
			t.Fatalf("outcome %d is %+v, want code %d", i, o, code)
		}
	}
}

func load(t testing.TB, s store.Store, id string) store.Record {
	t.Helper()
	records, err := s.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return records[0]
}

// changed is a change of a mission as it is.
func changed(t testing.TB, s store.Store, id string, edit func(*store.Record)) store.Change {
	t.Helper()
	r := load(t, s, id)
	c := store.Change{Record: r, IfVersion: r.Mission.Version}
	edit(&c.Record)
	return c
}

// grant is the grant of a mission to a session, if that lives.
func grant(t testing.TB, s store.Store, id, session string) store.Change {
	t.Helper()
	c := changed(t, s, id, func(r *store.Record) { r.Mission.Status, r.Session = contracts.StatusInProgress, session })
	c.IfSession, c.Due = session, store.DueDrop
	return c
}

// lost returns the changes that a death makes of missions.
func lost(recs []store.Record) []store.Change {
	changes := make([]store.Change, len(recs))
	for i, r := range recs {
		changes[i] = store.Change{Record: r, IfVersion: r.Mission.Version, Due: store.DueSet, DueAt: contracts.FromMillis(1)}
		changes[i].Record.Mission.Status, changes[i].Record.Session = contracts.StatusQueued, ""
	}
	return changes
}

// bury buries a session as a reaper does: once, all that it holds.
func bury(t testing.TB, s store.Store, session store.Session) error {
	t.Helper()
	ids, err := s.SessionMissions(t.Context(), session.ID)
	if err != nil {
		return err
	}
	recs, err := s.Load(t.Context(), ids...)
	if err != nil {
		return err
	}
	_, err = s.Bury(t.Context(), session.ID, session.RenewedAt, lost(recs)...)
	return err
}
