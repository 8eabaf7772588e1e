package shardstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/shardstore"
)

const lease = 35 * time.Second

func renew(t testing.TB, s store.Store, id string) store.Session {
	t.Helper()
	got, err := s.Renew(t.Context(), store.Session{ID: id, SoldierID: "soldier", Inbox: "inbox"}, lease)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// wantState compares what a shard knows of a session; empty is nothing.
func wantState(t testing.TB, s store.Store, id string, want store.SessionState) {
	t.Helper()
	got, err := s.Session(t.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	if err != nil || got.State != want {
		t.Errorf("session is %q, %v; want %q", got.State, err, want)
	}
}

func expired(t testing.TB, s store.Store) []store.Session {
	t.Helper()
	list, err := s.Expired(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// holding returns shards, a store over them, and a session that holds a mission in each.
func holding(t testing.TB, n int) (some []*shard, s *shardstore.Store, session store.Session, missions []string) {
	t.Helper()
	some, all := shards(n)
	s = over(t, all...)
	session = renew(t, s, "s")
	for i := range n {
		c := queued(i)
		commit(t, s, store.Applied, c)
		commit(t, s, store.Applied, grant(t, s, missionID(c), "s"))
		missions = append(missions, missionID(c))
	}
	return some, s, session, missions
}

func wantStatus(t testing.TB, s store.Store, id string, want contracts.Status) {
	t.Helper()
	if got := load(t, s, id).Mission.Status; got != want {
		t.Errorf("mission is %s, want %s", got, want)
	}
}

func TestAGrantAsksTheMissionsShard(t *testing.T) {
	some, s, _, _ := holding(t, 3)
	c := queued(1)
	commit(t, s, store.Applied, c)
	before, err := some[1].Session(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	if err := bury(t, some[1], before); err != nil {
		t.Fatal(err)
	}
	commit(t, s, store.SessionDead, grant(t, s, missionID(c), "s"))
	// It is dead for all, and nowhere renewed again.
	wantState(t, s, "s", store.SessionBuried)
	if _, err := s.Renew(t.Context(), store.Session{ID: "s", SoldierID: "soldier"}, lease); !errors.Is(err, store.ErrSessionDead) {
		t.Errorf("Renew: %v", err)
	}
	for i, shard := range some {
		if n := shard.count("Renew"); n != 1 {
			t.Errorf("shard %d renewed it %d times", i, n)
		}
	}
}

func TestARenewalThatDoesNotReachAllShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		some, s, first, missions := holding(t, 3)
		renewIt := func() error {
			_, err := s.Renew(t.Context(), store.Session{ID: "s", SoldierID: "soldier"}, lease)
			return err
		}
		for i, want := range [][]bool{{false, false, false}, {true, false, true}, {true, true, false}} {
			time.Sleep(time.Second)
			some[i].set(only("Renew"), nil)
			var before, after []time.Time
			for _, shard := range some {
				l, _ := shard.Store.Session(t.Context(), "s")
				before = append(before, l.LeaseUntil.Time)
			}
			if err := renewIt(); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("Renew without shard %d: %v", i, err)
			}
			for k, shard := range some {
				l, _ := shard.Store.Session(t.Context(), "s")
				after = append(after, l.LeaseUntil.Time)
				if after[k].After(before[k]) != want[k] {
					t.Errorf("without shard %d, shard %d: renewed %v", i, k, after[k].After(before[k]))
				}
			}
			some[i].set(nil, nil)
		}
		// Where only the others' leases ran out, it is alive.
		some[1].set(only("Renew"), nil)
		time.Sleep(30 * time.Second)
		_ = renewIt()
		time.Sleep(20 * time.Second)
		some[1].set(nil, nil)
		if list, _ := some[1].Expired(t.Context(), 10); len(list) != 1 {
			t.Fatalf("shard 1 says %v", list)
		}
		if list := expired(t, s); len(list) != 0 {
			t.Errorf("expired: %v", list)
		}
		// Where the first shard's has, too, nothing else counts.
		time.Sleep(15 * time.Second)
		list := expired(t, s)
		if len(list) != 1 || !list[0].StartedAt.Equal(first.StartedAt.Time) {
			t.Fatalf("expired: %v", list)
		}
		if err := bury(t, s, list[0]); err != nil {
			t.Fatal(err)
		}
		for i, shard := range some {
			wantState(t, shard, "s", store.SessionBuried)
			wantStatus(t, s, missions[i], contracts.StatusQueued)
		}
	})
}

func TestARenewalThatCameFirstSavesAllShards(t *testing.T) {
	some, s, session, missions := holding(t, 3)
	var once bool
	some[0].set(func(call string) error {
		if call == "Bury" && !once {
			once = true
			_, err := some[0].Store.Renew(context.Background(), store.Session{ID: "s", SoldierID: "soldier"}, lease)
			return err
		}
		return nil
	}, nil)
	if err := bury(t, s, session); !errors.Is(err, store.ErrSessionChanged) {
		t.Errorf("Bury: %v", err)
	}
	for i, shard := range some {
		wantState(t, shard, "s", store.SessionLive)
		wantStatus(t, s, missions[i], contracts.StatusInProgress)
	}
}

// A commander that dies between the burials of two shards leaves the rest to any other.
func TestABurialThatWasBrokenOffIsEndedByAnyone(t *testing.T) {
	for name, fail := range map[string]func(*shard){
		"the others were not asked":       func(s *shard) { s.set(only("Bury"), nil) },
		"the others' answers were lost":   func(s *shard) { s.set(nil, only("Bury")) },
		"the others were not looked at":   func(s *shard) { s.set(failSecond("Session"), nil) },
		"a mission was granted meanwhile": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				some, s, session, missions := holding(t, 4)
				if fail != nil {
					fail(some[1])
					fail(some[2])
				} else {
					c := queued(1)
					commit(t, s, store.Applied, c)
					missions = append(missions, missionID(c))
					some[0].set(nil, func(call string) error {
						if call == "Bury" {
							commit(t, some[1].Store, store.Applied, grant(t, some[1].Store, missionID(c), "s"))
						}
						return nil
					})
				}
				if err := bury(t, s, session); err == nil {
					t.Fatal("it was not broken off")
				}
				for _, shard := range some {
					shard.set(nil, nil)
				}
				wantState(t, s, "s", store.SessionBuried)
				wantStatus(t, s, missions[0], contracts.StatusQueued)
				if _, err := s.Renew(t.Context(), store.Session{ID: "s", SoldierID: "soldier"}, lease); !errors.Is(err, store.ErrSessionDead) {
					t.Errorf("Renew: %v", err)
				}
				time.Sleep(lease)
				other := over(t, some[0], some[1], some[2], some[3])
				for _, half := range expired(t, other) {
					if half.State != store.SessionLive {
						t.Errorf("to be buried: %v", half)
					}
					if err := bury(t, other, half); err != nil {
						t.Error(err)
					}
				}
				if list := expired(t, other); len(list) != 0 {
					t.Errorf("still expired: %v", list)
				}
				for _, shard := range some {
					wantState(t, shard, "s", store.SessionBuried)
				}
				for _, id := range missions {
					wantStatus(t, other, id, contracts.StatusQueued)
				}
			})
		})
	}
}

// failSecond lets the second of some calls fail, and those after it.
func failSecond(call string) func(string) error {
	n := 0
	return func(name string) error {
		if name == call {
			n++
		}
		if n > 1 && name == call {
			return store.ErrUnavailable
		}
		return nil
	}
}

// A renewal that had passed the first shard before the burial arrives in another one after it.
func TestABurialMeetsARenewalThatIsOnItsWay(t *testing.T) {
	some, s, session, missions := holding(t, 3)
	var once bool
	some[1].set(func(call string) error {
		if call != "Bury" || once {
			return nil
		}
		once = true
		_, err := some[1].Store.Renew(context.Background(), store.Session{ID: "s", SoldierID: "soldier"}, lease)
		return err
	}, nil)
	if err := bury(t, s, session); err != nil {
		t.Fatal(err)
	}
	wantState(t, some[1], "s", store.SessionBuried)
	wantStatus(t, s, missions[1], contracts.StatusQueued)
}

func TestTheRestOfABurialIsFoundAsSoonAsOneLeaseRanOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		some, s, _, missions := holding(t, 3)
		time.Sleep(10 * time.Second)
		some[2].set(only("Renew"), nil)
		_, _ = s.Renew(t.Context(), store.Session{ID: "s", SoldierID: "soldier"}, lease)
		some[2].set(nil, nil)
		session, err := s.Session(t.Context(), "s")
		if err != nil {
			t.Fatal(err)
		}
		some[1].set(only("Bury"), nil)
		some[2].set(only("Bury"), nil)
		if err := bury(t, s, session); err == nil {
			t.Fatal("it was not broken off")
		}
		some[1].set(nil, nil)
		some[2].set(nil, nil)
		time.Sleep(lease - 10*time.Second)
		list := expired(t, s)
		if len(list) != 1 {
			t.Fatalf("expired: %v", list)
		}
		if err := bury(t, s, list[0]); err != nil {
			t.Fatal(err)
		}
		for _, id := range missions {
			wantStatus(t, s, id, contracts.StatusQueued)
		}
	})
}

func TestABurialReachesShardsThatDoNotKnowTheSession(t *testing.T) {
	some, s, session, _ := holding(t, 3)
	some[2].Store = memstores(1)[0] // it was wiped
	recs, err := s.Load(t.Context(), mustHold(t, s)...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bury(t.Context(), "s", session.RenewedAt, lost(recs)...); err != nil {
		t.Fatal(err)
	}
	wantState(t, some[2], "s", store.SessionBuried)
}

func TestABurialWhereTheFirstShardWasWiped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		some, s, _, missions := holding(t, 3)
		some[0].Store = memstores(1)[0]
		time.Sleep(lease)
		list := expired(t, s)
		if len(list) != 1 {
			t.Fatalf("expired: %v", list)
		}
		if err := bury(t, s, list[0]); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, s, missions[1], contracts.StatusQueued)
		wantStatus(t, s, missions[2], contracts.StatusQueued)
		wantState(t, s, "s", store.SessionBuried)
	})
}

func mustHold(t testing.TB, s store.Store) []string {
	t.Helper()
	ids, err := s.SessionMissions(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// Soldiers renew, run and end missions, reapers bury, any call to any shard fails or loses its answer, and time goes by. No
// soldier that renewed in time is buried, nobody is alive after he was dead, and in the end no mission is left with the dead.
func TestSessionsOverShards(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rapid.SyncTest(r, func(r *rapid.T) {
			w := newFleet(r)
			defer w.stop()
			r.Repeat(map[string]func(*rapid.T){
				"renew": w.renew, "renew 2": w.renew, "grant": w.grant, "grant 2": w.grant, "finish": w.finish, "reap": w.reap,
				"time": func(r *rapid.T) { time.Sleep(time.Duration(rapid.IntRange(1, 40).Draw(r, "seconds")) * time.Second) },
				"":     func(r *rapid.T) { w.fate(r) },
			})
			w.end(r)
		})
	})
}

type fleet struct {
	shards     []*shard
	commanders []*shardstore.Store
	sessions   []string
	missions   []string
	// renewed is when a soldier sent the last renewal that was answered; dead are those who were told so, or seen to be.
	renewed map[string]time.Time
	dead    map[string]bool
}

func newFleet(r *rapid.T) *fleet {
	some, all := shards(rapid.IntRange(2, 4).Draw(r, "shards"))
	w := &fleet{shards: some, renewed: map[string]time.Time{}, dead: map[string]bool{}}
	for range 2 {
		s, err := shardstore.New(shardstore.Config{Shards: all})
		if err != nil {
			r.Fatal(err)
		}
		w.commanders = append(w.commanders, s)
	}
	for i := range 3 {
		w.sessions = append(w.sessions, fmt.Sprint("s", i))
	}
	for i := range 6 {
		c := queued(i % len(some))
		if _, err := w.commanders[0].Commit(r.Context(), c); err != nil {
			r.Fatal(err)
		}
		w.missions = append(w.missions, missionID(c))
	}
	return w
}

func (w *fleet) stop() {
	for _, c := range w.commanders {
		_ = c.Stop(context.Background())
	}
}

// fate draws which call of which shard fails next, before or after it took place.
func (w *fleet) fate(r *rapid.T) {
	for _, s := range w.shards {
		s.set(nil, nil)
	}
	fail := only(rapid.SampledFrom([]string{"none", "Renew", "Bury", "Session", "Commit", "Expired", "Load"}).Draw(r, "call"))
	s := w.shards[rapid.IntRange(0, len(w.shards)-1).Draw(r, "of shard")]
	if rapid.Bool().Draw(r, "answer is lost") {
		s.set(nil, fail)
	} else {
		s.set(fail, nil)
	}
}

func (w *fleet) commander(r *rapid.T) *shardstore.Store {
	return w.commanders[rapid.IntRange(0, len(w.commanders)-1).Draw(r, "commander")]
}

func (w *fleet) renew(r *rapid.T) {
	id := rapid.SampledFrom(w.sessions).Draw(r, "session")
	sent := time.Now()
	_, err := w.commander(r).Renew(r.Context(), store.Session{ID: id, SoldierID: id}, lease)
	switch {
	case err == nil && w.dead[id]:
		r.Fatalf("%s was dead, and is renewed", id)
	case err == nil:
		w.renewed[id] = sent
	case errors.Is(err, store.ErrSessionDead):
		w.died(r, id)
	case !errors.Is(err, store.ErrUnavailable):
		r.Fatal(err)
	}
}

func (w *fleet) died(r *rapid.T, id string) {
	if at, ok := w.renewed[id]; ok && !w.dead[id] && time.Since(at) < lease {
		// It may have died before: an answered renewal would have said so.
		r.Fatalf("%s renewed %v ago, and is dead", id, time.Since(at))
	}
	w.dead[id] = true
}

// change changes a mission by a Commit that may fail.
func (w *fleet) change(r *rapid.T, fits func(store.Record) bool, edit func(*store.Change)) {
	id := rapid.SampledFrom(w.missions).Draw(r, "mission")
	s := w.commander(r)
	recs, err := s.Load(r.Context(), id)
	if err != nil || !fits(recs[0]) {
		return
	}
	c := store.Change{Record: recs[0], IfVersion: recs[0].Mission.Version, Due: store.DueDrop}
	edit(&c)
	if _, err := s.Commit(r.Context(), c); err != nil && !errors.Is(err, store.ErrUnavailable) {
		r.Fatal(err)
	}
}

func (w *fleet) grant(r *rapid.T) {
	id := rapid.SampledFrom(w.sessions).Draw(r, "session")
	w.change(r, func(rec store.Record) bool { return rec.Mission.Status == contracts.StatusQueued }, func(c *store.Change) {
		c.Record.Mission.Status, c.Record.Session, c.IfSession = contracts.StatusInProgress, id, id
	})
}

func (w *fleet) finish(r *rapid.T) {
	w.change(r, func(rec store.Record) bool { return rec.Mission.Status == contracts.StatusInProgress }, func(c *store.Change) {
		c.Record.Mission.Status, c.Record.Session = contracts.StatusCompleted, ""
	})
}

func (w *fleet) reap(r *rapid.T) {
	s := w.commander(r)
	list, err := s.Expired(r.Context(), 10)
	if err != nil {
		return
	}
	for _, found := range list {
		ids, err := s.SessionMissions(r.Context(), found.ID)
		if err != nil {
			continue
		}
		recs, err := s.Load(r.Context(), ids...)
		if err != nil {
			continue
		}
		_, err = s.Bury(r.Context(), found.ID, found.RenewedAt, lost(recs)...)
		switch {
		case err == nil:
			w.died(r, found.ID)
			for _, shard := range w.shards {
				if l, err := shard.Store.Session(r.Context(), found.ID); err != nil || l.State != store.SessionBuried {
					r.Fatalf("buried, and yet %v, %v", l, err)
				}
			}
		case !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrSessionChanged):
			r.Fatal(err)
		}
	}
}

// end: nothing fails any more, soldiers are silent, and reapers go on.
func (w *fleet) end(r *rapid.T) {
	for _, s := range w.shards {
		s.set(nil, nil)
	}
	for range 3 {
		time.Sleep(lease)
		w.reap(r)
	}
	recs, err := w.commanders[0].Load(r.Context(), w.missions...)
	if err != nil {
		r.Fatal(err)
	}
	due, err := w.commanders[0].TakeDue(r.Context(), 100, time.Minute)
	if err != nil {
		r.Fatal(err)
	}
	for _, rec := range recs {
		id := rec.Mission.MissionID
		isDue := slices.ContainsFunc(due, func(d store.Due) bool { return d.MissionID == id })
		if rec.Session != "" || rec.Mission.Status == contracts.StatusInProgress || isDue != (rec.Mission.Status == contracts.StatusQueued) {
			r.Fatalf("%s is %s, with session %q, due: %v", id, rec.Mission.Status, rec.Session, isDue)
		}
	}
}
