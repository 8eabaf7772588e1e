package storetest

import (
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// of returns the creation of a mission of a squad, with a key or without, due now.
func (t *tester) of(squad, key string) store.Change {
	t.Helper()
	c := t.keyed(key)
	c.Record.Mission.Squad = squad
	return c
}

// ordered creates missions of a squad one by one, and returns them.
func (t *tester) ordered(squad, key string, n int) []store.Record {
	t.Helper()
	var all []store.Record
	for range n {
		all = append(all, t.apply(t.of(squad, key)))
	}
	return all
}

// limitSquad sets the limit of a squad, and does not open its gate.
func (t *tester) limitSquad(squad string, most int) {
	t.Helper()
	t.putLimit(store.SquadLimitsCollection, squad, contracts.Limit{MaxRunning: most})
}

func (t *tester) unlimitSquad(squad string) {
	t.Helper()
	d, err := t.Document(t.ctx, store.SquadLimitsCollection, squad)
	t.must(err)
	t.must(t.DeleteDocument(t.ctx, store.SquadLimitsCollection, squad, d.Version))
	t.must(t.OpenGate(t.ctx, store.SquadGate(squad)))
}

func (t *tester) wantSquad(squad string, admitted, waiting int) {
	t.Helper()
	t.wantGate(store.SquadGate(squad), admitted, waiting)
}

func squadGateTests() []test {
	return []test{
		{"squads without a limit have no gate", func(t *tester) {
			plain := t.ordered("gpu", "", 2)
			t.wantSquad("gpu", 0, 0)
			t.limitSquad("cpu", 1)
			plain = append(plain, t.ordered("gpu", "", 2)...)
			plain = append(plain, t.ordered("cpu", "", 2)[0])
			t.wantSquad("gpu", 0, 0)
			t.wantDue(plain...)
			t.wantSquad("cpu", 1, 1)
		}},
		{"as many of a squad as its limit allows, in the order in which they came", func(t *tester) {
			t.limitSquad("gpu", 2)
			kind := t.of("gpu", "")
			kind.Record.Mission.Kind, kind.Record.Mission.UniqueKey = strings.Repeat("k", 64), strings.Repeat("u", 200)
			kind.Record.Mission.DeadlineAt = contracts.At(t.now().Add(time.Hour))
			all := append(t.ordered("gpu", "", 2), t.apply(kind), t.apply(t.of("gpu", "")))
			others := append(t.ordered("default", "", 1), t.ordered("gpu2", "", 1)...)
			t.wantSquad("gpu", 2, 2)
			t.wantDue(append(others, all[:2]...)...)
			waits, err := t.WaitsAtGate(t.ctx, store.SquadGate("gpu"), all[2].Mission.MissionID)
			t.must(err)
			if !waits {
				t.Error("the third one does not wait")
			}
			if o := t.ends(all[0]); !o.Admitted {
				t.Error("the outcome does not tell that somebody was admitted")
			}
			t.wantDue(all[2])
			later, _ := t.to(all[1], contracts.StatusScheduled, store.DueSet)
			t.wantDue(all[3], later)
			t.wantSquad("gpu", 2, 0)
			t.ends(all[2])
			t.ends(all[3])
			t.wantSquad("gpu", 0, 0)
		}},
		{"the default squad has a limit as any other", func(t *tester) {
			t.limitSquad(contracts.DefaultSquad, 1)
			all := t.ordered(contracts.DefaultSquad, "", 2)
			t.wantDue(all[0])
			t.ends(all[0])
			t.wantDue(all[1])
		}},
		{"a squad's gate is not that of a key of its name", func(t *tester) {
			t.limitSquad("gpu", 2)
			all := t.ordered("gpu", "gpu", 3)
			t.wantDue(all[0])
			t.wantGate("gpu", 1, 2)
			t.wantSquad("gpu", 1, 0)
		}},
		{"a mission needs both places, and keeps that at its key's gate while it waits at its squad's", func(t *tester) {
			t.limitSquad("gpu", 1)
			t.limit("k", contracts.Limit{MaxRunning: 2})
			first := t.ordered("gpu", "", 1)[0]
			keyed := t.ordered("gpu", "k", 3)
			elsewhere := t.ordered("cpu", "k", 1)[0]
			t.wantDue(first)
			t.wantGate("k", 2, 2)
			t.wantSquad("gpu", 1, 2)
			t.ends(first)
			t.wantDue(keyed[0])
			t.ends(keyed[0]) // frees a place at both
			t.wantDue(keyed[1])
			t.wantGate("k", 2, 1)
			t.wantSquad("gpu", 1, 1)
			t.ends(keyed[1])
			t.wantDue(keyed[2], elsewhere)
			t.wantSquad("gpu", 1, 0)
		}},
		{"who waits at its squad's gate may be cancelled, which admits another of its key", func(t *tester) {
			t.limitSquad("gpu", 1)
			first := t.ordered("gpu", "", 1)[0]
			waits := t.ordered("gpu", "k", 1)[0]
			other := t.ordered("cpu", "k", 1)[0]
			t.wantDue(first)
			t.to(waits, contracts.StatusCancelled, store.DueDrop)
			t.wantDue(other)
			t.wantSquad("gpu", 1, 0)
		}},
		{"the outcome has no Dispatch while a mission waits for its squad", func(t *tester) {
			t.limitSquad("gpu", 1)
			outcomes := t.createAll(store.Applied, nil, t.of("gpu", "a"), t.of("gpu", "b"), t.of("cpu", "c"))
			if outcomes[0].Dispatch == 0 || outcomes[1].Dispatch != 0 || outcomes[2].Dispatch == 0 {
				t.Errorf("%+v", outcomes)
			}
		}},
		{"creations of a call that are admitted by their key in it come to their squad's gate", func(t *tester) {
			t.limitSquad("gpu", 1)
			first := t.ordered("cpu", "k", 1)[0]
			t.wantDue(first)
			end := next(first, toStatus(contracts.StatusCompleted))
			end.Due = store.DueDrop
			one, two := t.of("gpu", "k"), t.of("gpu", "")
			outcomes, err := t.Commit(t.ctx, one, two, end)
			t.must(err)
			if outcomes[0].Dispatch != 0 || outcomes[1].Dispatch == 0 {
				t.Errorf("%+v", outcomes)
			}
			t.wantDue(two.Record)
			t.wantGate("k", 1, 0)
			t.wantSquad("gpu", 1, 1)
			t.ends(t.load(two.Record.Mission.MissionID))
			t.wantDue(one.Record)
		}},
		{"what runs when the limit is set is counted from its next change on, and has a place whatever the limit", func(t *tester) {
			s := t.renew(newID())
			all := t.ordered("gpu", "", 3)
			t.wantDue(all...)
			one, two := t.runs(all[0], s.ID), t.runs(all[1], s.ID)
			t.limitSquad("gpu", 1)
			t.wantSquad("gpu", 0, 0)
			one = t.apply(next(one, func(r *store.Record) { r.Mission.Progress = 5 }))
			t.apply(next(two, func(r *store.Record) { r.Mission.Progress = 5 }))
			t.wantSquad("gpu", 2, 0)
			last := t.ordered("gpu", "", 1)[0]
			t.runs(all[2], s.ID) // its order was out
			t.wantSquad("gpu", 3, 1)
			t.ends(one)
			t.ends(t.load(two.Mission.MissionID))
			t.wantDue()
			t.ends(t.load(all[2].Mission.MissionID))
			t.wantDue(last)
		}},
		{"what is due when the limit is set waits, too, unless a place is free", func(t *tester) {
			all := t.ordered("gpu", "", 3)
			t.must(t.ClearDue(t.ctx, t.dueOf(all[2], "waiting")))
			t.limitSquad("gpu", 1)
			taken := t.take(10, time.Hour)
			if len(taken) != 1 {
				t.Fatalf("due are %v, want one", taken)
			}
			t.wantSquad("gpu", 1, 1)
			n, err := t.Unshelve(t.ctx, "waiting", contracts.At(t.now().Add(time.Hour)), 10, contracts.At(t.now().Add(-time.Second)))
			t.must(err)
			if n != 1 {
				t.Fatalf("%d lay on the shelf", n)
			}
			if more := t.take(10, time.Hour); len(more) != 0 {
				t.Errorf("due are %v", more)
			}
			t.wantSquad("gpu", 1, 2)
			t.must(t.ClearDue(t.ctx, taken...))
			for range all {
				t.ends(t.load(taken[0].MissionID))
				taken = t.take(10, time.Hour)
				if len(taken) == 0 {
					break
				}
			}
			t.wantSquad("gpu", 0, 0)
		}},
		{"an order of before a limit clears no due entry of after", func(t *tester) {
			dispatches := map[string]int64{}
			for range 2 {
				c := t.of("gpu", "")
				dispatches[c.Record.Mission.MissionID] = t.commit(c).Dispatch
			}
			t.limitSquad("gpu", 1)
			first := t.take(10, time.Hour)
			if len(first) != 1 {
				t.Fatalf("due are %v, want one", first)
			}
			t.must(t.ClearDue(t.ctx, first...))
			t.ends(t.load(first[0].MissionID))
			delete(dispatches, first[0].MissionID)
			for id, dispatch := range dispatches {
				t.must(t.ClearDue(t.ctx, store.Due{MissionID: id, Dispatch: dispatch}))
			}
			if second := t.take(10, time.Hour); len(second) != 1 {
				t.Errorf("due are %v, want the other one", second)
			}
		}},
		{"a death that ends a mission admits the next of its squad, and one that does not keeps its place", func(t *tester) {
			t.limitSquad("gpu", 2)
			s := t.renew(newID())
			all := t.ordered("gpu", "", 3)
			t.wantDue(all[:2]...)
			end := next(t.runs(all[0], s.ID), func(r *store.Record) { r.Mission.Status, r.Session, r.Execution = contracts.StatusFailed, "", "" })
			lost := next(t.runs(all[1], s.ID), func(r *store.Record) { r.Mission.Status, r.Session, r.Execution = contracts.StatusQueued, "", "" })
			lost.Due, lost.DueAt = store.DueSet, contracts.At(t.now().Add(-time.Second))
			outcomes, err := t.Bury(t.ctx, s.ID, s.RenewedAt, end, lost)
			t.must(err)
			if outcomes[1].Dispatch == 0 || !outcomes[0].Admitted {
				t.Errorf("outcomes of the death: %+v", outcomes)
			}
			t.wantDue(all[1], all[2])
			t.wantSquad("gpu", 2, 0)
		}},
		{"a removed limit lets all through, a few at a time, and leaves nothing", func(t *tester) {
			t.limitSquad("gpu", 1)
			var changes []store.Change
			for range store.GateBatch + 10 {
				changes = append(changes, t.of("gpu", ""))
			}
			t.createAll(store.Applied, nil, changes...)
			gone := t.load(changes[5].Record.Mission.MissionID)
			t.unlimitSquad("gpu")
			t.wantSquad("gpu", 1+store.GateBatch, 9)
			t.to(gone, contracts.StatusCancelled, store.DueDrop)
			for range 5 { // each looks again
				t.take(1000, -time.Second)
			}
			t.wantSquad("gpu", 0, 0)
			if taken := t.take(1000, time.Hour); len(taken) != len(changes)-1 {
				t.Errorf("%d are due, want %d", len(taken), len(changes)-1)
			}
			t.ends(t.load(changes[0].Record.Mission.MissionID))
			t.ordered("gpu", "", 1)
			t.wantSquad("gpu", 0, 0)
		}},
		{"a raised limit admits more; a lowered one takes no place away", func(t *tester) {
			t.limitSquad("gpu", 1)
			all := t.ordered("gpu", "", 4)
			t.limitSquad("gpu", 3)
			t.must(t.OpenGate(t.ctx, store.SquadGate("gpu")))
			t.wantDue(all[:3]...)
			t.limitSquad("gpu", 2)
			t.must(t.OpenGate(t.ctx, store.SquadGate("gpu")))
			t.wantSquad("gpu", 3, 1)
			t.ends(all[0])
			t.wantDue()
			t.ends(all[1])
			t.wantDue(all[3])
		}},
	}
}

// dueOf returns the due entry of a mission, and the shelf on which clearing it puts it.
func (t *tester) dueOf(r store.Record, shelf string) store.Due {
	t.Helper()
	for _, d := range t.take(1000, -time.Second) {
		if d.MissionID == r.Mission.MissionID {
			d.Shelf = shelf
			return d
		}
	}
	t.Fatalf("%s is not due", r.Mission.MissionID)
	return store.Due{}
}
