package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// RunGates runs the suite of store.Gates, for stores in which missions do not lie apart.
func RunGates(t *testing.T, newStore func(t *testing.T) store.Store) {
	for _, tt := range append(gateTests(), squadGateTests()...) {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			tt.run(&tester{T: t, Store: newStore(t), ctx: ctx})
		})
	}
}

// keyed returns the creation of a mission with a concurrency key, due now.
func (t *tester) keyed(key string) store.Change {
	t.Helper()
	c := create(record(newID()))
	c.Record.Mission.ConcurrencyKey = key
	c.Due, c.DueAt = store.DueSet, contracts.At(t.now().Add(-time.Second))
	return c
}

// queued creates missions with a key one by one, and returns them.
func (t *tester) queued(key string, n int) []store.Record {
	t.Helper()
	var all []store.Record
	for range n {
		all = append(all, t.apply(t.keyed(key)))
	}
	return all
}

func (t *tester) wantGate(key string, admitted, waiting int) {
	t.Helper()
	got, err := t.Gates(t.ctx, "none", key)
	t.must(err)
	if want := []store.Gate{{}, {Admitted: admitted, Waiting: waiting}}; !slices.Equal(got, want) {
		t.Fatalf("gates are %+v, want %+v", got, want)
	}
}

// wantDue wants exactly these missions to be due, and leaves none of them so.
func (t *tester) wantDue(want ...store.Record) {
	t.Helper()
	taken := t.take(1000, time.Hour)
	var got, ids []string
	for _, d := range taken {
		got = append(got, d.MissionID)
	}
	for _, r := range want {
		ids = append(ids, r.Mission.MissionID)
	}
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Fatalf("due are %v, want %v", got, ids)
	}
	t.must(t.ClearDue(t.ctx, taken...))
}

// limit sets the limit of a key, and does not open its gate.
func (t *tester) limit(key string, l contracts.Limit) {
	t.Helper()
	t.putLimit(store.LimitsCollection, key, l)
}

func (t *tester) putLimit(collection, name string, l contracts.Limit) {
	t.Helper()
	body, err := store.EncodeLimit(l)
	t.must(err)
	d, _ := t.Document(t.ctx, collection, name)
	d.Name, d.Body = name, body
	_, err = t.PutDocument(t.ctx, collection, d)
	t.must(err)
}

// to commits a change of status, with what becomes of the due entry.
func (t *tester) to(r store.Record, status contracts.Status, due store.DueChange) (store.Record, store.Outcome) {
	t.Helper()
	c := next(r, func(r *store.Record) { r.Mission.Status, r.Session, r.Execution = status, "", "" })
	if c.Due = due; due == store.DueSet {
		c.DueAt = contracts.At(t.now().Add(-time.Second))
	}
	o := t.commit(c)
	if o.Code != store.Applied {
		t.Fatalf("outcome %+v, want Applied", o)
	}
	return t.load(r.Mission.MissionID), o
}

func (t *tester) ends(r store.Record) store.Outcome {
	t.Helper()
	_, o := t.to(r, contracts.StatusCompleted, store.DueDrop)
	return o
}

// runs grants a mission to a session.
func (t *tester) runs(r store.Record, session string) store.Record {
	t.Helper()
	c := next(r, granted(session))
	c.IfSession, c.Due = session, store.DueDrop
	return t.apply(c)
}

func gateTests() []test {
	return []test{
		{"one in line has its unique key and its deadline beside", func(t *tester) {
			for _, key := range []string{"k", strings.Repeat("k", 127), strings.Repeat("k", 128), strings.Repeat("k", 200)} {
				ahead := t.apply(t.keyed(key))
				c := t.keyed(key)
				c.Record.Mission.UniqueKey, c.Record.Mission.DeadlineAt = key, contracts.FromMillis(1)
				waits := t.apply(c)
				again := t.unique(key)
				t.wantHeld(again, waits)
				t.wantDeadlines(10, time.Hour, waits)
				t.wantGate(key, 1, 1)
				t.apply(next(waits, toStatus(contracts.StatusFailed)))
				t.wantDeadlines(10, time.Hour)
				t.wantGate(key, 1, 0)
				t.wantCode(again, store.Applied)
				t.apply(next(ahead, toStatus(contracts.StatusCompleted)))
			}
		}},
		{"one at a time, in the order in which they came", func(t *tester) {
			all := t.queued("k", 3)
			if all[0].Mission.ConcurrencyKey != "k" {
				t.Errorf("the key is %q", all[0].Mission.ConcurrencyKey)
			}
			t.wantGate("k", 1, 2)
			t.wantDue(all[0])
			for i, r := range all {
				waits, err := t.WaitsAtGate(t.ctx, "k", r.Mission.MissionID)
				t.must(err)
				if waits != (i > 0) {
					t.Errorf("mission %d waits: %v", i, waits)
				}
			}
			if o := t.ends(all[0]); !o.Admitted {
				t.Error("the outcome does not tell that somebody was admitted")
			}
			t.wantDue(all[1])
			t.ends(all[1])
			t.wantDue(all[2])
			if o := t.ends(all[2]); o.Admitted {
				t.Error("the outcome tells that somebody was admitted")
			}
			t.wantGate("k", 0, 0)
		}},
		{"who waits has no Dispatch, and is on no shelf", func(t *tester) {
			first := t.commit(t.keyed("k"))
			c := t.keyed("k")
			second := t.commit(c)
			if first.Dispatch == 0 || second.Dispatch != 0 {
				t.Fatalf("dispatches %d and %d, want one and none", first.Dispatch, second.Dispatch)
			}
			t.must(t.ClearDue(t.ctx, store.Due{MissionID: c.Record.Mission.MissionID, Dispatch: 1, Shelf: "sent"},
				store.Due{MissionID: c.Record.Mission.MissionID, Dispatch: first.Dispatch + 1, Shelf: "sent"}))
			on, err := t.Shelved(t.ctx, "sent", contracts.At(t.now().Add(time.Hour)), 10)
			t.must(err)
			if len(on) != 0 {
				t.Errorf("on the shelf: %v", on)
			}
		}},
		{"keys do not know each other, and other missions know no key", func(t *tester) {
			long, plain := strings.Repeat("k", 198)+"é", create(record(newID()))
			plain.Due, plain.DueAt = store.DueSet, contracts.At(t.now())
			all := []store.Record{t.queued("a", 1)[0], t.queued("b", 2)[0], t.apply(plain), t.queued(long, 2)[0], t.queued("ü |%\\ x", 1)[0]}
			t.awaitClock(t.now())
			t.wantDue(all...)
			t.wantGate(long, 1, 1)
		}},
		{"a place is kept while a mission is granted, released, sent again or lost", func(t *tester) {
			s := t.renew(newID())
			all := t.queued("k", 2)
			t.wantDue(all[0])
			r, _ := t.to(t.runs(all[0], s.ID), contracts.StatusQueued, store.DueSet)
			t.wantDue(r)
			r, _ = t.to(r, contracts.StatusQueued, store.DueSet)
			t.wantDue(r)
			r = t.runs(r, s.ID)
			lost := next(r, func(r *store.Record) { r.Mission.Status, r.Session, r.Execution = contracts.StatusQueued, "", "" })
			lost.Due, lost.DueAt = store.DueSet, contracts.At(t.now().Add(-time.Second))
			outcomes, err := t.Bury(t.ctx, s.ID, s.RenewedAt, lost)
			t.must(err)
			if outcomes[0].Dispatch == 0 || outcomes[0].Admitted {
				t.Errorf("outcome of the death: %+v", outcomes[0])
			}
			t.wantDue(r)
			t.wantGate("k", 1, 1)
		}},
		{"a death that ends a mission admits the next", func(t *tester) {
			s := t.renew(newID())
			all := t.queued("k", 2)
			t.wantDue(all[0])
			end := next(t.runs(all[0], s.ID), func(r *store.Record) { r.Mission.Status, r.Session, r.Execution = contracts.StatusFailed, "", "" })
			outcomes, err := t.Bury(t.ctx, s.ID, s.RenewedAt, end)
			t.must(err)
			if !outcomes[0].Admitted {
				t.Error("the outcome does not tell that somebody was admitted")
			}
			t.wantDue(all[1])
		}},
		{"a mission that is SCHEDULED has no place, and comes last again", func(t *tester) {
			all := t.queued("k", 2)
			t.wantDue(all[0])
			later, _ := t.to(all[0], contracts.StatusScheduled, store.DueSet)
			t.wantGate("k", 1, 0)
			t.wantDue(later, all[1]) // its timer, and the other one
			last, o := t.to(later, contracts.StatusQueued, store.DueSet)
			if o.Dispatch != 0 {
				t.Errorf("dispatch %d of a mission that has to wait", o.Dispatch)
			}
			t.wantDue()
			t.ends(all[1])
			t.wantDue(last)
		}},
		{"a timer of a mission that has to wait is no due entry any more", func(t *tester) {
			c := t.keyed("k")
			c.Record.Mission.Status = contracts.StatusScheduled
			later := t.apply(c)
			t.queued("k", 1)
			t.to(later, contracts.StatusQueued, store.DueSet)
			t.wantGate("k", 1, 1)
			if got := t.take(10, time.Hour); len(got) != 1 || got[0].MissionID == later.Mission.MissionID {
				t.Errorf("due are %v", got)
			}
		}},
		{"who waits may be cancelled, and a cancelled one sent out again", func(t *tester) {
			all := t.queued("k", 3)
			t.wantDue(all[0])
			gone, _ := t.to(all[1], contracts.StatusCancelled, store.DueDrop)
			t.wantGate("k", 1, 1)
			again, _ := t.to(gone, contracts.StatusQueued, store.DueSet)
			t.ends(all[0])
			t.wantDue(all[2])
			t.ends(all[2])
			t.wantDue(again)
		}},
		{"what runs has a place whatever the limit", func(t *tester) {
			s := t.renew(newID())
			t.queued("k", 1)
			waiting := t.queued("k", 1)[0]
			t.runs(waiting, s.ID)
			adopted := create(record(newID()))
			adopted.Record.Mission.ConcurrencyKey = "k"
			granted(s.ID)(&adopted.Record)
			adopted.IfSession, adopted.FirstVersion = s.ID, 1_700_000_000_000
			t.apply(adopted)
			t.wantGate("k", 3, 0)
		}},
		{"changes of one call follow each other", func(t *tester) {
			all := t.queued("k", 2)
			t.wantDue(all[0])
			end := next(all[0], toStatus(contracts.StatusCompleted))
			end.Due = store.DueDrop
			early, late, plain := t.keyed("k"), t.keyed("k"), next(all[1], func(r *store.Record) { r.Mission.Progress = 5 })
			outcomes, err := t.Commit(t.ctx, early, end, late, plain)
			t.must(err)
			for i, o := range outcomes {
				if o.Code != store.Applied || !o.Admitted || o.Dispatch != 0 {
					t.Errorf("outcome %d: %+v", i, o)
				}
			}
			t.wantDue(all[1])
			t.wantGate("k", 1, 2)
			t.ends(t.load(all[1].Mission.MissionID))
			t.wantDue(early.Record)
			t.ends(t.load(early.Record.Mission.MissionID))
			t.wantDue(late.Record)
		}},
		{"a mission that was admitted may end in the same call", func(t *tester) {
			all := t.queued("k", 3)
			t.wantDue(all[0])
			end := func(r store.Record) store.Change {
				c := next(r, toStatus(contracts.StatusCancelled))
				c.Due = store.DueDrop
				return c
			}
			_, err := t.Commit(t.ctx, end(all[0]), end(all[1]))
			t.must(err)
			t.wantDue(all[2])
			t.wantGate("k", 1, 0)
		}},
		{"a thousand at once", func(t *tester) {
			var changes []store.Change
			for range contracts.MaxBatchMissions {
				changes = append(changes, t.keyed("k"))
			}
			t.limit("k", contracts.Limit{MaxRunning: 7})
			outcomes := t.createAll(store.Applied, nil, changes...)
			for i, o := range outcomes {
				if (o.Dispatch != 0) != (i < 7) {
					t.Fatalf("outcome %d: %+v", i, o)
				}
			}
			t.wantGate("k", 7, contracts.MaxBatchMissions-7)
			for _, c := range changes[:7] {
				t.ends(t.load(c.Record.Mission.MissionID))
			}
			var due []store.Record
			for _, c := range changes[7:14] {
				due = append(due, c.Record)
			}
			t.wantDue(due...)
		}},
		{"creations that are refused are not seen at the gate", func(t *tester) {
			c := t.keyed("k")
			t.apply(c)
			t.wantCode(c, store.Conflict)
			t.createAll(store.Conflict, nil, t.keyed("k"), c)
			key := &store.Idempotency{Key: "i", BodyHash: "h", TTL: time.Hour}
			t.createAll(store.Applied, key, t.keyed("k"))
			t.createAll(store.Duplicate, key, t.keyed("k"))
			t.wantGate("k", 1, 1)
		}},
		{"a raised limit admits more, a few at a time; a lowered one takes no place away", func(t *tester) {
			n := 2*store.GateBatch + 10
			all := t.queued("k", n)
			t.wantDue(all[0])
			t.limit("k", contracts.Limit{MaxRunning: contracts.MaxRunningLimit})
			t.must(t.OpenGate(t.ctx, "k"))
			t.wantGate("k", 1+store.GateBatch, n-1-store.GateBatch)
			for range 5 { // each looks again
				t.take(n, time.Hour)
			}
			t.wantGate("k", n, 0)
			t.limit("k", contracts.Limit{MaxRunning: 2})
			t.must(t.OpenGate(t.ctx, "k"))
			t.wantGate("k", n, 0)
			more := t.queued("k", 1)[0]
			for _, r := range all[:n-2] {
				t.ends(r)
			}
			t.wantGate("k", 2, 1)
			t.ends(all[n-2])
			t.wantDue(more)
		}},
		{"a raised limit holds from the next change on, and so does none", func(t *tester) {
			all := t.queued("k", 4)
			t.wantDue(all[0])
			t.limit("k", contracts.Limit{MaxRunning: 2})
			last := t.queued("k", 1)[0]
			t.wantGate("k", 2, 3)
			t.wantDue(all[1])
			d, err := t.Document(t.ctx, store.LimitsCollection, "k")
			t.must(err)
			t.must(t.DeleteDocument(t.ctx, store.LimitsCollection, "k", d.Version))
			t.ends(all[0])
			t.wantGate("k", 1, 3)
			for _, r := range all[1:] {
				t.ends(r)
			}
			t.wantDue(last)
		}},
		{"opening a gate that nobody stands at does nothing", func(t *tester) {
			t.must(t.OpenGate(t.ctx, "k"))
			t.wantGate("k", 0, 0)
			t.wantDue()
		}},
		{"a rate is used up, and its starts come back one by one", func(t *tester) {
			t.limit("k", contracts.Limit{MaxRunning: 100, Rate: &contracts.Rate{Starts: 4, PeriodSeconds: 1}})
			began := t.now()
			all := t.queued("k", 6)
			if took := t.now().Sub(began); took > 200*time.Millisecond {
				t.Skipf("the machine took %s", took)
			}
			t.wantGate("k", 4, 2)
			t.wantDue(all[:4]...)
			for i, r := range all[4:] {
				var taken []store.Due
				for len(taken) == 0 {
					t.pause()
					taken = t.take(10, time.Hour)
				}
				if took := t.now().Sub(began); taken[0].MissionID != r.Mission.MissionID || took < time.Duration(250*(i+1)-5)*time.Millisecond {
					t.Errorf("start %d came after %s: %v", 4+i, took, taken)
				}
			}
			t.wantGate("k", 6, 0)
		}},
		{"a place without a start is no place", func(t *tester) {
			t.limit("k", contracts.Limit{MaxRunning: 2, Rate: &contracts.Rate{Starts: 3, PeriodSeconds: 86400}})
			all := t.queued("k", 5)
			t.wantGate("k", 2, 3)
			t.wantDue(all[:2]...)
			t.ends(all[0])
			t.wantDue(all[2])
			t.ends(all[1])
			t.wantGate("k", 1, 2)
			t.wantDue()
			t.limit("k", contracts.Limit{MaxRunning: 2})
			t.must(t.OpenGate(t.ctx, "k"))
			t.wantDue(all[3])
		}},
		{"a shorter period holds at once, whatever was started in the longer one", func(t *tester) {
			t.limit("k", contracts.Limit{MaxRunning: 100, Rate: &contracts.Rate{Starts: 1, PeriodSeconds: 86400}})
			all := t.queued("k", 2)
			t.wantDue(all[0])
			t.limit("k", contracts.Limit{MaxRunning: 100, Rate: &contracts.Rate{Starts: 100, PeriodSeconds: 1}})
			t.must(t.OpenGate(t.ctx, "k"))
			changed, taken := t.now(), []store.Due{}
			for len(taken) == 0 {
				if t.pause(); t.now().Sub(changed) > 10*time.Second {
					t.Fatal("it waits for the longer period's start")
				}
				taken = t.take(10, time.Hour)
			}
			if taken[0].MissionID != all[1].Mission.MissionID {
				t.Errorf("due is %v", taken)
			}
		}},
		{"a limit that can't be read is the default", func(t *tester) {
			for i, body := range []string{
				"", "{", "null", "7", `"7"`, "[7]", "{}", `{"max_running":0}`, `{"max_running":-1}`, `{"max_running":2.5}`, `{"max_running":"2"}`,
				`{"max_running":10001}`, `{"max_running":2,"rate":{}}`, `{"max_running":2,"rate":7}`, `{"max_running":null}`,
				`{"max_running":2,"rate":{"starts":1,"period_seconds":0}}`, `{"max_running":2,"rate":{"starts":0,"period_seconds":1}}`,
			} {
				key := fmt.Sprint(i)
				_, err := t.PutDocument(t.ctx, store.LimitsCollection, store.Document{Name: key, Body: []byte(body)})
				t.must(err)
				t.queued(key, 3)
				t.wantGate(key, 1, 2)
			}
			_, err := t.PutDocument(t.ctx, store.LimitsCollection, store.Document{Name: "k", Body: []byte(`{"max_running":2,"rate":null}`)})
			t.must(err)
			t.queued("k", 3)
			t.wantGate("k", 2, 1)
		}},
		{"nothing is left of a gate that nobody stands at", func(t *tester) {
			for i := range 20 {
				r := t.queued(fmt.Sprint(i), 1)[0]
				t.wantDue(r)
				t.ends(r)
				t.wantGate(fmt.Sprint(i), 0, 0)
			}
		}},
	}
}
