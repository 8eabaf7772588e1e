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

// renew renews a session of a soldier that is named by it, for an hour.
func (t *tester) renew(id string) store.Session {
	t.Helper()
	s, err := t.Renew(t.ctx, store.Session{ID: id, SoldierID: "soldier-" + id, Slots: 4}, time.Hour)
	t.must(err)
	return s
}

func (t *tester) sessionIDs() []string {
	t.Helper()
	list, source, err := t.ListSessions(t.ctx)
	t.must(err)
	if source.Degraded {
		t.Error("the list is degraded")
	}
	var ids []string
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}

func (t *tester) wantMissions(session string, want ...string) {
	t.Helper()
	got, err := t.SessionMissions(t.ctx, session)
	t.must(err)
	slices.Sort(got)
	slices.Sort(want)
	if d := diff(want, got); d != "" {
		t.Errorf("SessionMissions: %s", d)
	}
}

func sessionTests() []test {
	return []test{
		{"an unknown session is registered with its own id, and all it says comes back", func(t *tester) {
			if _, err := t.Session(t.ctx, newID()); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Session: %v, want ErrNotFound", err)
			}
			said := store.Session{
				ID: newID(), SoldierID: "soldier-1", Squads: []string{"default", "gpu"}, Kinds: []string{"simulate"}, Slots: 16,
				Version: "v0.1.0", Inbox: "inbox.1", Packs: true, Running: []contracts.ExecutionRef{{MissionID: newID(), Execution: "e", Run: 3}},
			}
			before := contracts.At(t.now())
			got, err := t.Renew(t.ctx, said, time.Hour)
			t.must(err)
			want := said
			want.State, want.StartedAt, want.RenewedAt, want.LeaseUntil = store.SessionLive, got.StartedAt, got.StartedAt, contracts.At(got.StartedAt.Add(time.Hour))
			if d := diff(want, got); d != "" {
				t.Errorf("Renew: %s", d)
			}
			if got.StartedAt.Before(before.Time) || got.StartedAt.After(t.now()) {
				t.Errorf("started at %v, not by the store's clock", got.StartedAt)
			}
			read, err := t.Session(t.ctx, said.ID)
			t.must(err)
			list, _, err := t.ListSessions(t.ctx)
			t.must(err)
			if d := diff([]store.Session{got, got}, append(list, read)); d != "" {
				t.Errorf("Session and ListSessions: %s", d)
			}
		}},
		{"a session without an id is refused", func(t *tester) {
			if _, err := t.Renew(t.ctx, store.Session{SoldierID: "s"}, time.Hour); err == nil {
				t.Error("it was renewed")
			}
		}},
		{"lists are never nil", func(t *tester) {
			s := t.renew(newID())
			if s.Squads == nil || s.Kinds == nil || s.Running == nil {
				t.Errorf("%#v", s)
			}
		}},
		{"each renewal says all anew, and is told from the one before", func(t *tester) {
			first, err := t.Renew(t.ctx, store.Session{ID: newID(), SoldierID: "s", Squads: []string{"a"}, Inbox: "one", Packs: true}, time.Hour)
			t.must(err)
			for range 20 {
				again, err := t.Renew(t.ctx, store.Session{ID: first.ID, SoldierID: "s", Slots: 3}, 2*time.Hour)
				t.must(err)
				if !again.RenewedAt.After(first.RenewedAt.Time) || !again.StartedAt.Equal(first.StartedAt.Time) {
					t.Fatalf("renewed %v after %v", again, first)
				}
				if len(again.Squads) != 0 || again.Inbox != "" || again.Slots != 3 || again.Packs || !again.LeaseUntil.After(first.LeaseUntil.Time) {
					t.Fatalf("%v still has what the renewal no longer says", again)
				}
				first.RenewedAt = again.RenewedAt
			}
		}},
		{"a renewal that was overtaken renews the lease, and nothing else", func(t *tester) {
			id := newID()
			renew := func(seq int64, inbox string, lease time.Duration) store.Session {
				t.Helper()
				got, err := t.Renew(t.ctx, store.Session{ID: id, SoldierID: "s", Inbox: inbox, Seq: seq}, lease)
				t.must(err)
				read, err := t.Session(t.ctx, id)
				t.must(err)
				if d := diff(got, read); d != "" {
					t.Errorf("Session: %s", d)
				}
				return got
			}
			var before store.Session
			for _, c := range []struct {
				seq   int64
				inbox string
				want  string
			}{
				{3, "three", "three"}, {1, "one", "three"}, {3, "three again", "three again"}, {2, "two", "three again"},
				{4, "four", "four"}, {0, "not numbered", "not numbered"}, {3, "three", "not numbered"}, {12, "twelve", "twelve"},
			} {
				got := renew(c.seq, c.inbox, time.Hour)
				if got.Inbox != c.want {
					t.Errorf("after renewal %d of %q the inbox is %q, want %q", c.seq, c.inbox, got.Inbox, c.want)
				}
				if !got.RenewedAt.After(before.RenewedAt.Time) || got.LeaseUntil.Before(before.LeaseUntil.Time) {
					t.Errorf("renewal %d did not renew the lease: %v after %v", c.seq, got, before)
				}
				before = got
			}
			if other := t.renew(newID()); other.Seq != 0 {
				t.Errorf("another session has the number %d", other.Seq)
			}
		}},
		{"a session that is asked to drain stays so, whatever its renewals say", func(t *tester) {
			id, other := newID(), t.renew(newID())
			if _, err := t.Drain(t.ctx, id); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Drain of an unknown session: %v, want ErrNotFound", err)
			}
			said := store.Session{ID: id, SoldierID: "s", Squads: []string{"a"}, Inbox: "one", Slots: 3, Draining: true, Seq: 7}
			before, err := t.Renew(t.ctx, said, time.Hour)
			t.must(err)
			if before.Draining {
				t.Error("it drains because it said so itself")
			}
			want := before
			want.Draining = true
			for range 2 {
				got, err := t.Drain(t.ctx, id)
				t.must(err)
				if d := diff(want, got); d != "" {
					t.Errorf("Drain: %s", d)
				}
			}
			read, err := t.Session(t.ctx, id)
			t.must(err)
			list, _, err := t.ListSessions(t.ctx)
			t.must(err)
			expired, err := t.Renew(t.ctx, store.Session{ID: id, SoldierID: "s", Seq: 8}, time.Millisecond)
			t.must(err)
			overtaken, err := t.Renew(t.ctx, store.Session{ID: id, SoldierID: "s", Seq: 1}, time.Millisecond)
			t.must(err)
			t.awaitClock(overtaken.LeaseUntil.Time)
			out, err := t.Expired(t.ctx, 10)
			t.must(err)
			for what, got := range map[string][]store.Session{
				"Session": {read}, "a renewal": {expired}, "an overtaken one": {overtaken}, "Expired": out,
				"ListSessions": slices.DeleteFunc(list, func(s store.Session) bool { return s.ID == other.ID }),
			} {
				if len(got) != 1 || got[0].ID != id || !got[0].Draining {
					t.Errorf("%s: %v, want one that drains", what, got)
				}
			}
			if again, err := t.Session(t.ctx, other.ID); err != nil || again.Draining {
				t.Errorf("another session: %v, %v", again, err)
			}
			_, err = t.Bury(t.ctx, id, overtaken.RenewedAt)
			t.must(err)
			if _, err := t.Drain(t.ctx, id); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Drain of a dead session: %v, want ErrNotFound", err)
			}
			if dead, err := t.Session(t.ctx, id); err != nil || !dead.Draining || dead.State != store.SessionBuried {
				t.Errorf("the dead session: %v, %v", dead, err)
			}
		}},
		{"Expired: by the store's clock, only leases that ran out, up to the limit", func(t *tester) {
			t.renew(newID())
			var short []string
			for i := range 3 {
				s, err := t.Renew(t.ctx, store.Session{ID: newID(), SoldierID: "s"}, time.Duration(i+1)*5*time.Millisecond)
				t.must(err)
				short = append(short, s.ID)
			}
			t.awaitClock(t.now().Add(15 * time.Millisecond))
			for limit, want := range [][]string{0: nil, 2: short[:2], 5: short} {
				if limit == 1 || limit > 2 && limit < 5 {
					continue
				}
				got, err := t.Expired(t.ctx, limit)
				t.must(err)
				var ids []string
				for _, s := range got {
					ids = append(ids, s.ID)
					if s.State != store.SessionLive || s.SoldierID != "s" {
						t.Errorf("%v", s)
					}
				}
				if d := diff(want, ids); d != "" {
					t.Errorf("Expired(%d): %s", limit, d)
				}
			}
			t.renew(short[0]) // an expired one is still live
			got, err := t.Expired(t.ctx, 10)
			t.must(err)
			if len(got) != 2 {
				t.Errorf("%d expired after one renewed", len(got))
			}
		}},
		{"the list is ordered by soldier", func(t *tester) {
			for _, soldier := range []string{"c", "a", "b"} {
				_, err := t.Renew(t.ctx, store.Session{ID: newID(), SoldierID: soldier}, time.Hour)
				t.must(err)
			}
			list, _, err := t.ListSessions(t.ctx)
			t.must(err)
			var soldiers []string
			for _, s := range list {
				soldiers = append(soldiers, s.SoldierID)
			}
			if d := diff([]string{"a", "b", "c"}, soldiers); d != "" {
				t.Errorf("order: %s", d)
			}
		}},
		{"SessionMissions follows the records", func(t *tester) {
			one, two := newID(), newID()
			a, b := t.apply(create(record(newID()))), t.apply(create(record(newID())))
			t.wantMissions(one)
			a, b = t.apply(next(a, granted(one))), t.apply(next(b, granted(one)))
			t.wantMissions(one, a.Mission.MissionID, b.Mission.MissionID)
			a = t.apply(next(a, func(r *store.Record) { r.Mission.Progress = 7 }))
			t.wantMissions(one, a.Mission.MissionID, b.Mission.MissionID)
			b = t.apply(next(b, granted(two)))
			t.apply(next(a, func(r *store.Record) { r.Mission.Status, r.Session = contracts.StatusCompleted, "" }))
			t.wantMissions(one)
			t.wantMissions(two, b.Mission.MissionID)
		}},
	}
}

func buryTests() []test {
	back := func(r *store.Record) {
		r.Mission.Status, r.Session, r.Execution = contracts.StatusQueued, "", ""
		r.Mission.Losses++
	}
	// holding returns a live session and the missions that it holds.
	holding := func(t *tester, n int) (store.Session, []store.Record) {
		s := t.renew(newID())
		var held []store.Record
		for range n {
			r := t.apply(create(record(newID())))
			held = append(held, t.apply(next(r, granted(s.ID))))
		}
		return s, held
	}
	lost := func(r store.Record) store.Change {
		c := next(r, back)
		c.Due, c.DueAt = store.DueSet, contracts.FromMillis(1_000)
		c.History = []contracts.HistoryLine{{Message: "lost"}}
		return c
	}
	wantUnburied := func(t *tester, s store.Session, held []store.Record) {
		t.Helper()
		if got, err := t.Session(t.ctx, s.ID); err != nil || got.State != store.SessionLive {
			t.Errorf("session: %v, %v; want live", got, err)
		}
		for _, r := range held {
			if d := diff(r, t.load(r.Mission.MissionID)); d != "" {
				t.Errorf("a mission changed: %s", d)
			}
		}
		if taken := t.take(10, time.Hour); len(taken) != 0 {
			t.Errorf("due: %v", taken)
		}
	}
	return []test{
		{"the session is dead and all its missions are changed", func(t *tester) {
			s, held := holding(t, 3)
			other := t.renew(newID())
			outcomes, err := t.Bury(t.ctx, s.ID, s.RenewedAt, lost(held[0]), lost(held[1]), lost(held[2]))
			t.must(err)
			taken := t.take(10, time.Hour)
			if len(outcomes) != 3 || len(taken) != 3 {
				t.Fatalf("%d outcomes, %d due entries", len(outcomes), len(taken))
			}
			for i, o := range outcomes {
				if o.Code != store.Applied || o.Dispatch == 0 {
					t.Errorf("outcome %v", o)
				}
				r := t.load(held[i].Mission.MissionID)
				if r.Mission.Status != contracts.StatusQueued || r.Mission.Version != held[i].Mission.Version+1 || r.Session != "" {
					t.Errorf("mission %v", r)
				}
				if h, err := t.History(t.ctx, r.Mission.MissionID); err != nil || len(h.Lines) != 1 {
					t.Errorf("history %v, %v", h, err)
				}
			}
			t.wantMissions(s.ID)
			t.wantCounts(map[contracts.Status]int64{contracts.StatusQueued: 3})
			got, err := t.Session(t.ctx, s.ID)
			t.must(err)
			want := s
			want.State = store.SessionBuried
			if d := diff(want, got); d != "" {
				t.Errorf("session: %s", d)
			}
			ids := t.sessionIDs()
			slices.Sort(ids)
			if d := diff([]string{s.ID, other.ID}, ids); d != "" {
				t.Errorf("list: %s", d)
			}
		}},
		{"dead stays dead", func(t *tester) {
			s, _ := holding(t, 0)
			_, err := t.Bury(t.ctx, s.ID, s.RenewedAt)
			t.must(err)
			if _, err := t.Renew(t.ctx, s, time.Hour); !errors.Is(err, store.ErrSessionDead) {
				t.Errorf("Renew: %v, want ErrSessionDead", err)
			}
			if _, err := t.Bury(t.ctx, s.ID, s.RenewedAt); !errors.Is(err, store.ErrSessionChanged) {
				t.Errorf("Bury again: %v, want ErrSessionChanged", err)
			}
			if expired, err := t.Expired(t.ctx, 10); err != nil || len(expired) != 0 {
				t.Errorf("Expired: %v, %v", expired, err)
			}
			if got, err := t.Session(t.ctx, s.ID); err != nil || got.State != store.SessionBuried {
				t.Errorf("Session: %v, %v", got, err)
			}
		}},
		{"an expired session that is buried is no longer expired", func(t *tester) {
			s, err := t.Renew(t.ctx, store.Session{ID: newID(), SoldierID: "s"}, time.Millisecond)
			t.must(err)
			t.awaitClock(s.LeaseUntil.Time)
			_, err = t.Bury(t.ctx, s.ID, s.RenewedAt)
			t.must(err)
			if expired, err := t.Expired(t.ctx, 10); err != nil || len(expired) != 0 {
				t.Errorf("Expired: %v, %v", expired, err)
			}
		}},
		{"nothing happens where something differs from what was seen", func(t *tester) {
			for name, attempt := range map[string]func(s store.Session, held []store.Record) (string, contracts.Time, []store.Change){
				"unknown session": func(s store.Session, held []store.Record) (string, contracts.Time, []store.Change) {
					return newID(), s.RenewedAt, nil
				},
				"renewed meanwhile": func(s store.Session, held []store.Record) (string, contracts.Time, []store.Change) {
					t.renew(s.ID)
					return s.ID, s.RenewedAt, []store.Change{lost(held[0]), lost(held[1])}
				},
				"a mission too few": func(s store.Session, held []store.Record) (string, contracts.Time, []store.Change) {
					return s.ID, s.RenewedAt, []store.Change{lost(held[0])}
				},
				"a mission twice": func(s store.Session, held []store.Record) (string, contracts.Time, []store.Change) {
					return s.ID, s.RenewedAt, []store.Change{lost(held[0]), lost(held[0])}
				},
				"a mission of nobody": func(s store.Session, held []store.Record) (string, contracts.Time, []store.Change) {
					other := t.apply(create(record(newID())))
					return s.ID, s.RenewedAt, []store.Change{lost(held[0]), lost(other)}
				},
				"a stale mission": func(s store.Session, held []store.Record) (string, contracts.Time, []store.Change) {
					old := held[1]
					held[1] = t.apply(next(old, func(r *store.Record) { r.Mission.Progress = 1 }))
					return s.ID, s.RenewedAt, []store.Change{lost(held[0]), lost(old)}
				},
				"a new mission meanwhile": func(s store.Session, held []store.Record) (string, contracts.Time, []store.Change) {
					t.apply(next(t.apply(create(record(newID()))), granted(s.ID)))
					return s.ID, s.RenewedAt, []store.Change{lost(held[0]), lost(held[1])}
				},
			} {
				s, held := holding(t, 2)
				id, renewedAt, changes := attempt(s, held)
				if _, err := t.Bury(t.ctx, id, renewedAt, changes...); !errors.Is(err, store.ErrSessionChanged) {
					t.Errorf("%s: %v, want ErrSessionChanged", name, err)
				}
				wantUnburied(t, s, held)
			}
		}},
		{"a burial and a grant exclude each other", func(t *tester) {
			for range 20 {
				s := t.renew(newID())
				r := t.apply(create(record(newID())))
				var all sync.WaitGroup
				var buried error
				var grant []store.Outcome
				all.Go(func() { _, buried = t.Bury(t.ctx, s.ID, s.RenewedAt) })
				all.Go(func() {
					c := next(r, granted(s.ID))
					c.IfSession = s.ID
					var err error
					if grant, err = t.Commit(t.ctx, c); err != nil {
						t.Errorf("Commit: %v", err)
					}
				})
				all.Wait()
				got := fmt.Sprint(grant[0].Code, errors.Is(buried, store.ErrSessionChanged))
				if got != fmt.Sprint(store.Applied, true) && got != fmt.Sprint(store.SessionDead, false) {
					t.Fatalf("grant %v, burial %v", grant, buried)
				}
			}
		}},
	}
}
