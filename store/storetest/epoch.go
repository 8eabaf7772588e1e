package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func (t *tester) settleEpoch() store.Epoch {
	t.Helper()
	e, err := t.Settle(t.ctx)
	t.must(err)
	return e
}

func epochTests() []test {
	return []test{
		{"a store that was not wiped stays in its first epoch", func(t *tester) {
			first := t.settleEpoch()
			if first.ID == "" || first.Origin != store.EpochFirst || first.Adopted != 0 {
				t.Errorf("epoch %+v", first)
			}
			if first.Began.IsZero() || first.Began.After(t.now()) {
				t.Errorf("it began at %v", first.Began)
			}
			t.apply(create(record(newID())))
			if again := t.settleEpoch(); again != first {
				t.Errorf("epoch %+v, want %+v", again, first)
			}
		}},
		{"a FirstVersion is the version that a creation gives, and is counted", func(t *tester) {
			before := t.settleEpoch().Adopted
			c := create(record(newID()))
			c.FirstVersion = 1_700_000_000_000
			c.History = []contracts.HistoryLine{{Status: contracts.StatusQueued}}
			r := t.apply(c)
			if r.Mission.Version != c.FirstVersion {
				t.Errorf("version %d", r.Mission.Version)
			}
			t.wantCode(c, store.Conflict)
			t.wantCode(store.Change{Record: r, IfVersion: 1}, store.Conflict)
			r = t.apply(next(r, granted(newID())))
			if r.Mission.Version != c.FirstVersion+1 {
				t.Errorf("version %d after the next change", r.Mission.Version)
			}
			h, err := t.History(t.ctx, r.Mission.MissionID)
			if err != nil || len(h.Lines) != 1 {
				t.Errorf("history %+v, %v", h, err)
			}
			if got := t.settleEpoch().Adopted; got != before+1 {
				t.Errorf("%d adopted, want %d", got, before+1)
			}
		}},
		{"a FirstVersion belongs to a creation", func(t *tester) {
			r := t.apply(create(record(newID())))
			c := next(r, toStatus(contracts.StatusCancelled))
			c.FirstVersion = 7
			if _, err := t.Commit(t.ctx, c); err == nil {
				t.Error("taken with a change")
			}
			c = create(record(newID()))
			c.FirstVersion = -1
			if _, err := t.Commit(t.ctx, c); err == nil {
				t.Error("taken though negative")
			}
		}},
	}
}

// RunWiped has wipe take all data from under two stores that share it: neither takes the void for the truth before it has
// settled the new epoch, and both settle the same.
func RunWiped(t0 *testing.T, one, other store.Store, wipe func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	a, b := &tester{T: t0, Store: one, ctx: ctx}, &tester{T: t0, Store: other, ctx: ctx}
	before := a.settleEpoch()
	if e := b.settleEpoch(); e != before {
		t0.Fatalf("two stores settled %+v and %+v", before, e)
	}
	session := a.renew(newID())
	r := a.apply(create(record(newID())))
	last := a.lastEvent()
	wipe()
	for name, call := range voidCalls(r, session, last) {
		for _, t := range []*tester{a, b} {
			if err := call(t); !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, store.ErrWiped) {
				t.Errorf("%s in the void: %v, want ErrUnavailable and ErrWiped", name, err)
			}
		}
	}
	after := a.settleEpoch()
	if after.ID == before.ID || after.Origin != store.EpochWiped || after.Began.Before(before.Began.Time) {
		t0.Errorf("after %+v came %+v", before, after)
	}
	if err := voidCalls(r, session, last)["Load"](b); !errors.Is(err, store.ErrWiped) {
		t0.Errorf("settled by another: %v, want ErrWiped", err)
	}
	if e := b.settleEpoch(); e != after {
		t0.Errorf("two stores settled %+v and %+v", after, e)
	}
	for _, t := range []*tester{a, b} {
		if got := t.load(r.Mission.MissionID); got.Mission.Version != 0 {
			t.Errorf("after the wipe there is %+v", got)
		}
		_, _, err := t.Get(ctx, r.Mission.MissionID)
		for errors.Is(err, store.ErrNotInMemory) && ctx.Err() == nil { // a twin that met the void looks again in a moment
			time.Sleep(time.Millisecond)
			_, _, err = t.Get(ctx, r.Mission.MissionID)
		}
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get after the wipe: %v", err)
		}
		if _, err := t.ReadEvents(ctx, last, 10, 0); !errors.Is(err, store.ErrEventsTrimmed) {
			t.Errorf("events after the wipe: %v, want ErrEventsTrimmed", err)
		}
		if got := t.renew(session.ID); got.ID != session.ID {
			t.Errorf("renewed session %+v", got)
		}
		if _, err := t.Check(ctx); err != nil {
			t.Errorf("Check: %v", err)
		}
	}
	if d := a.commit(setDue(record(newID()))).Dispatch; d < 1_000_000_000_000 {
		t0.Errorf("dispatch %d may be met again", d)
	}
}

func setDue(r store.Record) store.Change {
	c := create(r)
	c.Due, c.DueAt = store.DueSet, contracts.At(time.Now())
	return c
}

// voidCalls are calls that would conclude something from missing data, or write into the void. Those that a twin may
// answer are not among them.
func voidCalls(r store.Record, s store.Session, last string) map[string]func(t *tester) error {
	id := r.Mission.MissionID
	return map[string]func(t *tester) error{
		"Load": func(t *tester) error { _, err := t.Load(t.ctx, id); return err },
		"Peek": func(t *tester) error { _, err := t.Peek(t.ctx, id); return err },
		"Commit": func(t *tester) error {
			_, err := t.Commit(t.ctx, create(record(newID())))
			return err
		},
		"CreateAll": func(t *tester) error {
			_, err := t.CreateAll(t.ctx, nil, create(record(newID())))
			return err
		},
		"Recount":       func(t *tester) error { _, err := t.Recount(t.ctx); return err },
		"TakeDue":       func(t *tester) error { _, err := t.TakeDue(t.ctx, 10, time.Second); return err },
		"TakeDeadlines": func(t *tester) error { _, err := t.TakeDeadlines(t.ctx, 10, time.Second); return err },
		"ClearDue":      func(t *tester) error { return t.ClearDue(t.ctx, store.Due{MissionID: id, Dispatch: 1}) },
		"Renew": func(t *tester) error {
			_, err := t.Renew(t.ctx, store.Session{ID: s.ID, SoldierID: "s"}, time.Minute)
			return err
		},
		"Session":         func(t *tester) error { _, err := t.Session(t.ctx, s.ID); return err },
		"Expired":         func(t *tester) error { _, err := t.Expired(t.ctx, 10); return err },
		"SessionMissions": func(t *tester) error { _, err := t.SessionMissions(t.ctx, s.ID); return err },
		"Bury":            func(t *tester) error { _, err := t.Bury(t.ctx, s.ID, s.RenewedAt); return err },
		"ReadEvents":      func(t *tester) error { _, err := t.ReadEvents(t.ctx, last, 10, 0); return err },
		"LastEvent":       func(t *tester) error { _, err := t.LastEvent(t.ctx); return err },
		"Check":           func(t *tester) error { _, err := t.Check(t.ctx); return err },
	}
}
