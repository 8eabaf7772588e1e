package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"pgregory.net/rapid"
)

// wantSquads compares the counts of squads.
func (t *tester) wantSquads(want map[string]store.Unended) {
	t.Helper()
	got, err := t.SquadCounts(t.ctx)
	t.must(err)
	if d := diff(store.SquadCounts{BySquad: want, Known: true}, got); d != "" {
		t.Fatalf("SquadCounts: %s", d)
	}
}

// walked counts the missions of each squad that have not ended, one by one.
func (t *tester) walked() map[string]store.Unended {
	t.Helper()
	counts := map[string]store.Unended{}
	q := store.Query{Limit: contracts.MaxListLimit}
	for {
		page, err := t.List(t.ctx, q)
		t.must(err)
		for _, m := range page.Missions {
			if n := counts[m.Squad].With(m.Status, 1); n != (store.Unended{}) {
				counts[m.Squad] = n
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return counts
		}
	}
}

func squadCountTests() []test {
	return []test{
		{"none at first, and they are known", func(t *tester) {
			t.wantSquads(map[string]store.Unended{})
			known, err := t.Recount(t.ctx)
			t.must(err)
			if !known {
				t.Error("there is something to count in an empty store")
			}
		}},
		{"each mission is in its squad's count until it has ended", func(t *tester) {
			soldier := t.renew(newID())
			r := record(newID())
			r.Mission.Squad, r.Mission.Status = "gpu", contracts.StatusScheduled
			r = t.apply(create(r))
			t.apply(create(record(newID())))
			other := store.Unended{Queued: 1}
			t.wantSquads(map[string]store.Unended{"gpu": {Scheduled: 1}, "default": other})
			r = t.apply(next(r, toStatus(contracts.StatusQueued)))
			t.wantSquads(map[string]store.Unended{"gpu": {Queued: 1}, "default": other})
			r = t.apply(next(r, granted(soldier.ID)))
			r = t.apply(next(r, func(r *store.Record) { r.Mission.Progress = 5 }))
			t.wantSquads(map[string]store.Unended{"gpu": {InProgress: 1}, "default": other})
			c := next(r, func(r *store.Record) { r.Mission.Status, r.Session, r.Execution = contracts.StatusFailed, "", "" })
			r = t.apply(c)
			t.wantCode(c, store.Conflict)
			t.wantSquads(map[string]store.Unended{"default": other})
			r = t.apply(next(r, toStatus(contracts.StatusQueued)))
			t.wantSquads(map[string]store.Unended{"gpu": {Queued: 1}, "default": other})
			r = t.apply(next(r, toStatus(contracts.StatusCancelled)))
			gone, err := t.Remove(t.ctx, store.Removal{MissionID: r.Mission.MissionID, IfVersion: r.Mission.Version})
			t.must(err)
			if len(gone) != 1 {
				t.Fatalf("removed %v", gone)
			}
			t.wantSquads(map[string]store.Unended{"default": other})
		}},
		{"a name that a later change gives moves nobody", func(t *tester) {
			r := t.apply(create(record(newID())))
			t.apply(next(r, func(r *store.Record) { r.Mission.Squad, r.Mission.Status = "gpu", contracts.StatusInProgress }))
			t.wantSquads(map[string]store.Unended{"default": {InProgress: 1}})
		}},
		{"missions that are created at once, with all that a creation fixes", func(t *tester) {
			var changes []store.Change
			for i := range 300 {
				r := record(t.near(together))
				r.Mission.Squad = []string{"default", "gpu", "a-squad-with-a-long-name"}[i%3]
				r.Mission.Kind = []string{contracts.DefaultKind, "resize"}[i%2]
				if i%5 == 0 {
					r.Mission.DeadlineAt = contracts.At(t.now().Add(time.Hour))
				}
				changes = append(changes, create(r))
			}
			t.createAll(store.Applied, nil, changes...)
			want := map[string]store.Unended{"default": {Queued: 100}, "gpu": {Queued: 100}, "a-squad-with-a-long-name": {Queued: 100}}
			t.wantSquads(want)
			t.createAll(store.Conflict, nil, changes...)
			t.wantSquads(want)
			for i, c := range changes {
				changes[i] = next(t.load(c.Record.Mission.MissionID), toStatus(contracts.StatusCompleted))
			}
			_, err := t.Commit(t.ctx, changes...)
			t.must(err)
			t.wantSquads(map[string]store.Unended{})
		}},
		{"what a death gives back, and ends", func(t *tester) {
			soldier := t.renew(newID())
			var changes []store.Change
			for i := range 3 {
				r := record(t.near(together))
				r.Mission.Squad = "gpu"
				r = t.apply(next(t.apply(create(r)), granted(soldier.ID)))
				changes = append(changes, next(r, func(r *store.Record) {
					r.Session, r.Execution, r.Mission.Status = "", "", []contracts.Status{contracts.StatusQueued, contracts.StatusFailed}[i%2]
				}))
			}
			t.wantSquads(map[string]store.Unended{"gpu": {InProgress: 3}})
			_, err := t.Bury(t.ctx, soldier.ID, soldier.RenewedAt, changes...)
			t.must(err)
			t.wantSquads(map[string]store.Unended{"gpu": {Queued: 2}})
		}},
		{"an adopted mission", func(t *tester) {
			r := record(newID())
			t.apply(store.Change{Record: r, FirstVersion: 1_000_000})
			t.wantSquads(map[string]store.Unended{"default": {Queued: 1}})
		}},
		{"after any changes they are what a walk through all missions says", func(t *tester) {
			// One store for all sequences: what one leaves is there for the next.
			var all []string
			rapid.Check(t.T, func(r *rapid.T) {
				for range rapid.IntRange(1, 8).Draw(r, "commits") {
					var changes []store.Change
					for range rapid.IntRange(1, 12).Draw(r, "changes") {
						changes = append(changes, t.drawn(r, &all))
					}
					_, err := t.Commit(t.ctx, changes...)
					t.must(err)
				}
				want := t.walked()
				got, err := t.SquadCounts(t.ctx)
				t.must(err)
				if d := diff(store.SquadCounts{BySquad: want, Known: true}, got); d != "" {
					r.Fatalf("SquadCounts: %s", d)
				}
			})
		}},
	}
}

// drawn returns a change of a new mission, or of one that may have been changed meanwhile.
func (t *tester) drawn(r *rapid.T, all *[]string) store.Change {
	status := rapid.SampledFrom(contracts.Statuses()).Draw(r, "status")
	if len(*all) == 0 || rapid.IntRange(0, 2).Draw(r, "new") == 0 {
		m := record(newID())
		m.Mission.Squad, m.Mission.Status = fmt.Sprint("squad-", rapid.IntRange(0, 3).Draw(r, "squad")), status
		*all = append(*all, m.Mission.MissionID)
		return create(m)
	}
	m := t.load(rapid.SampledFrom((*all)[max(0, len(*all)-20):]).Draw(r, "mission"))
	if m.Mission.Version == 0 {
		return create(record(newID())) // that mission is a change before this one
	}
	return next(m, toStatus(status))
}

// RunUncounted runs what is promised where a commander of before there were counts works on the data of s, or did. uncounted has it
// commit changes.
func RunUncounted(t *testing.T, s store.Store, uncounted func(changes ...store.Change)) {
	tt := &tester{T: t, Store: s, ctx: t.Context()}
	var all []store.Record
	for i := range 5000 {
		r := record(newID())
		r.Mission.Squad = []string{"default", "gpu"}[i%2]
		all = append(all, r)
	}
	for from := 0; from < len(all); from += 1000 {
		var changes []store.Change
		for _, r := range all[from : from+1000] {
			changes = append(changes, create(r))
		}
		uncounted(changes...)
	}
	tt.wantUnknown()
	tt.apply(create(record(newID())))
	tt.wantUnknown()

	// Changes go on while it is counted: of missions that are counted, that are not yet, and new ones.
	steps := 0
	for {
		known, err := s.Recount(tt.ctx)
		tt.must(err)
		if known {
			break
		}
		tt.wantUnknown()
		for i := range all {
			if i%97 == steps%97 {
				all[i] = tt.apply(next(tt.load(all[i].Mission.MissionID), toStatus(contracts.Statuses()[(i+steps)%6])))
			}
		}
		tt.apply(create(record(newID())))
		if steps++; steps > 1000 {
			t.Fatal("the counting does not end")
		}
	}
	if steps < 2 {
		t.Fatalf("all was counted in %d steps: they are not bounded", steps)
	}
	tt.wantSquads(tt.walked())

	// Two changes that make up for each other leave the sums right, and two squads wrong.
	one, other := tt.squadOf("default"), tt.squadOf("gpu")
	one = tt.apply(next(one, toStatus(contracts.StatusQueued)))
	other = tt.apply(next(other, toStatus(contracts.StatusInProgress)))
	tt.wantSquads(tt.walked())
	uncounted(next(one, toStatus(contracts.StatusInProgress)), next(other, toStatus(contracts.StatusQueued)))
	tt.wantUnknown()
	tt.apply(create(record(newID())))
	tt.wantUnknown()
	for known := false; !known; {
		var err error
		known, err = s.Recount(tt.ctx)
		tt.must(err)
	}
	tt.wantSquads(tt.walked())
	tt.apply(create(record(newID())))
	tt.wantSquads(tt.walked())
}

func (t *tester) wantUnknown() {
	t.Helper()
	got, err := t.SquadCounts(t.ctx)
	t.must(err)
	if got.Known || len(got.BySquad) > 0 {
		t.Fatalf("SquadCounts says %+v, where not all is counted", got)
	}
}

// squadOf returns a mission of a squad.
func (t *tester) squadOf(squad string) store.Record {
	t.Helper()
	page, err := t.List(t.ctx, store.Query{Squad: squad, Limit: 1})
	t.must(err)
	if len(page.Missions) == 0 {
		t.Fatalf("no mission of squad %s", squad)
	}
	return t.load(page.Missions[0].MissionID)
}
