package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// aged returns the id of a mission that was created so long ago, together with all others.
func (t *tester) aged(age time.Duration, n int) string {
	id := fmt.Sprintf("%012x", t.now().Add(-age).UnixMilli())
	id = fmt.Sprintf("%s-%s-7000-8000-%012x", id[:8], id[8:], n<<8)
	if p, ok := t.Store.(store.Placer); ok {
		return p.Place(id, together)
	}
	return id
}

// ended creates a mission of an age that ended some time ago.
func (t *tester) ended(status contracts.Status, n int, created, ended time.Duration) string {
	t.Helper()
	r := record(t.aged(created, n))
	r.Mission.Status, r.Mission.FinishedAt = status, contracts.At(t.now().Add(-ended))
	return t.apply(create(r)).Mission.MissionID
}

// trim trims in steps until there is nothing left to do, and returns what went.
func (t *tester) trim(what store.Trim) []string {
	t.Helper()
	var removed []string
	for range 100 {
		done, err := t.Trim(t.ctx, what)
		t.must(err)
		if removed = append(removed, done.Removed...); done.Next == "" {
			return removed
		}
		if done.Next <= what.After {
			t.Fatalf("a step behind %q goes on behind %q", what.After, done.Next)
		}
		what.After = done.Next
	}
	t.Fatal("it does not end")
	return nil
}

func (t *tester) wantTrimmed(what store.Trim, want ...string) {
	t.Helper()
	if d := diff(want, t.trim(what)); d != "" {
		t.Fatalf("removed: %s", d)
	}
}

// all returns the ids of a query, the newest first.
func (t *tester) all(q store.Query) []string {
	t.Helper()
	q.Limit = contracts.MaxListLimit
	page, err := t.List(t.ctx, q)
	t.must(err)
	var ids []string
	for _, m := range page.Missions {
		ids = append(ids, m.MissionID)
	}
	return ids
}

const day = 24 * time.Hour

func trimTests() []test {
	const completed, failed = contracts.StatusCompleted, contracts.StatusFailed
	ago := func(t *tester, d time.Duration) contracts.Time { return contracts.At(t.now().Add(-d)) }
	return []test{
		{"what ended before a moment goes, the oldest first, and nothing else", func(t *tester) {
			a, b := t.ended(completed, 1, 9*day, 8*day), t.ended(completed, 2, 8*day, 8*day)
			t.ended(completed, 3, 8*day, 6*day) // created long ago
			t.ended(completed, 4, day, day)
			t.ended(failed, 5, 9*day, 9*day)
			waits := record(t.aged(9*day, 6))
			t.apply(create(waits))
			t.wantTrimmed(store.Trim{Status: completed, Before: ago(t, 7*day), Limit: 100}, a, b)
			t.wantTrimmed(store.Trim{Status: completed, Before: ago(t, 7*day), Limit: 100})
			if n := len(t.all(store.Query{})); n != 4 {
				t.Errorf("%d are left, want 4", n)
			}
		}},
		{"a step looks at no more than its limit, and skips nothing for ever", func(t *tester) {
			var want []string
			for n := range 10 {
				if id := t.ended(completed, n, 9*day, time.Duration(5+n%2*3)*day); n%2 == 1 {
					want = append(want, id)
				}
			}
			what := store.Trim{Status: completed, Before: ago(t, 7*day), Limit: 3}
			first, err := t.Trim(t.ctx, what)
			t.must(err)
			if len(first.Removed) != 1 || first.Next == "" {
				t.Errorf("the first step: %+v", first)
			}
			what.After = first.Next
			t.wantTrimmed(what, want[1:]...)
		}},
		{"what is beyond the newest of its status goes, however young", func(t *tester) {
			var ids []string
			for n := range 7 {
				ids = append(ids, t.ended(completed, n, time.Hour, 0))
			}
			t.ended(failed, 8, time.Hour, 0)
			t.wantTrimmed(store.Trim{Status: completed, Keep: 7, Limit: 2})
			t.wantTrimmed(store.Trim{Status: completed, Keep: 3, Limit: 2}, ids[:4]...)
			t.wantTrimmed(store.Trim{Status: completed, Keep: 3, After: ids[3], Limit: 100})
			if n := len(t.all(store.Query{})); n != 4 {
				t.Errorf("%d are left, want 4", n)
			}
		}},
		{"what lies before the beginning stays", func(t *tester) {
			var ids []string
			for n := range 4 {
				ids = append(ids, t.ended(completed, n, 9*day, 9*day))
			}
			t.wantTrimmed(store.Trim{Status: completed, Before: ago(t, day), After: ids[1], Limit: 100}, ids[2:]...)
			t.wantTrimmed(store.Trim{Status: completed, Keep: 1, After: ids[0], Limit: 100})
		}},
		{"without a moment and a number nothing goes", func(t *tester) {
			t.ended(completed, 1, 900*day, 900*day)
			t.wantTrimmed(store.Trim{Status: completed, Limit: 100})
		}},
		{"nothing is left of what went", func(t *tester) {
			t.renew("s1")
			large := []byte(`"` + string(slices.Repeat([]byte("x"), 2000)) + `"`)
			r := record(t.aged(9*day, 1))
			id := r.Mission.MissionID
			r.Mission.Labels, r.Mission.Payload = map[string]string{"a": "b"}, large
			before, err := t.Counts(t.ctx)
			t.must(err)
			r = t.apply(create(r))
			c := next(r, func(r *store.Record) {
				r.Mission.Status, r.Mission.FinishedAt, r.Mission.Result = completed, ago(t, 8*day), large
			})
			for range 100 {
				c.History = append(c.History, contracts.HistoryLine{MadeAt: ago(t, 0), Status: completed, Message: "a line"})
			}
			t.apply(c)
			t.wantTrimmed(store.Trim{Status: completed, Before: ago(t, 7*day), Limit: 100}, id)
			if got := t.load(id); got.Mission.Version != 0 {
				t.Errorf("it is still %+v", got.Mission)
			}
			if _, _, err := t.Get(t.ctx, id); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Get: %v", err)
			}
			if _, err := t.History(t.ctx, id); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("History: %v", err)
			}
			for _, q := range []store.Query{
				{}, {Status: completed}, {Kind: contracts.DefaultKind}, {Squad: contracts.DefaultSquad}, {Search: id}, {Search: "mission"},
				{Label: contracts.Label{Key: "a", Value: "b"}},
			} {
				if ids := t.all(q); len(ids) > 0 {
					t.Errorf("%+v lists %v", q, ids)
				}
			}
			after, err := t.Counts(t.ctx)
			t.must(err)
			if d := diff(before.ByStatus, after.ByStatus); d != "" {
				t.Errorf("counts: %s", d)
			}
		}},
		{"its idempotency key still tells what it made", func(t *tester) {
			key := &store.Idempotency{Key: together, BodyHash: "h", TTL: time.Hour}
			c := create(record(t.aged(9*day, 1)))
			id := c.Record.Mission.MissionID
			c.Idempotency = key
			r := t.apply(c)
			t.apply(next(r, func(r *store.Record) { r.Mission.Status, r.Mission.FinishedAt = completed, ago(t, 8*day) }))
			t.wantTrimmed(store.Trim{Status: completed, Before: ago(t, 7*day), Limit: 100}, id)
			c = create(record(t.aged(0, 2)))
			c.Idempotency = key
			if o := t.commit(c); o.Code != store.Duplicate || len(o.Existing.MissionIDs) != 1 || o.Existing.MissionIDs[0] != id {
				t.Errorf("the key's second use: %+v", o)
			}
		}},
		{"a change that was made from what went is a conflict", func(t *tester) {
			id := t.ended(failed, 1, 9*day, 8*day)
			c := next(t.load(id), toStatus(contracts.StatusQueued))
			t.wantTrimmed(store.Trim{Status: failed, Before: ago(t, 7*day), Limit: 100}, id)
			t.wantCode(c, store.Conflict)
		}},
		{"what is retried meanwhile stays, and many who trim leave what is to stay", func(t *tester) {
			const missions, keep = 60, 25
			var ids []string
			for n := range missions {
				ids = append(ids, t.ended(failed, n, time.Hour, 0))
			}
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for what := (store.Trim{Status: failed, Keep: keep, Limit: 7}); ; {
						done, err := t.Trim(t.ctx, what)
						if err != nil {
							t.Error(err)
						}
						if what.After = done.Next; err != nil || what.After == "" {
							return
						}
					}
				})
			}
			retried := 0
			for _, id := range ids[:missions-keep] {
				r := t.load(id)
				if r.Mission.Version == 0 {
					continue
				}
				if o := t.commit(next(r, toStatus(contracts.StatusQueued))); o.Code == store.Applied {
					retried++
				}
			}
			all.Wait()
			t.trim(store.Trim{Status: failed, Keep: keep, Limit: 100})
			if n := len(t.all(store.Query{Status: contracts.StatusQueued})); n != retried {
				t.Errorf("%d are QUEUED, want %d", n, retried)
			}
			if d := diff(slices.Sorted(slices.Values(ids[missions-keep:])), slices.Sorted(slices.Values(t.all(store.Query{Status: failed})))); d != "" {
				t.Errorf("left: %s", d)
			}
		}},
		{"what is not to be is refused", func(t *tester) {
			for _, what := range []store.Trim{
				{Status: contracts.StatusQueued, Limit: 1}, {Limit: 1}, {Status: completed}, {Status: completed, Limit: store.MaxTrim + 1},
				{Status: completed, Limit: 1, Keep: -1}, {Status: completed, Limit: 1, After: "x"},
			} {
				if _, err := t.Trim(t.ctx, what); err == nil {
					t.Errorf("%+v is taken", what)
				}
			}
		}},
	}
}
