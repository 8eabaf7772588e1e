package schedule

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is what commanders share: a store in memory.
type world struct {
	t     *testing.T
	store *memstore.Store
	// latency is of each call.
	latency time.Duration
	// fate is asked before each write of a commander: whether it dies before it, or after it.
	fate func() (before, after bool)
	away atomic.Bool
	// survivor is what is left where the store lost its last writes.
	survivor atomic.Pointer[memstore.Store]
	// atOnce is how many calls are under way, most how many were, all how many there were in all.
	atOnce, most, all atomic.Int64
	ran               sync.Map // outcome -> *atomic.Int64
}

func newWorld(t *testing.T) *world {
	return &world{t: t, store: memstore.New(memstore.Config{}), fate: func() (bool, bool) { return false, false }}
}

// gate is a commander's way to the store. What it does after its death has no effect.
type gate struct {
	*memstore.Store
	w    *world
	dead atomic.Bool
	died chan struct{}
}

// data is what the store has, or what is left of it.
func (g *gate) data() *memstore.Store {
	if left := g.w.survivor.Load(); left != nil {
		return left
	}
	return g.Store
}

func (w *world) gate() *gate { return &gate{Store: w.store, w: w, died: make(chan struct{})} }

// life is one life of a commander.
type life struct {
	*Keeper
	gate *gate
}

func (w *world) commander() *life {
	l := &life{gate: w.gate()}
	now := func() contracts.Time { return contracts.At(time.Now()) }
	missions := mission.New(mission.Deps{Store: l.gate, Dispatcher: nobody{}, Inboxes: nobody{}, Observer: nobody{}, Now: now, TicketKey: []byte("k"), OrderKey: []byte("k"), Logger: zap.NewNop()})
	l.Keeper = New(Config{Store: l.gate, Missions: missions, Now: now, Logger: zap.NewNop(), Ran: func(outcome string) {
		n, _ := w.ran.LoadOrStore(outcome, &atomic.Int64{})
		n.(*atomic.Int64).Add(1)
	}})
	if err := l.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) outcomes(outcome string) int64 {
	if n, ok := w.ran.Load(outcome); ok {
		return n.(*atomic.Int64).Load()
	}
	return 0
}

func (l *life) end() { _ = l.Stop(context.Background()) }

var errAway = fmt.Errorf("away: %w", store.ErrUnavailable)

// call makes a call unless the commander is dead, or the store away.
func call[T any](g *gate, write bool, do func() (T, error)) (T, error) {
	g.w.all.Add(1)
	now := g.w.atOnce.Add(1)
	defer g.w.atOnce.Add(-1)
	if now > g.w.most.Load() {
		g.w.most.Store(now)
	}
	if g.w.latency > 0 {
		time.Sleep(g.w.latency)
	}
	var none T
	if g.dead.Load() || g.w.away.Load() {
		return none, errAway
	}
	var before, after bool
	if write {
		before, after = g.w.fate()
	}
	if before {
		g.die()
		return none, errAway
	}
	v, err := do()
	if after {
		g.die()
		return none, errAway
	}
	return v, err
}

func (g *gate) die() {
	if g.dead.CompareAndSwap(false, true) {
		close(g.died)
	}
}

func (g *gate) Document(ctx context.Context, collection, name string) (store.Document, error) {
	return call(g, false, func() (store.Document, error) { return g.data().Document(ctx, collection, name) })
}

func (g *gate) ListDocuments(ctx context.Context, collection string) (list []store.Document, from store.Source, err error) {
	list, err = call(g, false, func() (list []store.Document, err error) {
		list, from, err = g.data().ListDocuments(ctx, collection)
		return
	})
	return
}

func (g *gate) PutDocument(ctx context.Context, collection string, d store.Document) (int64, error) {
	return call(g, true, func() (int64, error) { return g.data().PutDocument(ctx, collection, d) })
}

func (g *gate) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	return call(g, true, func() ([]store.Outcome, error) { return g.data().Commit(ctx, changes...) })
}

func (g *gate) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	return call(g, false, func() ([]store.Record, error) { return g.data().Load(ctx, ids...) })
}

type nobody struct{}

func (nobody) Dispatch(store.Record, int64)     {}
func (nobody) Send(string, ...contracts.Answer) {}
func (nobody) Claimed(contracts.AnswerType)     {}
func (nobody) Recorded(contracts.UpdateStatus)  {}
func (nobody) Refused(string)                   {}
func (nobody) Ended(contracts.Status)           {}
func (nobody) Accepted()                        {}
func (nobody) Retried()                         {}

func every(seconds int) contracts.ScheduleRequest {
	r := contracts.ScheduleRequest{EverySeconds: seconds, Mission: contracts.DefaultMissionRequest()}
	r.Mission.Name = "n"
	Normalize(&r)
	return r
}

func (w *world) put(l *life, name string, r contracts.ScheduleRequest) contracts.Schedule {
	w.t.Helper()
	s, err := l.Put(w.t.Context(), name, r)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// missions returns those of a schedule, newest first.
func (w *world) missions(name string) (list []contracts.Mission) {
	w.t.Helper()
	q := store.Query{Limit: contracts.MaxListLimit, Label: contracts.Label{Key: contracts.ScheduleLabel, Value: name}}
	for {
		page, err := w.store.List(w.t.Context(), q)
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, page.Missions...)
		if q.Cursor = page.Next; page.Next == "" {
			return list
		}
	}
}

// once wants a mission for each time of a schedule from after one moment up to another, and no other one; none later than so much.
func (w *world) once(name string, seconds int, after, to time.Time, late time.Duration) {
	w.t.Helper()
	there := map[int64]int{}
	for _, m := range w.missions(name) {
		made, _ := contracts.MissionCreated(m.MissionID)
		there[made.Unix()]++
		if m.CreatedAt.Sub(made) > late || m.CreatedAt.Before(made) {
			w.t.Errorf("%s: the run of %v was ordered at %v", name, made, m.CreatedAt)
		}
	}
	for at := (after.Unix()/int64(seconds) + 1) * int64(seconds); at <= to.Unix(); at += int64(seconds) {
		if there[at] != 1 {
			w.t.Errorf("%s: %d missions for %v", name, there[at], time.Unix(at, 0).UTC())
		}
		delete(there, at)
	}
	if len(there) > 0 {
		w.t.Errorf("%s: missions for %v", name, there)
	}
}

func TestTwoCommandersOrderEachRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.commander(), w.commander()
		defer a.end()
		defer b.end()
		began := time.Now()
		w.put(a, "each-second", every(1))
		w.put(b, "each-minute", every(60))
		time.Sleep(10*time.Minute + 500*time.Millisecond)
		w.once("each-second", 1, began, time.Now(), 0) // to the millisecond
		w.once("each-minute", 60, began, time.Now(), 0)
		if n := w.outcomes(Ordered); n != 600+10 {
			t.Errorf("%d runs were counted", n)
		}
		s, _, err := a.Get(t.Context(), "each-minute")
		if err != nil || len(s.Runs) != 10 || len(s.NextTimes) != 5 || s.NextTimes[0] != s.NextAt || s.LastMissionID != s.Runs[0].MissionID || s.LastAt != s.Runs[0].At {
			t.Errorf("%+v, %v", s, err)
		}
		h, err := w.store.History(t.Context(), s.LastMissionID)
		if want := "ordered by schedule each-minute for " + s.LastAt.Format(contracts.TimeLayout); err != nil || h.Lines[0].Message != want {
			t.Errorf("%v, %v", h, err)
		}
	})
}

// TestNoDeathOrdersARunTwiceOrNever: two commanders die before or after any of their writes, and others come.
func TestNoDeathOrdersARunTwiceOrNever(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				var calm atomic.Bool
				var mu sync.Mutex
				random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // to be the same again
				deaths := 0
				w.fate = func() (before, after bool) {
					mu.Lock()
					defer mu.Unlock()
					if calm.Load() {
						return false, false
					}
					n := random.IntN(12)
					if n < 2 {
						deaths++
					}
					return n == 0, n == 1
				}
				calm.Store(true)
				first := w.commander()
				began := time.Now()
				for _, s := range []int{1, 2, 5} {
					w.put(first, fmt.Sprint("every-", s), every(s))
				}
				calm.Store(false)
				ctx, cancel := context.WithCancel(t.Context())
				var all sync.WaitGroup
				for _, l := range []*life{first, w.commander()} {
					all.Go(func() {
						for {
							select {
							case <-l.gate.died:
							case <-ctx.Done():
								l.end()
								return
							}
							l.end()
							time.Sleep(700 * time.Millisecond)
							l = w.commander()
						}
					})
				}
				time.Sleep(2 * time.Minute)
				calm.Store(true)
				time.Sleep(2*time.Second + 500*time.Millisecond)
				cancel()
				all.Wait()
				for _, s := range []int{1, 2, 5} {
					w.once(fmt.Sprint("every-", s), s, began, time.Now().Add(-500*time.Millisecond), 10*time.Second)
				}
				if deaths < 20 {
					t.Errorf("only %d died", deaths)
				}
			})
		})
	}
}

func TestAThousandAtOnceLeaveRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.latency = time.Millisecond
		a, b := w.commander(), w.commander()
		defer a.end()
		defer b.end()
		began := time.Now()
		for i := range contracts.MaxSchedules {
			w.put(a, fmt.Sprint("s", i), every(60))
		}
		if _, err := a.Put(t.Context(), "more", every(5)); !errors.Is(err, store.ErrDocumentsFull) {
			t.Errorf("one more: %v", err)
		}
		w.most.Store(0)
		time.Sleep(time.Minute)
		for i := range contracts.MaxSchedules {
			w.once(fmt.Sprint("s", i), 60, began, time.Now(), time.Second)
		}
		if most := w.most.Load(); most > 2*atOnce {
			t.Errorf("%d calls at once", most)
		}
	})
}

func TestWhileTheStoreIsAwayRunsAreMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		l := w.commander()
		defer l.end()
		for missed, want := range map[contracts.MissedRuns]int{contracts.MissedSkip: 0, contracts.MissedLast: 1, contracts.MissedAll: 5} {
			r := every(60)
			r.Missed = missed
			w.put(l, string(missed), r)
			defer func() {
				if n := len(w.missions(string(missed))); n != want+1 {
					t.Errorf("%s: %d missions, want %d", missed, n, want+1)
				}
			}()
		}
		time.Sleep(time.Minute) // one run of each; see 2000-01-01T00:00:00Z in synctest
		time.Sleep(30 * time.Second)
		w.away.Store(true)
		time.Sleep(5 * time.Minute)
		w.away.Store(false)
		time.Sleep(20 * time.Second)
	})
}

// TestAStoreThatLostItsLastWrites: what is kept of a schedule is then older than what the commander knows of it.
func TestAStoreThatLostItsLastWrites(t *testing.T) {
	for name, change := range map[string]func(*life) (contracts.Schedule, error){
		"a pause": func(l *life) (contracts.Schedule, error) { return l.Pause(context.Background(), "s") },
		"a schedule for each second": func(l *life) (contracts.Schedule, error) {
			return l.Put(context.Background(), "s", every(1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for i := range 10 { // the survivor's versions are lower
					if _, err := w.store.PutDocument(t.Context(), "others", store.Document{Name: fmt.Sprint(i)}); err != nil {
						t.Fatal(err)
					}
				}
				w.latency = time.Millisecond
				l := w.commander()
				defer l.end()
				w.put(l, "s", every(60))
				d, err := w.store.Document(t.Context(), collection, "s")
				if err != nil {
					t.Fatal(err)
				}
				survivor := memstore.New(memstore.Config{})
				if _, err := survivor.PutDocument(t.Context(), collection, store.Document{Name: d.Name, Body: d.Body}); err != nil {
					t.Fatal(err)
				}
				if _, err := change(l); err != nil {
					t.Fatal(err)
				}
				w.store = survivor
				w.survivor.Store(survivor)
				lost := time.Now()
				time.Sleep(10*time.Minute + 500*time.Millisecond)
				w.once("s", 60, lost, time.Now(), time.Second)
				if n := w.all.Load(); n > 2000 {
					t.Errorf("%d calls in ten minutes", n)
				}
			})
		})
	}
}

func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		l := w.commander()
		defer l.end()
		r := every(60)
		r.Overlap = contracts.OverlapSkip
		w.put(l, "one", r)
		time.Sleep(3*time.Minute + time.Second)
		if n := len(w.missions("one")); n != 1 {
			t.Fatalf("%d missions", n)
		}
		s, _, err := l.Get(t.Context(), "one")
		if err != nil || len(s.Runs) != 3 || s.Runs[0].Skipped != contracts.SkippedOverlap || s.Runs[2].MissionID == "" || w.outcomes(string(contracts.SkippedOverlap)) != 2 {
			t.Errorf("%+v, %v", s.Runs, err)
		}
		list, _, err := l.WithRuns(t.Context())
		if err != nil || len(list) != 1 || list[0].Name != "one" || !slices.Equal(list[0].Runs, s.Runs) || list[0].Mission.Payload != nil {
			t.Errorf("%+v, %v", list, err)
		}
		recs, err := w.store.Load(t.Context(), s.LastMissionID)
		if err != nil {
			t.Fatal(err)
		}
		recs[0].Mission.Status, recs[0].Mission.FinishedAt = contracts.StatusCompleted, contracts.At(time.Now())
		if _, err := w.store.Commit(t.Context(), store.Change{Record: recs[0], IfVersion: recs[0].Mission.Version}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := len(w.missions("one")); n != 2 {
			t.Errorf("%d missions once the first has ended", n)
		}
	})
}

// TestWhatIsAskedOfOneCommanderAllDo, within the time in which they look at all schedules.
func TestWhatIsAskedOfOneCommanderAllDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.commander(), w.commander()
		defer a.end()
		w.put(a, "s", every(10))
		time.Sleep(25 * time.Second)
		count := func(want int) {
			t.Helper()
			if n := len(w.missions("s")); n != want {
				t.Fatalf("%d missions, want %d", n, want)
			}
		}
		count(2)
		if s, err := b.Pause(t.Context(), "s"); err != nil || !s.Paused || !s.NextAt.IsZero() {
			t.Fatal(s, err)
		}
		time.Sleep(30 * time.Second)
		count(2)
		m, err := b.Run(t.Context(), "s")
		if err != nil || m.Labels[contracts.ScheduleLabel] != "s" {
			t.Fatal(m, err)
		}
		count(3)
		if s, err := b.Resume(t.Context(), "s"); err != nil || s.LastMissionID != m.MissionID || s.Paused || s.NextAt.IsZero() {
			t.Fatal(s, err)
		}
		b.end() // the other one goes on
		time.Sleep(10 * time.Second)
		count(4)
		if err := a.Delete(t.Context(), "s"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		count(4)
		for _, err := range []error{
			func() error { _, _, err := a.Get(t.Context(), "s"); return err }(), a.Delete(t.Context(), "s"),
			func() error { _, err := a.Pause(t.Context(), "s"); return err }(), func() error { _, err := a.Run(t.Context(), "s"); return err }(),
		} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("of one that is gone: %v", err)
			}
		}
		w.put(a, "s", every(10)) // another one, whose runs are its own
		time.Sleep(10 * time.Second)
		count(5)
	})
}

// refusing creates nothing, for a reason that stays.
type refusing struct{}

func (refusing) SubmitAs(context.Context, contracts.MissionRequest, string, string) (contracts.Mission, error) {
	return contracts.Mission{}, errors.New("it is not to be")
}

func TestWhatCanNotBeOrderedHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := New(Config{Store: w.gate(), Missions: refusing{}, Now: func() contracts.Time { return contracts.At(time.Now()) }, Ran: func(string) {}, Logger: zap.NewNop()})
		if err := k.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = k.Stop(context.Background()) }()
		if _, err := k.Put(t.Context(), "s", every(10)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Second)
		s, _, err := k.Get(t.Context(), "s")
		if err != nil || len(s.Runs) != 2 || s.Runs[0].Skipped != contracts.SkippedRefused || s.Runs[0].Detail != "it is not to be" || s.LastMissionID != "" {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestWhatCanNotBeReadIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if _, err := w.store.PutDocument(t.Context(), collection, store.Document{Name: "broken", Body: []byte(`{"next_at":"1999`)}); err != nil {
			t.Fatal(err)
		}
		l := w.commander()
		defer l.end()
		time.Sleep(5 * time.Second)
		w.put(l, "sound", every(60))
		if list, _, err := l.List(t.Context()); err != nil || len(list) != 1 || list[0].Name != "sound" {
			t.Errorf("%+v, %v", list, err)
		}
		if list, _, err := l.WithRuns(t.Context()); err != nil || len(list) != 1 || list[0].Name != "sound" {
			t.Errorf("%+v, %v", list, err)
		}
		w.put(l, "broken", every(10))
		time.Sleep(10 * time.Second)
		if n := len(w.missions("broken")); n != 1 {
			t.Errorf("%d missions once it was put again", n)
		}
	})
}
