package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func (t *tester) events(after string, limit int) []store.Event {
	t.Helper()
	events, err := t.ReadEvents(t.ctx, after, limit, 0)
	t.must(err)
	return events
}

func (t *tester) lastEvent() string {
	t.Helper()
	id, err := t.LastEvent(t.ctx)
	t.must(err)
	return id
}

func eventTests() []test {
	return []test{
		{"one event for each applied change, in order; none for the others", func(t *tester) {
			start := t.lastEvent()
			a, b := record(t.near("k")), record(t.near("k"))
			s := t.renew(newID())
			created := create(a)
			created.Idempotency = &store.Idempotency{Key: "k", BodyHash: "h", TTL: time.Hour}
			held := b
			held.Mission.Version = 1
			_, err := t.Commit(t.ctx, created, created, create(a), create(b), next(held, granted(s.ID)), next(held, granted(s.ID)))
			t.must(err)
			_, err = t.Bury(t.ctx, s.ID, s.RenewedAt, next(t.load(b.Mission.MissionID), toStatus(contracts.StatusQueued)))
			t.must(err)
			want := []store.Event{
				{MissionID: a.Mission.MissionID, Version: 1, Status: contracts.StatusQueued},
				{MissionID: b.Mission.MissionID, Version: 1, Status: contracts.StatusQueued},
				{MissionID: b.Mission.MissionID, Version: 2, Status: contracts.StatusInProgress},
				{MissionID: b.Mission.MissionID, Version: 3, Status: contracts.StatusQueued},
			}
			for _, after := range []string{start, ""} {
				got := t.events(after, 100)
				if d := diff(want, withoutIDs(got)); d != "" {
					t.Errorf("after %q: %s", after, d)
				}
				if got[3].ID != t.lastEvent() {
					t.Errorf("last event %s, last id %s", got[3].ID, t.lastEvent())
				}
			}
		}},
		{"reading resumes after any id", func(t *tester) {
			for range 10 {
				t.apply(create(record(newID())))
			}
			all := t.events("", 100)
			if len(all) != 10 {
				t.Fatalf("%d events", len(all))
			}
			for i, e := range all {
				if d := diff(all[i+1:min(i+4, 10)], t.events(e.ID, 3)); d != "" {
					t.Errorf("after %d: %s", i, d)
				}
			}
		}},
		{"reading resumes after any event of a commit of many", func(t *tester) {
			changes := make([]store.Change, 300)
			for i := range changes {
				changes[i] = create(record(t.near(together)))
			}
			_, err := t.Commit(t.ctx, changes[:140]...)
			t.must(err)
			_, err = t.CreateAll(t.ctx, nil, changes[140:]...)
			t.must(err)
			all := t.events("", 1000)
			if len(all) != len(changes) || all[len(all)-1].ID != t.lastEvent() {
				t.Fatalf("%d events, the last is %s, want %s", len(all), all[len(all)-1].ID, t.lastEvent())
			}
			ids := map[string]bool{}
			for i, e := range all {
				if ids[e.ID] || e.MissionID != changes[i].Record.Mission.MissionID {
					t.Fatalf("event %d: %+v", i, e)
				}
				ids[e.ID] = true
			}
			for i := range all {
				for _, limit := range []int{1, 3, 200} {
					if d := diff(all[i+1:min(i+1+limit, len(all))], t.events(all[i].ID, limit)); d != "" && i+1 < len(all) {
						t.Fatalf("%d after %d: %s", limit, i, d)
					}
				}
			}
			if rest := t.events(all[len(all)-1].ID, 10); len(rest) > 0 {
				t.Errorf("behind the last: %v", rest)
			}
		}},
		{"a read waits for the first event", func(t *tester) {
			start := t.lastEvent()
			var reader sync.WaitGroup
			r := record(newID())
			reader.Go(func() {
				events, err := t.ReadEvents(t.ctx, start, 10, 30*time.Second)
				if err != nil || len(events) != 1 || events[0].MissionID != r.Mission.MissionID {
					t.Errorf("ReadEvents: %v, %v", events, err)
				}
			})
			t.pause()
			t.apply(create(r))
			reader.Wait()
		}},
		{"a read that waits in vain is empty", func(t *tester) {
			t.apply(create(record(newID())))
			began := time.Now()
			events, err := t.ReadEvents(t.ctx, t.lastEvent(), 10, 30*time.Millisecond)
			if err != nil || len(events) != 0 || time.Since(began) < 20*time.Millisecond {
				t.Errorf("%v, %v after %v", events, err, time.Since(began))
			}
		}},
		{"a cancelled context ends a wait", func(t *tester) {
			ctx, cancel := context.WithCancel(t.ctx)
			var reader sync.WaitGroup
			reader.Go(func() {
				if _, err := t.ReadEvents(ctx, t.lastEvent(), 10, 30*time.Second); !errors.Is(err, context.Canceled) {
					t.Errorf("ReadEvents: %v, want context.Canceled", err)
				}
			})
			t.pause()
			cancel()
			reader.Wait()
		}},
		{"an id that the store did not give is ErrEventsTrimmed", func(t *tester) {
			t.apply(create(record(newID())))
			for _, id := range []string{
				"nonsense", "99999999999999-0", "-1", "$", "12345678901234567890123",
				"18446744073709551615-18446744073709551615", "18446744073709551616-0", "99999999999999999999-0", "0-99999999999999999999",
			} {
				if _, err := t.ReadEvents(t.ctx, id, 1, 0); !errors.Is(err, store.ErrEventsTrimmed) {
					t.Errorf("%q: %v, want ErrEventsTrimmed", id, err)
				}
			}
		}},
		{"many readers see the same", func(t *tester) {
			const total = 60
			start := t.lastEvent()
			seen := make([][]store.Event, 3)
			var all sync.WaitGroup
			for i := range seen {
				all.Go(func() {
					after := start
					for len(seen[i]) < total {
						events, err := t.ReadEvents(t.ctx, after, 7, time.Second)
						if err != nil {
							t.Errorf("ReadEvents: %v", err)
							return
						}
						for _, e := range events {
							after = e.ID
							seen[i] = append(seen[i], e)
						}
					}
				})
			}
			for range total / 20 {
				all.Go(func() {
					for range 20 {
						if _, err := t.Commit(t.ctx, create(record(newID()))); err != nil {
							t.Errorf("Commit: %v", err)
						}
					}
				})
			}
			all.Wait()
			for i := range seen {
				if d := diff(seen[0], seen[i]); d != "" {
					t.Errorf("reader %d: %s", i, d)
				}
			}
		}},
	}
}

// RunTrimmed tests a store that keeps few events. After so many commits the first ones must be gone.
func RunTrimmed(t0 *testing.T, s store.Store, commits int) {
	t := &tester{T: t0, Store: s, ctx: t0.Context()}
	first := t.apply(create(record(newID())))
	start := t.events("", 1)[0].ID
	r := first
	for range commits {
		r = t.apply(next(r, func(r *store.Record) { r.Mission.Progress = 1 }))
	}
	for _, after := range []string{"", start} {
		if _, err := t.ReadEvents(t.ctx, after, 10, 0); !errors.Is(err, store.ErrEventsTrimmed) {
			t.Errorf("after %q: %v, want ErrEventsTrimmed", after, err)
		}
	}
	last := t.lastEvent()
	r = t.apply(next(r, toStatus(contracts.StatusCancelled)))
	got := t.events(last, 10)
	if len(got) != 1 || got[0].Version != r.Mission.Version {
		t.Errorf("after the last: %v", got)
	}
}
