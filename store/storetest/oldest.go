package storetest

import (
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func oldestTests() []test {
	return []test{
		{"none where none is QUEUED", func(t *tester) {
			t.wantOldest(store.Record{})
			r := t.apply(create(record(newID())))
			later := record(newID())
			later.Mission.Status = contracts.StatusScheduled
			t.apply(create(later))
			t.wantOldest(r)
			t.apply(next(r, toStatus(contracts.StatusCancelled)))
			t.wantOldest(store.Record{})
		}},
		{"the one that was created first, in whatever order they are made and left", func(t *tester) {
			var all []store.Record
			for i := range 60 {
				r := record(newID())
				r.Mission.Squad = []string{"default", "gpu"}[i%2]
				r.Mission.CreatedAt = contracts.At(time.UnixMilli(1_700_000_000_000 + int64(i)))
				all = append(all, r)
			}
			for i := range all {
				r := &all[i*37%len(all)]
				*r = t.apply(create(*r))
			}
			for i, r := range all {
				t.wantOldest(r)
				if i%3 == 0 { // also one from the middle, which is met later
					m := &all[(i+len(all))/2]
					*m = t.apply(next(*m, toStatus(contracts.StatusCancelled)))
					*m = t.apply(next(*m, toStatus(contracts.StatusQueued)))
				}
				t.apply(next(all[i], toStatus(contracts.StatusCancelled)))
			}
			t.wantOldest(store.Record{})
		}},
		{"one that is QUEUED again is where it was", func(t *tester) {
			first, second := t.apply(create(record(newID()))), t.apply(create(record(newID())))
			for range 200 {
				first = t.apply(next(first, toStatus(contracts.StatusInProgress)))
				t.wantOldest(second)
				first = t.apply(next(first, toStatus(contracts.StatusQueued)))
				t.wantOldest(first)
			}
			for range 200 { // what moves behind the oldest one
				second = t.apply(next(second, toStatus(contracts.StatusInProgress)))
				second = t.apply(next(second, toStatus(contracts.StatusQueued)))
			}
			t.wantOldest(first)
			t.apply(next(first, toStatus(contracts.StatusCompleted)))
			t.wantOldest(second)
		}},
		{"not one that was removed", func(t *tester) {
			a, b := t.apply(create(record(newID()))), t.apply(create(record(newID())))
			a = t.apply(next(a, toStatus(contracts.StatusFailed)))
			gone, err := t.Remove(t.ctx, store.Removal{MissionID: a.Mission.MissionID, IfVersion: a.Mission.Version})
			t.must(err)
			if !slices.Equal(gone, []string{a.Mission.MissionID}) {
				t.Fatalf("removed %v", gone)
			}
			t.wantOldest(b)
		}},
	}
}

// wantOldest compares the oldest QUEUED mission; the zero record is none.
func (t *tester) wantOldest(want store.Record) {
	t.Helper()
	got, err := t.Counts(t.ctx)
	t.must(err)
	w := store.Waiting{MissionID: want.Mission.MissionID}
	if w.MissionID != "" {
		w.CreatedAt, w.Squad = want.Mission.CreatedAt, want.Mission.Squad
	}
	if d := diff(w, got.Oldest); d != "" {
		t.Errorf("Counts, the oldest that is QUEUED: %s", d)
	}
}
