package storetest

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// due creates a mission with a due entry at a moment, and returns the entry.
func (t *tester) due(at time.Time) store.Due {
	t.Helper()
	c := create(record(t.near(together)))
	c.Due, c.DueAt = store.DueSet, contracts.At(at)
	o := t.commit(c)
	if o.Code != store.Applied || o.Dispatch == 0 {
		t.Fatalf("Commit: %v, want Applied with a Dispatch", o)
	}
	return store.Due{MissionID: c.Record.Mission.MissionID, Dispatch: o.Dispatch}
}

func (t *tester) take(limit int, hold time.Duration) []store.Due {
	t.Helper()
	taken, err := t.TakeDue(t.ctx, limit, hold)
	t.must(err)
	return taken
}

func (t *tester) wantTaken(limit int, hold time.Duration, want ...store.Due) []store.Due {
	t.Helper()
	taken := t.take(limit, hold)
	if d := diff(missions(want), missions(taken)); d != "" {
		t.Fatalf("TakeDue: %s", d)
	}
	return taken
}

func outboxTests() []test {
	return []test{
		{"entries are taken when their time has come, earliest first, up to the limit", func(t *tester) {
			now := t.now()
			third, first := t.due(now.Add(-time.Second)), t.due(now.Add(-3*time.Second))
			t.due(now.Add(time.Hour))
			second := t.due(now.Add(-2 * time.Second))
			t.wantTaken(0, time.Hour)
			t.wantTaken(2, time.Hour, first, second)
			t.wantTaken(10, time.Hour, third)
			t.wantTaken(10, time.Hour)
		}},
		{"an entry due in the future waits for its time", func(t *tester) {
			at := t.now().Add(20 * time.Millisecond)
			d := t.due(at)
			t.awaitClock(at)
			t.wantTaken(10, time.Hour, d)
		}},
		{"taking pushes on by hold, and makes a newer entry", func(t *tester) {
			old := t.due(t.now().Add(-time.Second))
			taken := t.wantTaken(10, 20*time.Millisecond, old)
			if taken[0].Dispatch <= old.Dispatch {
				t.Errorf("dispatch %d after %d", taken[0].Dispatch, old.Dispatch)
			}
			t.must(t.ClearDue(t.ctx, old)) // clears nothing: it is an older one
			t.awaitClock(t.now().Add(20 * time.Millisecond))
			again := t.wantTaken(10, 20*time.Millisecond, old)
			if again[0].Dispatch <= taken[0].Dispatch {
				t.Errorf("dispatch %d after %d", again[0].Dispatch, taken[0].Dispatch)
			}
			t.must(t.ClearDue(t.ctx, taken[0], again[0]))
			t.awaitClock(t.now().Add(20 * time.Millisecond))
			t.wantTaken(10, time.Hour)
		}},
		{"ClearDue removes what is still that dispatch, and nothing else", func(t *tester) {
			past := t.now().Add(-time.Second)
			a, b, c := t.due(past), t.due(past), t.due(past)
			t.must(t.ClearDue(t.ctx))
			t.must(t.ClearDue(t.ctx, a, store.Due{MissionID: b.MissionID, Dispatch: c.Dispatch},
				store.Due{MissionID: newID(), Dispatch: 1}, a))
			t.wantTaken(10, time.Hour, b, c)
		}},
		{"an older dispatch does not clear what a later change wrote", func(t *tester) {
			old := t.due(t.now().Add(-time.Second))
			c := next(t.load(old.MissionID), toStatus(contracts.StatusScheduled))
			c.Due, c.DueAt = store.DueSet, contracts.At(t.now().Add(-time.Second))
			o := t.commit(c)
			if o.Dispatch <= old.Dispatch {
				t.Errorf("dispatch %d after %d", o.Dispatch, old.Dispatch)
			}
			t.must(t.ClearDue(t.ctx, old))
			t.wantTaken(10, time.Hour, old)
		}},
		{"DueKeep keeps, DueDrop drops, whoever's it is", func(t *tester) {
			d := t.due(t.now().Add(-time.Second))
			if o := t.commit(next(t.load(d.MissionID), func(*store.Record) {})); o.Dispatch != 0 {
				t.Errorf("DueKeep gave dispatch %d", o.Dispatch)
			}
			taken := t.wantTaken(1, time.Millisecond, d)
			c := next(t.load(d.MissionID), toStatus(contracts.StatusInProgress))
			c.Due = store.DueDrop
			t.wantCode(c, store.Applied)
			t.awaitClock(t.now().Add(time.Millisecond))
			t.wantTaken(1, time.Hour)
			t.must(t.ClearDue(t.ctx, taken[0]))
		}},
		{"DueSet moves an entry", func(t *tester) {
			d := t.due(t.now().Add(-time.Second))
			c := next(t.load(d.MissionID), func(*store.Record) {})
			c.Due, c.DueAt = store.DueSet, contracts.At(t.now().Add(time.Hour))
			t.wantCode(c, store.Applied)
			t.wantTaken(10, time.Hour)
		}},
	}
}
