package storetest

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// creations are those of n new missions, all due now, and their ids, under a key with that word.
func (t *tester) creations(n int, word string) (changes []store.Change, ids []string) {
	t.Helper()
	now := contracts.At(t.now())
	for range n {
		c := create(record(t.near(word)))
		c.Due, c.DueAt = store.DueSet, now
		c.History = []contracts.HistoryLine{{Status: contracts.StatusQueued, Message: "accepted"}}
		changes, ids = append(changes, c), append(ids, c.Record.Mission.MissionID)
	}
	return changes, ids
}

// createAll wants all outcomes to be of one code, and returns them.
func (t *tester) createAll(code store.Code, key *store.Idempotency, changes ...store.Change) []store.Outcome {
	t.Helper()
	outcomes, err := t.CreateAll(t.ctx, key, changes...)
	t.must(err)
	if len(outcomes) != len(changes) {
		t.Fatalf("%d changes, %d outcomes", len(changes), len(outcomes))
	}
	for i, o := range outcomes {
		if o.Code != code {
			t.Fatalf("outcome %d is %v, want code %d", i, o, code)
		}
	}
	return outcomes
}

// wantNone fails if one of the missions exists.
func (t *tester) wantNone(ids ...string) {
	t.Helper()
	records, err := t.Load(t.ctx, ids...)
	t.must(err)
	for _, r := range records {
		if r.Mission.Version != 0 {
			t.Errorf("mission %s was created", r.Mission.MissionID)
		}
	}
}

func createAllTests() []test {
	return []test{
		{"all are created, each as by Commit", func(t *tester) {
			changes, ids := t.creations(3, together)
			full := create(fullRecord(t.near(together)))
			full.Record.Mission.Status, full.Record.Session = contracts.StatusScheduled, ""
			changes, ids = append(changes, full), append(ids, full.Record.Mission.MissionID)
			outcomes := t.createAll(store.Applied, nil, changes...)
			for i, o := range outcomes {
				if (o.Dispatch != 0) != (changes[i].Due == store.DueSet) {
					t.Errorf("outcome %d: dispatch %d", i, o.Dispatch)
				}
				want := changes[i].Record
				want.Mission.Version = 1
				if d := diff(want, t.load(ids[i])); d != "" {
					t.Error(d)
				}
				h, err := t.History(t.ctx, ids[i])
				t.must(err)
				if d := diff(changes[i].History, h.Lines); d != "" {
					t.Error(d)
				}
			}
			t.wantCounts(map[contracts.Status]int64{contracts.StatusQueued: 3, contracts.StatusScheduled: 1})
			t.awaitClock(t.now())
			var taken []string
			for _, d := range t.take(10, time.Hour) {
				taken = append(taken, d.MissionID)
			}
			if d := diff(ids[:3], taken); d != "" {
				t.Errorf("TakeDue: %s", d)
			}
			events, err := t.ReadEvents(t.ctx, "", 10, 0)
			t.must(err)
			var changed []string
			for _, e := range events {
				changed = append(changed, e.MissionID)
			}
			if d := diff(ids, changed); d != "" {
				t.Errorf("ReadEvents: %s", d)
			}
			r := t.load(ids[0])
			t.apply(next(r, toStatus(contracts.StatusInProgress)))
		}},
		{"where one exists none is created, and no key is kept", func(t *tester) {
			there := t.apply(create(record(t.near("k"))))
			key := &store.Idempotency{Key: "k", BodyHash: "h", TTL: time.Hour}
			for at := range 3 {
				changes, ids := t.creations(2, "k")
				t.createAll(store.Conflict, key, slices.Insert(changes, at, create(there))...)
				t.wantNone(ids...)
			}
			t.wantCounts(map[contracts.Status]int64{contracts.StatusQueued: 1})
			if taken := t.take(10, time.Hour); len(taken) != 0 {
				t.Errorf("TakeDue: %v", taken)
			}
			changes, _ := t.creations(1, "k")
			t.createAll(store.Applied, key, changes...)
		}},
		{"a key gives what its first use created, in order", func(t *tester) {
			key := &store.Idempotency{Key: "key one", BodyHash: "hash 1", TTL: time.Hour}
			changes, ids := t.creations(40, key.Key)
			t.createAll(store.Applied, key, changes...)
			again, others := t.creations(2, key.Key)
			for _, o := range t.createAll(store.Duplicate, &store.Idempotency{Key: "key one", BodyHash: "hash 2", TTL: time.Hour}, again...) {
				if d := diff(store.Existing{MissionIDs: ids, BodyHash: "hash 1"}, o.Existing); d != "" {
					t.Error(d)
				}
			}
			t.wantNone(others...)
			single := create(record(t.near(key.Key)))
			single.Idempotency = key
			if o := t.commit(single); o.Code != store.Duplicate || !slices.Equal(o.Existing.MissionIDs, ids) {
				t.Errorf("Commit with the key of a CreateAll: %+v", o)
			}
			more, _ := t.creations(2, "key two")
			t.createAll(store.Applied, &store.Idempotency{Key: "key two", BodyHash: "hash 1", TTL: time.Hour}, more...)
		}},
		{"a key is forgotten after its TTL", func(t *tester) {
			for range 2 {
				changes, _ := t.creations(2, "k")
				t.createAll(store.Applied, &store.Idempotency{Key: "k", BodyHash: "h", TTL: 20 * time.Millisecond}, changes...)
				t.awaitClock(t.now().Add(20 * time.Millisecond))
			}
		}},
		{"of concurrent creators with one key one wins, whole", func(t *tester) {
			results := make([][]store.Outcome, 8)
			ids := make([][]string, len(results))
			var all sync.WaitGroup
			for i := range results {
				var changes []store.Change
				changes, ids[i] = t.creations(50, "k")
				all.Go(func() {
					var err error
					results[i], err = t.CreateAll(t.ctx, &store.Idempotency{Key: "k", BodyHash: "h", TTL: time.Hour}, changes...)
					if err != nil {
						t.Errorf("CreateAll: %v", err)
					}
				})
			}
			all.Wait()
			t.wantCounts(map[contracts.Status]int64{contracts.StatusQueued: 50})
			for i, outcomes := range results {
				if outcomes != nil && outcomes[0].Code == store.Applied {
					for k, other := range results {
						if k != i && (other == nil || !slices.Equal(other[0].Existing.MissionIDs, ids[i])) {
							t.Errorf("creator %d won, creator %d was told %+v", i, k, other)
						}
					}
				}
			}
		}},
		{"the most missions, with large bodies, are one step", func(t *tester) {
			changes, ids := t.creations(contracts.MaxBatchMissions, "k")
			body := []byte(`{"x":"` + string(slices.Repeat([]byte("x"), 2<<10)) + `"}`)
			for i := range changes {
				changes[i].Record.Mission.Payload = body
			}
			t.createAll(store.Applied, nil, changes...)
			t.wantCounts(map[contracts.Status]int64{contracts.StatusQueued: contracts.MaxBatchMissions})
			if got := t.load(ids[len(ids)-1]); string(got.Mission.Payload) != string(body) {
				t.Errorf("the last payload has %d bytes", len(got.Mission.Payload))
			}
		}},
		{"what is no creation, or too many, is an error, and nothing is applied", func(t *tester) {
			there := t.apply(create(record(t.near("k"))))
			key := &store.Idempotency{Key: "k", BodyHash: "h", TTL: time.Hour}
			good, ids := t.creations(1, "k")
			twice := create(record(t.near("k")))
			guarded, keyed := create(record(t.near("k"))), create(record(t.near("k")))
			guarded.IfSession, keyed.Idempotency = "s", key
			tooMany, _ := t.creations(contracts.MaxBatchMissions, "k")
			for name, bad := range map[string]struct {
				key     *store.Idempotency
				changes []store.Change
			}{
				"nothing":           {},
				"a change":          {changes: []store.Change{next(there, func(*store.Record) {})}},
				"a guard":           {changes: []store.Change{guarded}},
				"a key of one":      {changes: []store.Change{keyed}},
				"one twice":         {changes: []store.Change{twice, twice}},
				"no id":             {changes: []store.Change{create(record(t.near("k"))), {Record: store.Record{Mission: contracts.Mission{Status: "QUEUED"}}}}},
				"too many":          {changes: tooMany},
				"a key without":     {key: &store.Idempotency{TTL: time.Hour}},
				"a key for no time": {key: &store.Idempotency{Key: "k"}},
			} {
				changes := bad.changes
				if name != "nothing" {
					changes = append(slices.Clone(good), bad.changes...)
				}
				if _, err := t.CreateAll(t.ctx, bad.key, changes...); err == nil || errors.Is(err, store.ErrUnavailable) {
					t.Errorf("%s: %v, want an error that is not ErrUnavailable", name, err)
				}
			}
			t.wantNone(ids...)
			t.wantCounts(map[contracts.Status]int64{contracts.StatusQueued: 1})
		}},
	}
}
