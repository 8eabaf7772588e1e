package dualstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/dualstore"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// scene is a Store over a gate over a memstore, in fake time.
type scene struct {
	*testing.T
	*dualstore.Store
	gate  *gate
	truth *memstore.Store
	ctx   context.Context
}

// inScene runs a test in fake time.
func inScene(t *testing.T, cfg dualstore.Config, kept int, prepare, test func(s *scene)) {
	synctest.Test(t, func(t *testing.T) {
		truth := memstore.New(memstore.Config{EventsKept: kept})
		s := &scene{T: t, truth: truth, gate: &gate{to: truth}, ctx: context.Background()}
		cfg.Primary = s.gate
		prepare(s)
		s.Store = start(t, cfg)
		s.settle()
		test(s)
	})
}

// settle lets the follower catch up.
func (s *scene) settle() {
	time.Sleep(3 * time.Second)
	synctest.Wait()
}

func newRecord() store.Record {
	return store.Record{Mission: contracts.Mission{
		MissionID: uuid.Must(uuid.NewV7()).String(), Name: "a mission", Kind: "simulate", Squad: "default",
		Priority: contracts.PriorityNormal, Status: contracts.StatusQueued, Payload: []byte(`{"a":1}`),
	}}
}

// commit commits to a store what must be applied, and returns the record as it is then.
func (s *scene) commit(to store.Missions, r store.Record, history ...contracts.HistoryLine) store.Record {
	s.Helper()
	o, err := to.Commit(s.ctx, store.Change{Record: r, IfVersion: r.Mission.Version, History: history})
	if err != nil || o[0].Code != store.Applied {
		s.Fatalf("Commit: %v, %v", o, err)
	}
	r.Mission.Version++
	return r.Clone()
}

func (s *scene) wantDegraded(want store.Record) store.Source {
	s.Helper()
	got, source, err := s.Get(s.ctx, want.Mission.MissionID)
	if err != nil {
		s.Fatalf("Get: %v", err)
	}
	if d := cmp.Diff(want, got); d != "" || !source.Degraded {
		s.Errorf("Get: source %v, %s", source, d)
	}
	return source
}

func nothing(*scene) {}

func TestMemoryHasWhatWentThroughAndWhatOthersChanged(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		mine := s.commit(s, newRecord())
		mine.Mission.Status = contracts.StatusInProgress
		mine = s.commit(s, mine)
		others := s.commit(s.truth, newRecord())
		others.Mission.Status, others.Mission.Result = contracts.StatusCompleted, []byte(`"done"`)
		others = s.commit(s.truth, others)
		mixed := s.commit(s, newRecord())
		mixed.Mission.Progress = 5
		mixed = s.commit(s.truth, mixed)
		s.settle()
		s.gate.set(refusing)
		for _, r := range []store.Record{mine, others, mixed} {
			source := s.wantDegraded(r)
			if age := time.Since(source.AsOf.Time); age < 0 || age > 2*time.Second {
				s.Errorf("as of %v ago", age)
			}
		}
	})
}

func TestMemoryIsFilledAtTheStart(t *testing.T) {
	var all []store.Record
	inScene(t, dualstore.Config{}, 0, func(s *scene) {
		for range 230 {
			all = append(all, s.commit(s.truth, newRecord()))
		}
	}, func(s *scene) {
		s.gate.set(refusing)
		for _, r := range all {
			s.wantDegraded(r)
		}
		var listed []contracts.Mission
		q := store.Query{Limit: 100, Status: contracts.StatusQueued, Kind: "simulate", Squad: "default"}
		for {
			p, err := s.List(s.ctx, q)
			if err != nil || p.Complete || !p.Source.Degraded {
				s.Fatalf("List: complete %v, source %v, %v", p.Complete, p.Source, err)
			}
			listed = append(listed, p.Missions...)
			if q.Cursor = p.Next; p.Next == "" {
				break
			}
		}
		if len(listed) != len(all) {
			s.Fatalf("%d listed of %d", len(listed), len(all))
		}
		for i, m := range listed {
			if d := cmp.Diff(all[len(all)-1-i].Mission.Brief(), m); d != "" {
				s.Fatal(d)
			}
		}
		if p, err := s.List(s.ctx, store.Query{Limit: 1, Kind: "none"}); err != nil || len(p.Missions) != 0 {
			s.Errorf("%v, %v", p, err)
		}
		if _, err := s.List(s.ctx, store.Query{Limit: 1, Cursor: "x"}); !errors.Is(err, store.ErrCursor) {
			s.Errorf("cursor: %v", err)
		}
	})
}

func TestWhatMemoryLacksMayExist(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		id := newRecord().Mission.MissionID
		if _, _, err := s.Get(s.ctx, id); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("Get: %v, want ErrNotFound", err)
		}
		s.gate.set(refusing)
		if _, _, err := s.Get(s.ctx, id); !errors.Is(err, store.ErrNotInMemory) || errors.Is(err, store.ErrNotFound) {
			s.Errorf("Get: %v, want ErrNotInMemory", err)
		}
		if _, err := s.History(s.ctx, id); !errors.Is(err, store.ErrNotInMemory) {
			s.Errorf("History: %v, want ErrNotInMemory", err)
		}
	})
}

func TestBornInAnOutage(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, func(s *scene) {
		s.commit(s.truth, newRecord())
		s.gate.set(refusing)
	}, func(s *scene) {
		if _, err := s.Counts(s.ctx); !errors.Is(err, store.ErrNotInMemory) {
			s.Errorf("Counts: %v", err)
		}
		if _, err := s.SquadCounts(s.ctx); !errors.Is(err, store.ErrNotInMemory) {
			s.Errorf("SquadCounts: %v", err)
		}
		if _, _, err := s.ListSessions(s.ctx); !errors.Is(err, store.ErrNotInMemory) {
			s.Errorf("ListSessions: %v", err)
		}
		p, err := s.List(s.ctx, store.Query{Limit: 1})
		if err != nil || len(p.Missions) != 0 || p.Complete || !p.Source.Degraded || !p.Source.AsOf.IsZero() {
			s.Errorf("List: %v, %v", p, err)
		}
		s.gate.set(open)
		s.settle()
		if c, err := s.Counts(s.ctx); err != nil || c.Source.Degraded || c.ByStatus[contracts.StatusQueued] != 1 {
			s.Errorf("Counts: %v, %v", c, err)
		}
	})
}

func TestDecisionsAreNeverAnsweredFromMemory(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		r := s.commit(s, newRecord())
		session, err := s.Renew(s.ctx, store.Session{ID: "s", SoldierID: "a"}, time.Hour)
		if err != nil {
			s.Fatal(err)
		}
		if _, err := s.PutDocument(s.ctx, "plans", store.Document{Name: "a", Body: []byte("b")}); err != nil {
			s.Fatal(err)
		}
		if _, _, err := s.ListDocuments(s.ctx, "plans"); err != nil {
			s.Fatal(err)
		}
		s.settle()
		s.gate.set(refusing)
		id := r.Mission.MissionID
		for name, call := range map[string]func() error{
			"Load":          func() error { _, err := s.Load(s.ctx, id); return err },
			"Commit":        func() error { _, err := s.Commit(s.ctx, store.Change{Record: r, IfVersion: 1}); return err },
			"TakeDue":       func() error { _, err := s.TakeDue(s.ctx, 1, time.Second); return err },
			"TakeDeadlines": func() error { _, err := s.TakeDeadlines(s.ctx, 1, time.Second); return err },
			"ClearDue":      func() error { return s.ClearDue(s.ctx, store.Due{MissionID: id, Dispatch: 1}) },
			"Renew":         func() error { _, err := s.Renew(s.ctx, session, time.Second); return err },
			"Session":       func() error { _, err := s.Session(s.ctx, "s"); return err },
			"Expired":       func() error { _, err := s.Expired(s.ctx, 1); return err },
			"Shelved":       func() error { _, err := s.Shelved(s.ctx, "sent", contracts.At(time.Now()), 1); return err },
			"Unshelve": func() error {
				_, err := s.Unshelve(s.ctx, "sent", contracts.At(time.Now()), 1, contracts.At(time.Now()))
				return err
			},
			"BrokerID": func() error { _, err := s.BrokerID(s.ctx); return err },
			"Trim": func() error {
				_, err := s.Trim(s.ctx, store.Trim{Status: contracts.StatusFailed, Limit: 1})
				return err
			},
			"Remove": func() error {
				_, err := s.Remove(s.ctx, store.Removal{MissionID: id, IfVersion: 1})
				return err
			},
			"SwapBrokerID":    func() error { _, err := s.SwapBrokerID(s.ctx, "", "a"); return err },
			"AddReports":      func() error { return s.AddReports(s.ctx, store.Report{MissionID: id, Run: 1, Seq: 1}) },
			"Progress":        func() error { _, err := s.Progress(s.ctx, id); return err },
			"Log":             func() error { _, err := s.Log(s.ctx, id, 0); return err },
			"Document":        func() error { _, err := s.Document(s.ctx, "plans", "a"); return err },
			"PutDocument":     func() error { _, err := s.PutDocument(s.ctx, "plans", store.Document{Name: "a"}); return err },
			"DeleteDocument":  func() error { return s.DeleteDocument(s.ctx, "plans", "a", 1) },
			"Recount":         func() error { _, err := s.Recount(s.ctx); return err },
			"SessionMissions": func() error { _, err := s.SessionMissions(s.ctx, "s"); return err },
			"Bury":            func() error { _, err := s.Bury(s.ctx, "s", session.RenewedAt); return err },
			"ReadEvents":      func() error { _, err := s.ReadEvents(s.ctx, "", 1, 0); return err },
			"LastEvent":       func() error { _, err := s.LastEvent(s.ctx); return err },
			"Now":             func() error { _, err := s.Now(s.ctx); return err },
			"Check":           func() error { _, err := s.Check(s.ctx); return err },
		} {
			if err := call(); !errors.Is(err, store.ErrUnavailable) {
				s.Errorf("%s: %v, want ErrUnavailable", name, err)
			}
		}
		list, source, err := s.ListSessions(s.ctx)
		if err != nil || !source.Degraded || len(list) != 1 || list[0].ID != "s" {
			s.Errorf("ListSessions: %v, %v, %v", list, source, err)
		}
		counts, err := s.Counts(s.ctx)
		if err != nil || !counts.Source.Degraded || counts.ByStatus[contracts.StatusQueued] != 1 {
			s.Errorf("Counts: %v, %v", counts, err)
		}
		squads, err := s.SquadCounts(s.ctx) // nobody had asked before
		if err != nil || !squads.Known || !squads.Source.Degraded || squads.Source.AsOf.IsZero() || squads.BySquad[r.Mission.Squad].Queued != 1 {
			s.Errorf("SquadCounts: %+v, %v", squads, err)
		}
		documents, source, err := s.ListDocuments(s.ctx, "plans")
		if err != nil || !source.Degraded || len(documents) != 1 || documents[0].Name != "a" {
			s.Errorf("ListDocuments: %v, %v, %v", documents, source, err)
		}
		if _, _, err := s.ListDocuments(s.ctx, "never read"); !errors.Is(err, store.ErrNotInMemory) {
			s.Errorf("ListDocuments of what was never read: %v, want ErrNotInMemory", err)
		}
		s.wantDegraded(r) // the Commit above left nothing
	})
}

func TestAHangingPrimaryDelaysOneReadAndNoMore(t *testing.T) {
	for name, m := range map[string]mode{"heeds its context": hanging, "is deaf": deaf} {
		t.Run(name, func(t *testing.T) {
			inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
				r := s.commit(s, newRecord())
				s.gate.set(m)
				began := time.Now()
				s.wantDegraded(r)
				if took := time.Since(began); took > 300*time.Millisecond {
					s.Errorf("the first read took %v", took)
				}
				began = time.Now()
				for range 1000 {
					s.wantDegraded(r)
				}
				if took := time.Since(began); took > 0 {
					s.Errorf("more reads took %v", took)
				}
				time.Sleep(time.Minute)
				if asked, _ := s.gate.count(); asked > 60*5 {
					s.Errorf("the primary was asked %d times in a minute", asked)
				}
				began = time.Now()
				s.gate.set(open)
				for {
					_, source, err := s.Get(s.ctx, r.Mission.MissionID)
					if err != nil {
						s.Fatal(err)
					}
					if !source.Degraded {
						break
					}
					time.Sleep(10 * time.Millisecond)
				}
				if took := time.Since(began); took > 1500*time.Millisecond {
					s.Errorf("the primary was back for %v before it was asked", took)
				}
			})
		})
	}
}

func TestAWriteThatSucceedsEndsTheOutage(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		r := s.commit(s, newRecord())
		s.gate.set(refusing)
		s.wantDegraded(r)
		s.gate.set(open)
		s.commit(s, r)
		if _, source, err := s.Get(s.ctx, r.Mission.MissionID); err != nil || source.Degraded {
			s.Errorf("%v, %v", source, err)
		}
	})
}

func TestAnOutageIsNoticedWithoutReads(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		r := s.commit(s, newRecord())
		s.gate.set(hanging)
		time.Sleep(5 * time.Second)
		began := time.Now()
		s.wantDegraded(r)
		if took := time.Since(began); took > 0 {
			s.Errorf("the first read took %v", took)
		}
	})
}

func TestOwnChangesAreNotLoadedAgain(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		for range 100 {
			s.commit(s, s.commit(s, newRecord()))
		}
		s.settle()
		if _, loads := s.gate.count(); loads > 0 {
			s.Errorf("%d missions were loaded", loads)
		}
	})
}

func TestLargeBodiesAreLeftOutAndThisIsSaid(t *testing.T) {
	inScene(t, dualstore.Config{BodyLimit: 100}, 0, nothing, func(s *scene) {
		large := []byte(`"` + strings.Repeat("x", 200) + `"`)
		both, payload, none := newRecord(), newRecord(), newRecord()
		both.Mission.Payload, both.Mission.Result = large, large
		payload.Mission.Payload = large
		payload.Mission.Result = []byte(`"small"`)
		both, payload, none = s.commit(s, both), s.commit(s.truth, payload), s.commit(s, none)
		both = s.commit(s, both) // changed again: the payload is still left out
		s.settle()
		s.gate.set(refusing)
		both.Mission.Payload, both.Mission.Result, payload.Mission.Payload = nil, nil, nil
		for _, want := range []struct {
			record          store.Record
			payload, result bool
		}{{both, true, true}, {payload, true, false}, {none, false, false}} {
			source := s.wantDegraded(want.record)
			if source.PayloadOmitted != want.payload || source.ResultOmitted != want.result {
				s.Errorf("source %v, want %v", source, want)
			}
		}
	})
}

func TestWhatAReadShowedIsNotOlderInMemory(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		got, listed := s.commit(s, newRecord()), s.commit(s, newRecord())
		got.Mission.Status, got.Mission.Result = contracts.StatusCompleted, []byte(`"r"`)
		listed.Mission.Status, listed.Mission.Result = contracts.StatusCompleted, []byte(`"r"`)
		got, listed = s.commit(s.truth, got), s.commit(s.truth, listed)
		if _, _, err := s.Get(s.ctx, got.Mission.MissionID); err != nil {
			s.Fatal(err)
		}
		if _, err := s.List(s.ctx, store.Query{Limit: 10}); err != nil {
			s.Fatal(err)
		}
		s.gate.set(refusing) // before the follower could load them
		s.wantDegraded(got)
		listed.Mission.Result = nil
		if source := s.wantDegraded(listed); !source.ResultOmitted || source.PayloadOmitted {
			s.Errorf("a list does not tell the result: %v", source)
		}
		s.gate.set(open)
		s.settle()
		s.gate.set(refusing)
		listed.Mission.Result = []byte(`"r"`)
		if source := s.wantDegraded(listed); source.ResultOmitted {
			s.Errorf("the follower did not load what the list had left out: %v", source)
		}
	})
}

func TestHistoryIsToldOnlyWhereItIsWhole(t *testing.T) {
	line := func(text string) contracts.HistoryLine { return contracts.HistoryLine{Message: text} }
	var old store.Record
	inScene(t, dualstore.Config{}, 0, func(s *scene) {
		old = s.commit(s.truth, newRecord(), line("before"))
	}, func(s *scene) {
		mine := s.commit(s, s.commit(s, newRecord(), line("one"), line("two")), line("three"))
		mixed := s.commit(s, s.commit(s.truth, s.commit(s, newRecord(), line("one")), line("other")), line("three"))
		old = s.commit(s, old, line("after"))
		s.settle()
		s.gate.set(refusing)
		h, err := s.History(s.ctx, mine.Mission.MissionID)
		if err != nil || !h.Source.Degraded {
			s.Fatalf("%v, %v", h, err)
		}
		if d := cmp.Diff([]contracts.HistoryLine{line("one"), line("two"), line("three")}, h.Lines); d != "" {
			s.Error(d)
		}
		for _, r := range []store.Record{mixed, old} {
			if h, err := s.History(s.ctx, r.Mission.MissionID); !errors.Is(err, store.ErrNotInMemory) {
				s.Errorf("%v, %v, want ErrNotInMemory", h, err)
			}
		}
	})
}

func TestMissedEventsLoadTheMemoryAnew(t *testing.T) {
	inScene(t, dualstore.Config{}, 5, nothing, func(s *scene) {
		kept, changed := s.commit(s, newRecord()), s.commit(s, newRecord())
		s.settle()
		s.gate.set(refusing)
		s.wantDegraded(kept)
		changed.Mission.Status = contracts.StatusCancelled
		changed = s.commit(s.truth, changed)
		fresh := s.commit(s.truth, newRecord())
		for range 10 {
			fresh = s.commit(s.truth, fresh)
		}
		s.gate.set(open)
		s.settle()
		s.gate.set(refusing)
		for _, r := range []store.Record{kept, changed, fresh} {
			s.wantDegraded(r)
		}
	})
}

func TestAWipedPrimaryIsTheTruthToo(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		gone, back := s.commit(s, newRecord()), s.commit(s, s.commit(s, s.commit(s, newRecord())))
		s.settle()
		s.gate.set(refusing)
		s.wantDegraded(back)
		wiped := memstore.New(memstore.Config{})
		adopted := back
		adopted.Mission.Version = 0
		adopted = s.commit(wiped, adopted)
		s.gate.swap(wiped)
		s.gate.set(open)
		s.settle()
		s.gate.set(refusing)
		s.wantDegraded(adopted)
		if _, _, err := s.Get(s.ctx, gone.Mission.MissionID); !errors.Is(err, store.ErrNotInMemory) {
			s.Errorf("what was wiped: %v", err)
		}
	})
}

func TestTheNewestByChangeAreKept(t *testing.T) {
	inScene(t, dualstore.Config{MaxMissions: 3}, 0, nothing, func(s *scene) {
		var all []store.Record
		for range 6 {
			all = append(all, s.commit(s, newRecord()))
		}
		all[0] = s.commit(s, all[0])
		s.settle()
		s.gate.set(refusing)
		for i, r := range all {
			_, _, err := s.Get(s.ctx, r.Mission.MissionID)
			if kept := i == 0 || i > 3; kept != (err == nil) || !kept && !errors.Is(err, store.ErrNotInMemory) {
				s.Errorf("mission %d: %v", i, err)
			}
		}
	})
}

func TestStopMayComeTwiceAndInAnOutage(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		s.gate.set(hanging)
		for range 2 {
			if err := s.Stop(s.ctx); err != nil {
				s.Fatal(err)
			}
		}
		if err := s.Start(s.ctx); err != nil {
			s.Fatal(err)
		}
	})
}

func TestRecallIsWhatWasLastSeen(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		r := s.commit(s, newRecord())
		id := r.Mission.MissionID
		r.Mission.Progress = 5
		s.commit(s.truth, r) // by others, just now
		old := r.Brief()
		old.Mission.Progress = 0
		got, ok := s.Recall(id)
		if d := cmp.Diff(old, got); d != "" || !ok {
			s.Errorf("before the follower heard of the change: %v, %s", ok, d)
		}
		s.settle()
		if got, ok = s.Recall(id); !ok || got.Mission.Version != 2 || got.Mission.Progress != 5 || got.Mission.Payload != nil {
			s.Errorf("after it did: %v, %+v", ok, got.Mission)
		}
		if _, ok = s.Recall("nobody's"); ok {
			s.Error("what nobody knows is remembered")
		}
	})
}
