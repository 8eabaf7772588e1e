package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// unique returns the creation of a mission with a unique key.
func (t *tester) unique(key string) store.Change {
	r := record(t.near(key))
	r.Mission.UniqueKey = key
	return create(r)
}

// wantHeld wants a change to be refused for a mission's sake.
func (t *tester) wantHeld(c store.Change, by store.Record) {
	t.Helper()
	if o := t.commit(c); o.Code != store.Taken || o.Holder != by.Mission.MissionID {
		t.Fatalf("outcome %+v, want Taken, by %s", o, by.Mission.MissionID)
	}
}

func uniqueTests() []test {
	return []test{
		{"one mission has a key until it ends, however often it changes", func(t *tester) {
			holder, other := t.apply(t.unique("a")), t.unique("a")
			t.wantHeld(other, holder)
			t.wantNone(other.Record.Mission.MissionID)
			b := t.apply(t.unique("b"))
			for _, status := range []contracts.Status{contracts.StatusInProgress, contracts.StatusQueued, contracts.StatusScheduled} {
				holder = t.apply(next(holder, toStatus(status)))
				t.wantHeld(other, holder)
			}
			for _, status := range []contracts.Status{contracts.StatusCompleted, contracts.StatusFailed, contracts.StatusCancelled} {
				t.apply(next(holder, toStatus(status)))
				t.wantHeld(t.unique("b"), b)
				holder = t.apply(other)
				other = t.unique("a")
				t.wantHeld(other, holder)
			}
		}},
		{"the retry of one that had ended needs its key again", func(t *tester) {
			first := t.apply(t.unique("a"))
			first = t.apply(next(first, toStatus(contracts.StatusFailed)))
			second := t.apply(t.unique("a"))
			t.wantHeld(next(first, toStatus(contracts.StatusQueued)), second)
			if d := diff(first, t.load(first.Mission.MissionID)); d != "" {
				t.Errorf("it changed: %s", d)
			}
			first = t.apply(next(first, func(r *store.Record) { r.Mission.Progress = 7 })) // an ended one changes without
			second = t.apply(next(second, toStatus(contracts.StatusCompleted)))
			first = t.apply(next(first, func(r *store.Record) { r.Mission.Status, r.Mission.UniqueKey = contracts.StatusQueued, "" }))
			t.wantHeld(t.unique("a"), first)
			t.wantHeld(next(second, toStatus(contracts.StatusQueued)), first)
		}},
		{"an idempotency key that was used gives its mission, whatever became of the unique key", func(t *tester) {
			c := t.unique("a")
			c.Idempotency = &store.Idempotency{Key: "a", BodyHash: "h", TTL: time.Hour}
			first := t.apply(c)
			again := t.unique("a")
			again.Idempotency = c.Idempotency
			for _, status := range []contracts.Status{contracts.StatusQueued, contracts.StatusCompleted} {
				first = t.apply(next(first, toStatus(status)))
				if o := t.commit(again); o.Code != store.Duplicate || o.Existing.MissionIDs[0] != first.Mission.MissionID {
					t.Errorf("%+v", o)
				}
			}
			holder := t.apply(t.unique("a"))
			again.Idempotency = &store.Idempotency{Key: "a", BodyHash: "h", TTL: time.Hour}
			if o := t.commit(again); o.Code != store.Duplicate {
				t.Errorf("%+v", o)
			}
			t.apply(next(holder, toStatus(contracts.StatusCompleted)))
		}},
		{"a refused creation uses up no idempotency key", func(t *tester) {
			holder, c := t.apply(t.unique("a")), t.unique("a")
			c.Idempotency = &store.Idempotency{Key: "a", BodyHash: "h", TTL: time.Hour}
			t.wantHeld(c, holder)
			t.apply(next(holder, toStatus(contracts.StatusCompleted)))
			t.wantCode(c, store.Applied)
		}},
		{"missions that are made anew, and those of a session that is buried, go without", func(t *tester) {
			holder, anew := t.apply(t.unique("a")), t.unique("a")
			anew.FirstVersion = 1_700_000_000_000
			without := t.apply(anew)
			without = t.apply(next(without, toStatus(contracts.StatusCompleted)))
			t.wantHeld(t.unique("a"), holder) // it took the key from nobody
			t.wantHeld(next(without, toStatus(contracts.StatusQueued)), holder)
			holder = t.apply(next(holder, toStatus(contracts.StatusCancelled)))
			anew = t.unique("a")
			anew.FirstVersion = 1_700_000_000_000
			without = t.apply(anew)
			t.wantHeld(t.unique("a"), without) // where it is free they take it

			s, err := t.Renew(t.ctx, store.Session{ID: "s"}, time.Minute)
			t.must(err)
			holder = t.apply(next(holder, func(r *store.Record) { r.Session = s.ID }))
			outcomes, err := t.Bury(t.ctx, s.ID, s.RenewedAt, next(holder, func(r *store.Record) {
				r.Mission.Status, r.Session = contracts.StatusQueued, ""
			}))
			t.must(err)
			if outcomes[0].Code != store.Applied {
				t.Errorf("%+v", outcomes)
			}
			t.wantHeld(t.unique("a"), without)
		}},
		{"of changes in one call the first has it, and what it gives back is free for the next", func(t *tester) {
			holder := t.apply(t.unique("a"))
			first, second := t.unique("a"), t.unique("a")
			outcomes, err := t.Commit(t.ctx, next(holder, toStatus(contracts.StatusCompleted)), first, second)
			t.must(err)
			if outcomes[0].Code != store.Applied || outcomes[1].Code != store.Applied || outcomes[2].Code != store.Taken ||
				outcomes[2].Holder != first.Record.Mission.MissionID {
				t.Errorf("%+v", outcomes)
			}
		}},
		{"all of a batch are created, or none, and the first that can't be is named", func(t *tester) {
			holder := t.apply(t.unique("a"))
			free, taken := record(t.near("a")), t.unique("a")
			key := &store.Idempotency{Key: "a", BodyHash: "h", TTL: time.Hour}
			outcomes := t.createAll(store.Taken, key, create(free), taken)
			if outcomes[0].Holder != "" || outcomes[1].Holder != holder.Mission.MissionID {
				t.Errorf("%+v", outcomes)
			}
			t.wantNone(free.Mission.MissionID, taken.Record.Mission.MissionID)
			if _, err := t.CreateAll(t.ctx, nil, t.unique("c"), t.unique("c")); err == nil {
				t.Error("two of a batch have one key")
			}
			t.apply(next(holder, toStatus(contracts.StatusFailed)))
			t.createAll(store.Applied, key, create(free), taken)
			t.createAll(store.Duplicate, key, t.unique("a"), create(record(t.near("a"))))
			t.wantHeld(t.unique("a"), t.load(taken.Record.Mission.MissionID))
		}},
		{"what is created as ended needs no key, and takes none", func(t *tester) {
			ended := func() store.Change {
				c := t.unique("a")
				c.Record.Mission.Status = contracts.StatusFailed
				return c
			}
			t.apply(ended())
			holder := t.apply(t.unique("a"))
			t.apply(ended())
			t.createAll(store.Applied, nil, ended())
			t.wantHeld(t.unique("a"), holder)
		}},
		{"keys are what they are, byte by byte", func(t *tester) {
			for _, key := range []string{" ", "a:b", "ü", "A", "a", "{mc:0}:m:", string(make([]byte, contracts.MaxUniqueKeySize))} {
				t.wantHeld(t.unique(key), t.apply(t.unique(key)))
			}
			c := t.unique(fmt.Sprintf("%0*d", contracts.MaxUniqueKeySize+1, 1))
			if _, err := t.Commit(t.ctx, c); err == nil {
				t.Error("a key that is too long is kept")
			}
		}},
		{"what has ended and is removed leaves the key to whoever has it", func(t *tester) {
			ended := t.apply(t.unique("a"))
			t.apply(next(ended, func(r *store.Record) {
				r.Mission.Status, r.Mission.FinishedAt = contracts.StatusCompleted, contracts.FromMillis(1)
			}))
			holder := t.apply(t.unique("a"))
			t.wantTrimmed(store.Trim{Status: contracts.StatusCompleted, Before: contracts.At(t.now().Add(time.Hour)), Limit: 10}, ended.Mission.MissionID)
			t.wantHeld(t.unique("a"), holder)
		}},
		{"of many who ask at once one gets it", func(t *tester) {
			var all sync.WaitGroup
			codes := make(chan store.Code, 20)
			for range cap(codes) {
				c := t.unique("a")
				all.Go(func() {
					outcomes, err := t.Commit(t.ctx, c)
					if err != nil {
						t.Error(err)
						return
					}
					codes <- outcomes[0].Code
				})
			}
			all.Wait()
			close(codes)
			applied := 0
			for code := range codes {
				if code == store.Applied {
					applied++
				}
			}
			if applied != 1 {
				t.Errorf("%d got it", applied)
			}
		}},
	}
}
