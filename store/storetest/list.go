package storetest

import (
	"errors"
	"slices"
	"sync"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// page lists one page of a store that is not degraded.
func (t *tester) page(q store.Query) store.Page {
	t.Helper()
	p, err := t.List(t.ctx, q)
	t.must(err)
	if !p.Complete || p.Source.Degraded {
		t.Errorf("List: complete %v, source %v", p.Complete, p.Source)
	}
	if len(p.Missions) > q.Limit {
		t.Errorf("List: %d missions, limit %d", len(p.Missions), q.Limit)
	}
	return p
}

// pages lists all pages, and calls between after each.
func (t *tester) pages(q store.Query, between func()) []contracts.Mission {
	t.Helper()
	var all []contracts.Mission
	for {
		p := t.page(q)
		all = append(all, p.Missions...)
		if p.Next == "" {
			return all
		}
		q.Cursor = p.Next
		between()
	}
}

func listTests() []test {
	return []test{
		{"newest first, without payload and result", func(t *tester) {
			if p := t.page(store.Query{Limit: 10}); len(p.Missions) != 0 || p.Next != "" {
				t.Errorf("empty store: %v", p)
			}
			a, b := newID(), t.near(together)
			t.wantCode(create(fullRecord(b)), store.Applied)
			t.wantCode(create(record(a)), store.Applied)
			want := []contracts.Mission{t.load(b).Mission.Brief(), t.load(a).Mission.Brief()}
			p := t.page(store.Query{Limit: 10})
			if d := diff(want, p.Missions); d != "" || p.Next != "" {
				t.Errorf("List: %s, next %q", d, p.Next)
			}
		}},
		{"a limit is 1 to 200", func(t *tester) {
			var changes []store.Change
			for range contracts.MaxListLimit + 1 {
				changes = append(changes, create(record(newID())))
			}
			_, err := t.Commit(t.ctx, changes...)
			t.must(err)
			for limit, want := range map[int]int{-1: 1, 0: 1, 1: 1, 200: 200, 1000: 200} {
				p, err := t.List(t.ctx, store.Query{Limit: limit})
				t.must(err)
				if len(p.Missions) != want || p.Next == "" {
					t.Errorf("limit %d: %d missions, next %q", limit, len(p.Missions), p.Next)
				}
			}
		}},
		{"each filter, and all of them together", func(t *tester) {
			statuses := []contracts.Status{contracts.StatusQueued, contracts.StatusInProgress, contracts.StatusCompleted}
			var all []store.Record
			for i := range 60 {
				r := record(newID())
				r.Mission.Kind = []string{"resize", "simulate"}[i%2]
				r.Mission.Squad = []string{"default", "gpu", "eu"}[i%3]
				all = append(all, t.apply(create(r)))
			}
			for i := range all {
				if status := statuses[i/5%3]; status != contracts.StatusQueued {
					all[i] = t.apply(next(all[i], toStatus(status)))
				}
			}
			for _, status := range append(statuses, "", contracts.StatusFailed) {
				for _, kind := range []string{"", "resize", "simulate", "none"} {
					for _, squad := range []string{"", "default", "gpu", "eu", "none"} {
						for _, limit := range []int{1, 7, 200} {
							q := store.Query{Status: status, Kind: kind, Squad: squad, Limit: limit}
							var want []contracts.Mission
							for _, rec := range slices.Backward(all) {
								m := rec.Mission
								if (status == "" || m.Status == status) && (kind == "" || m.Kind == kind) && (squad == "" || m.Squad == squad) {
									want = append(want, m.Brief())
								}
							}
							got := t.pages(q, func() {})
							if d := diff(want, got); d != "" {
								t.Fatalf("%+v: %s", q, d)
							}
						}
					}
				}
			}
		}},
		{"pages have no gaps and no repeats while missions come and change", func(t *tester) {
			var old []string
			for range 50 {
				old = append(old, t.apply(create(record(newID()))).Mission.MissionID)
			}
			var writers sync.WaitGroup
			got := t.pages(store.Query{Limit: 7}, func() {
				t.apply(create(record(newID())))
				for _, id := range []string{old[3], old[30]} {
					writers.Go(func() {
						if records, err := t.Load(t.ctx, id); err == nil {
							_, _ = t.Commit(t.ctx, next(records[0], func(r *store.Record) { r.Mission.Progress++ }))
						}
					})
				}
			})
			writers.Wait()
			var ids []string
			for _, m := range got {
				ids = append(ids, m.MissionID)
			}
			for i := range 25 {
				old[i], old[49-i] = old[49-i], old[i]
			}
			if d := diff(old, ids); d != "" {
				t.Error(d)
			}
		}},
		{"missions that stay in a filter are all seen while others leave it", func(t *tester) {
			var stay []string
			var leave []store.Record
			for i := range 40 {
				r := t.apply(create(record(newID())))
				if i%2 == 0 {
					stay = append([]string{r.Mission.MissionID}, stay...)
				} else {
					leave = append(leave, r)
				}
			}
			staying := map[string]bool{}
			for _, id := range stay {
				staying[id] = true
			}
			got := t.pages(store.Query{Status: contracts.StatusQueued, Squad: "default", Limit: 3}, func() {
				for range min(3, len(leave)) {
					t.apply(next(leave[len(leave)-1], toStatus(contracts.StatusCancelled)))
					leave = leave[:len(leave)-1]
				}
			})
			var seen []string
			for _, m := range got {
				if staying[m.MissionID] {
					seen = append(seen, m.MissionID)
				}
			}
			if d := diff(stay, seen); d != "" {
				t.Error(d)
			}
		}},
		{"a cursor of one filter serves another, and outlives its mission's change", func(t *tester) {
			a, b := t.apply(create(record(newID()))), t.apply(create(record(newID())))
			p := t.page(store.Query{Limit: 1})
			t.apply(next(b, toStatus(contracts.StatusCancelled)))
			p = t.page(store.Query{Limit: 1, Cursor: p.Next, Status: contracts.StatusQueued})
			if len(p.Missions) != 1 || p.Missions[0].MissionID != a.Mission.MissionID || p.Next != "" {
				t.Errorf("%v", p)
			}
		}},
		{"a cursor that no list gave is ErrCursor", func(t *tester) {
			for _, cursor := range []string{"x", "+", "-", "[a", newID() + "0", "0189AB00-0000-7000-8000-000000000000"} {
				if _, err := t.List(t.ctx, store.Query{Limit: 1, Cursor: cursor}); !errors.Is(err, store.ErrCursor) {
					t.Errorf("%q: %v, want ErrCursor", cursor, err)
				}
			}
		}},
	}
}
