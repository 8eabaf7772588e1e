package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// shelve creates a mission, and clears its due entry onto the shelf. Later ones are put there at a later millisecond.
func (t *tester) shelve(shelf string) string {
	t.Helper()
	d := t.due(t.now().Add(time.Hour))
	d.Shelf = shelf
	t.must(t.ClearDue(t.ctx, d))
	t.awaitClock(t.now())
	return d.MissionID
}

func (t *tester) shelved(shelf string, before time.Time, limit int) []string {
	t.Helper()
	ids, err := t.Shelved(t.ctx, shelf, contracts.At(before), limit)
	t.must(err)
	return ids
}

// wantShelved checks all that lies on a shelf.
func (t *tester) wantShelved(shelf string, want ...string) {
	t.Helper()
	if d := diff(want, t.shelved(shelf, t.now().Add(time.Hour), 100)); d != "" {
		t.Fatalf("on the shelf %s: %s", shelf, d)
	}
}

func (t *tester) unshelve(shelf string, before time.Time, limit int, at time.Time) int {
	t.Helper()
	n, err := t.Unshelve(t.ctx, shelf, contracts.At(before), limit, contracts.At(at))
	t.must(err)
	return n
}

func shelfTests() []test {
	return []test{
		{"missions lie in the order in which they came, each on its own shelf", func(t *tester) {
			a, b, c := t.shelve("one"), t.shelve("one"), t.shelve("two")
			before := t.now()
			t.awaitClock(before)
			late := t.shelve("one")
			t.wantShelved("one", a, b, late)
			t.wantShelved("two", c)
			t.wantShelved("three")
			if d := diff([]string{a, b}, t.shelved("one", before, 100)); d != "" {
				t.Errorf("before the last one came: %s", d)
			}
			if d := diff([]string{a}, t.shelved("one", before, 1)); d != "" {
				t.Errorf("the first one: %s", d)
			}
			if got := t.shelved("one", before, 0); len(got) > 0 {
				t.Errorf("a limit of 0 gave %v", got)
			}
		}},
		{"what was cleared without a shelf, or under an old number, lies on none", func(t *tester) {
			d := t.due(t.now().Add(time.Hour))
			t.must(t.ClearDue(t.ctx, store.Due{MissionID: d.MissionID, Dispatch: d.Dispatch + 1, Shelf: "one"}))
			t.must(t.ClearDue(t.ctx, d))
			d.Shelf = "one"
			t.must(t.ClearDue(t.ctx, d))
			t.wantShelved("one")
		}},
		{"only what is QUEUED is shelved", func(t *tester) {
			d := t.due(t.now().Add(time.Hour))
			t.apply(next(t.load(d.MissionID), toStatus(contracts.StatusCompleted)))
			d.Shelf = "one"
			t.must(t.ClearDue(t.ctx, d))
			t.wantShelved("one")
		}},
		{"what leaves QUEUED leaves its shelf", func(t *tester) {
			id, other := t.shelve("one"), t.shelve("one")
			t.apply(next(t.load(id), toStatus(contracts.StatusCancelled)))
			t.wantShelved("one", other)
		}},
		{"a due entry takes its mission off the shelf, no other change of a QUEUED one does", func(t *tester) {
			id, other := t.shelve("one"), t.shelve("one")
			t.apply(next(t.load(id), func(r *store.Record) { r.Refusals++ }))
			t.wantShelved("one", id, other)
			c := next(t.load(id), func(*store.Record) {})
			c.Due, c.DueAt = store.DueSet, contracts.At(t.now().Add(time.Hour))
			t.wantCode(c, store.Applied)
			t.wantShelved("one", other)
			c = next(t.load(other), func(*store.Record) {})
			c.Due = store.DueDrop
			t.wantCode(c, store.Applied)
			t.wantShelved("one")
		}},
		{"a change that does not apply leaves the shelf alone", func(t *tester) {
			id := t.shelve("one")
			c := next(t.load(id), toStatus(contracts.StatusCancelled))
			c.IfVersion++
			t.wantCode(c, store.Conflict)
			t.wantShelved("one", id)
		}},
		{"a burial puts what it queues into the outbox, not on a shelf", func(t *tester) {
			s := t.renew("s1")
			id := t.shelve("one")
			t.apply(next(t.load(id), granted("s1")))
			t.wantShelved("one")
			c := next(t.load(id), func(r *store.Record) { r.Mission.Status, r.Session, r.Execution = contracts.StatusQueued, "", "" })
			c.Due, c.DueAt = store.DueSet, contracts.At(t.now().Add(-time.Second))
			_, err := t.Bury(t.ctx, "s1", s.RenewedAt, c)
			t.must(err)
			t.wantShelved("one")
			t.wantTaken(10, time.Hour, store.Due{MissionID: id})
		}},
		{"Unshelve gives due entries, in order, up to the limit", func(t *tester) {
			a, b := t.shelve("one"), t.shelve("one")
			before := t.now()
			t.awaitClock(before)
			late := t.shelve("one")
			past := t.now().Add(-time.Second)
			if n := t.unshelve("one", before, 1, past.Add(-time.Second)); n != 1 {
				t.Errorf("%d missions, want 1", n)
			}
			t.wantShelved("one", b, late)
			if n := t.unshelve("one", before, 10, past); n != 1 {
				t.Errorf("%d missions, want 1", n)
			}
			if n := t.unshelve("one", before, 10, past) + t.unshelve("two", before, 10, past) + t.unshelve("one", before.Add(time.Hour), 0, past); n != 0 {
				t.Errorf("%d more", n)
			}
			t.wantShelved("one", late)
			taken := t.wantTaken(10, time.Hour, store.Due{MissionID: a}, store.Due{MissionID: b})
			if taken[0].Dispatch == 0 || taken[0].Shelf != "" {
				t.Errorf("taken as %+v", taken[0])
			}
		}},
		{"however far a moment is, it means one shelf, and none of the entries that are due", func(t *tester) {
			one, two, three := t.shelve("one"), t.shelve("two"), t.shelve("three")
			late, early := t.due(t.now().AddDate(7000, 0, 0)), t.due(time.UnixMilli(-1))
			far, before := t.now().AddDate(500, 0, 0), time.UnixMilli(-1)
			for _, shelf := range []string{"one", "two", "three", "four"} {
				if got := t.shelved(shelf, before, 100); len(got) > 0 {
					t.Errorf("long ago %v lay on %s", got, shelf)
				}
			}
			for shelf, want := range map[string][]string{"one": {one}, "two": {two}, "three": {three}, "four": nil} {
				if d := diff(want, t.shelved(shelf, far, 100)); d != "" {
					t.Errorf("%s: %s", shelf, d)
				}
			}
			past := t.now().Add(-time.Second)
			if n := t.unshelve("two", far, 10, past); n != 1 {
				t.Errorf("%d missions, want 1", n)
			}
			t.wantShelved("one", one)
			t.wantShelved("three", three)
			t.wantTaken(10, time.Hour, early, store.Due{MissionID: two})
			t.must(t.ClearDue(t.ctx, store.Due{MissionID: late.MissionID, Dispatch: late.Dispatch, Shelf: "one"}))
			t.awaitClock(t.now())
			t.wantShelved("one", one, late.MissionID)
		}},
		{"what left the outbox by one confirm stays away at the next", func(t *tester) {
			d := t.due(t.now().Add(-time.Second))
			d.Shelf = "one"
			t.must(t.ClearDue(t.ctx, d, d))
			other := d
			other.Shelf = "two"
			t.must(t.ClearDue(t.ctx, other))
			other.Shelf = ""
			t.must(t.ClearDue(t.ctx, other))
			t.awaitClock(t.now())
			t.wantShelved("one", d.MissionID)
			t.wantShelved("two")
			t.apply(next(t.load(d.MissionID), toStatus(contracts.StatusInProgress)))
			t.must(t.ClearDue(t.ctx, d))
			t.wantShelved("one")
			t.apply(next(t.load(d.MissionID), toStatus(contracts.StatusQueued)))
			t.must(t.ClearDue(t.ctx, d))
			t.wantShelved("one")
			t.wantTaken(10, time.Hour)
		}},
		{"an unshelved mission is a newer dispatch, and can be shelved again", func(t *tester) {
			d := t.due(t.now().Add(time.Hour))
			d.Shelf = "one"
			t.must(t.ClearDue(t.ctx, d))
			t.awaitClock(t.now())
			if n := t.unshelve("one", t.now(), 10, t.now().Add(-time.Second)); n != 1 {
				t.Fatalf("%d missions, want 1", n)
			}
			t.must(t.ClearDue(t.ctx, d)) // of before
			taken := t.wantTaken(10, time.Hour, d)
			taken[0].Shelf = "two"
			t.must(t.ClearDue(t.ctx, taken...))
			t.wantShelved("one")
			t.wantShelved("two", d.MissionID)
		}},
		{"many who unshelve share what there is", func(t *tester) {
			var want []string
			for range 40 {
				d := t.due(t.now().Add(time.Hour))
				d.Shelf = "one"
				t.must(t.ClearDue(t.ctx, d))
				want = append(want, d.MissionID)
			}
			t.awaitClock(t.now())
			before, at := contracts.At(t.now()), contracts.At(t.now().Add(-time.Second))
			var total atomic.Int64
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for {
						n, err := t.Unshelve(t.ctx, "one", before, 3, at)
						if err != nil {
							t.Error(err)
						}
						if total.Add(int64(n)); n == 0 {
							return
						}
					}
				})
			}
			all.Wait()
			if got := t.take(100, time.Hour); int(total.Load()) != len(want) || len(got) != len(want) {
				t.Errorf("%d were unshelved and %d taken, want %d", total.Load(), len(got), len(want))
			}
		}},
	}
}

func brokerIDTests() []test {
	return []test{
		{"it is empty at first, and swapped only from what it is", func(t *tester) {
			want := func(id string) {
				t.Helper()
				got, err := t.BrokerID(t.ctx)
				t.must(err)
				if got != id {
					t.Fatalf("the id is %q, want %q", got, id)
				}
			}
			swap := func(old, next string, want bool) {
				t.Helper()
				done, err := t.SwapBrokerID(t.ctx, old, next)
				t.must(err)
				if done != want {
					t.Fatalf("swapped %q for %q: %v, want %v", old, next, done, want)
				}
			}
			want("")
			swap("a", "b", false)
			want("")
			swap("", "a", true)
			swap("", "b", false)
			want("a")
			swap("a", "b", true)
			want("b")
		}},
		{"of many who swap at once one does", func(t *tester) {
			var done atomic.Int64
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					ok, err := t.SwapBrokerID(t.ctx, "", string(rune('a'+i)))
					if err != nil {
						t.Error(err)
					}
					if ok {
						done.Add(1)
					}
				})
			}
			all.Wait()
			if done.Load() != 1 {
				t.Errorf("%d did", done.Load())
			}
		}},
	}
}
