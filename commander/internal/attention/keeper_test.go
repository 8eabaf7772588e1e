package attention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errAway = errors.New("away") //nolint:gochecknoglobals // a sentinel

// world is a small system: a memstore, and parts that do as they are told.
type world struct {
	*memstore.Store
	mu       sync.Mutex
	away     map[string]error         // sources that fail
	slow     map[string]time.Duration // sources that take their time
	deaf     bool                     // slow ones ignore their context
	asked    map[string]int
	old      bool // the store is away, and memory answers
	squads   []squads.Squad
	sessions []store.Session
	ready    int
	paused   bool // the schedule
}

func newWorld() *world {
	return &world{
		Store: memstore.New(memstore.Config{}), away: map[string]error{}, slow: map[string]time.Duration{}, asked: map[string]int{},
		squads: []squads.Squad{{Name: "default"}}, sessions: []store.Session{soldier("soldier-1", "default")},
	}
}

func (w *world) set(edit func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	edit()
}

func (w *world) asks(source string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[source]
}

// answer is what a source does.
func (w *world) answer(ctx context.Context, source string) error {
	w.mu.Lock()
	w.asked[source]++
	err, slow, deaf := w.away[source], w.slow[source], w.deaf
	w.mu.Unlock()
	if deaf {
		time.Sleep(slow)
		return err
	}
	select {
	case <-time.After(slow):
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *world) from() store.Source {
	w.mu.Lock()
	defer w.mu.Unlock()
	return store.Source{Degraded: w.old}
}

func (w *world) Report() health.Report {
	up := health.Check{Status: health.CheckUp, CheckedAt: contracts.At(time.Now()), Since: contracts.At(time.Now())}
	return health.Report{Checks: health.Checks{Redis: up, RabbitMQ: up}}
}

func (w *world) Counts(ctx context.Context) (store.Counts, error) {
	if err := w.answer(ctx, "counts"); err != nil {
		return store.Counts{}, err
	}
	c, err := w.Store.Counts(ctx)
	c.Source = w.from()
	return c, err
}

func (w *world) List(ctx context.Context, q store.Query) (store.Page, error) {
	if err := w.answer(ctx, "list"); err != nil {
		return store.Page{}, err
	}
	p, err := w.Store.List(ctx, q)
	p.Source = w.from()
	return p, err
}

func (w *world) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	if err := w.answer(ctx, "soldiers"); err != nil {
		return nil, store.Source{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sessions), store.Source{Degraded: w.old}, nil
}

func (w *world) Depth(ctx context.Context, _ string) (broker.Depth, error) {
	err := w.answer(ctx, "depths")
	w.mu.Lock()
	defer w.mu.Unlock()
	return broker.Depth{Ready: w.ready}, err
}

func (w *world) Failures(ctx context.Context, _ contracts.Range) (contracts.FailureList, store.Source, error) {
	return contracts.FailureList{}, store.Source{}, w.answer(ctx, "failures")
}

func (w *world) WithRuns(ctx context.Context) ([]contracts.Schedule, store.Source, error) {
	err := w.answer(ctx, "schedules")
	w.mu.Lock()
	defer w.mu.Unlock()
	return []contracts.Schedule{{Name: "nightly", Paused: w.paused, UpdatedAt: contracts.At(time.Now())}}, store.Source{}, err
}

// part is what world has twice a List of.
type part struct{ *world }

func (p part) List() ([]squads.Squad, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.squads), p.away["squads"] == nil
}

func (p part) Squads(context.Context) (map[string]limits.Squad, error) { return nil, nil } //nolint:nilnil // not known

type noBulk struct{}

func (noBulk) List(context.Context) ([]contracts.BulkJob, store.Source, error) {
	return nil, store.Source{}, nil
}

func (w *world) keeper() *Keeper {
	return New(Config{
		Sources: Sources{Health: w, Store: w, Squads: part{w}, Limits: part{w}, Depths: w, Failures: w, Schedules: w, Bulk: noBulk{}},
		Now:     func() contracts.Time { return contracts.At(time.Now()) }, Logger: zap.NewNop(),
	})
}

// create makes a mission that is QUEUED.
func (w *world) create(t *testing.T, squad, kind string, n int) {
	t.Helper()
	for i := range n {
		now := contracts.At(time.Now())
		m := contracts.Mission{
			MissionID: uuid.Must(uuid.NewV7()).String(), Name: fmt.Sprint(i), Kind: kind, Squad: squad, Priority: contracts.PriorityNormal,
			Status: contracts.StatusQueued, Attempt: 1, MaxAttempts: 1, CreatedAt: now, UpdatedAt: now,
		}
		m.MissionID = contracts.FirstMissionID(now)[:19] + m.MissionID[19:] // of the test's clock
		if _, err := w.Commit(t.Context(), store.Change{Record: store.Record{Mission: m}}); err != nil {
			t.Fatal(err)
		}
	}
}

// run calls a test with a keeper under fake time.
func run(t *testing.T, test func(t *testing.T, w *world, k *Keeper)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		k := w.keeper()
		for range 2 {
			if err := k.Start(t.Context()); err != nil {
				t.Error(err)
			}
		}
		test(t, w, k)
		for range 2 {
			if err := k.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
}

// ids asks, and returns what needs attention.
func ids(t *testing.T, k *Keeper) string {
	t.Helper()
	began := time.Now()
	a, err := k.Attention(t.Context())
	if err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > patience {
		t.Errorf("asking took %s", took)
	}
	var out []string
	for _, item := range a.Items {
		out = append(out, item.ID)
	}
	return strings.Join(out, " ")
}

func expect(t *testing.T, k *Keeper, want string) {
	t.Helper()
	if got := ids(t, k); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatWaitsIsSeen(t *testing.T) {
	run(t, func(t *testing.T, w *world, k *Keeper) {
		expect(t, k, "")
		w.set(func() { w.squads = append(w.squads, squads.Squad{Name: "mail"}) })
		w.create(t, "mail", "simulate", 3)
		w.create(t, "default", "resize", 1)
		w.create(t, "default", "simulate", 1)
		time.Sleep(every)
		expect(t, k, "kind_unserved:default:resize squad_unserved:mail")
		w.set(func() { w.sessions = append(w.sessions, soldier("soldier-2", "mail")) })
		time.Sleep(every)
		expect(t, k, "kind_unserved:default:resize")
		time.Sleep(longWait)
		w.create(t, "mail", "simulate", 1) // which is new
		expect(t, k, "waiting_long:default waiting_long:mail kind_unserved:default:resize")
		a, _ := k.Attention(t.Context())
		for _, item := range a.Items {
			if item.Squad == "mail" && item.Count != 3 || item.Squad == "default" && item.Count != 1 {
				t.Errorf("%+v", item)
			}
		}
		w.set(func() { w.sessions = nil })
		time.Sleep(every)
		expect(t, k, "no_soldiers")
	})
}

// TestASquadBehindManyMissionsIsFound: however many wait for others. A kind is found by and by.
func TestASquadBehindManyMissionsIsFound(t *testing.T) {
	run(t, func(t *testing.T, w *world, k *Keeper) {
		w.set(func() { w.squads = append(w.squads, squads.Squad{Name: "mail"}) })
		expect(t, k, "")
		w.create(t, "mail", "simulate", 2)
		w.create(t, "default", "resize", 2)
		time.Sleep(time.Second)
		w.create(t, "default", "simulate", 3*walkPages*contracts.MaxListLimit)
		w.create(t, "mail", "simulate", sample-1)
		time.Sleep(time.Second)
		expect(t, k, "squad_unserved:mail")
		if a, _ := k.Attention(t.Context()); a.Items[0].Count != sample || !strings.HasPrefix(a.Items[0].Detail, "At least 100 missions wait") {
			t.Errorf("%+v", a.Items[0])
		}
		for range 3 {
			time.Sleep(every)
			ids(t, k)
		}
		expect(t, k, "squad_unserved:mail kind_unserved:default:resize")
		for range 9 { // it is not forgotten while the walk goes round
			time.Sleep(every)
			expect(t, k, "squad_unserved:mail kind_unserved:default:resize")
		}
	})
}

// TestASourceThatIsAwayHidesWhatItFeedsAlone, whether it fails or hangs, and whether it heeds its context.
func TestASourceThatIsAwayHidesWhatItFeedsAlone(t *testing.T) {
	all := "squad_unserved:mail set_aside:orders_dead_queue set_aside:status_refused_queue set_aside:submissions_refused_queue schedule_paused:nightly submissions_kept"
	for source, want := range map[string]string{
		"counts":    strings.TrimPrefix(all, "squad_unserved:mail "),
		"soldiers":  strings.TrimPrefix(all, "squad_unserved:mail "),
		"list":      strings.TrimPrefix(all, "squad_unserved:mail "),
		"squads":    strings.TrimPrefix(all, "squad_unserved:mail "),
		"depths":    "squad_unserved:mail schedule_paused:nightly",
		"schedules": strings.ReplaceAll(all, " schedule_paused:nightly", ""),
		"failures":  all,
	} {
		for how, away := range map[string]func(w *world){
			"fails": func(w *world) { w.away[source] = errAway },
			"hangs": func(w *world) { w.slow[source] = time.Hour },
			"deaf":  func(w *world) { w.slow[source], w.deaf = time.Hour, true },
		} {
			if source == "squads" && how != "fails" {
				continue // they are in memory
			}
			t.Run(source+" "+how, func(t *testing.T) {
				run(t, func(t *testing.T, w *world, k *Keeper) {
					w.set(func() { w.squads, w.ready, w.paused = append(w.squads, squads.Squad{Name: "mail"}), 3, true })
					w.create(t, "mail", "simulate", 3)
					ids(t, k)
					time.Sleep(documentsEvery + every)
					compareIDs(t, k, all)
					began := time.Now()
					w.set(func() { away(w) })
					time.Sleep(12 * time.Second)
					compareIDs(t, k, want)
					w.set(func() { w.away, w.slow, w.deaf = map[string]error{}, map[string]time.Duration{}, false })
					if how == "deaf" {
						time.Sleep(time.Hour)
						ids(t, k) // the first one after long asks anew
					}
					time.Sleep(longestPause + every)
					compareIDs(t, k, all)
					a, _ := k.Attention(t.Context())
					if since := a.Items[0].Since; since.After(began) {
						t.Errorf("%s since %v, though it was seen before %v", a.Items[0].ID, since, began)
					}
				})
			})
		}
	}
}

// compareIDs compares without order, which depends on when each source was asked.
func compareIDs(t *testing.T, k *Keeper, want string) {
	t.Helper()
	got := strings.Fields(ids(t, k))
	list := strings.Fields(want)
	slices.Sort(got)
	slices.Sort(list)
	if !slices.Equal(got, list) {
		t.Errorf("got %v, want %v", got, list)
	}
}

// TestNothingIsSaidFromMemoryOfWhatWaits: it would be wrong for as long as Redis is away.
func TestNothingIsSaidFromMemoryOfWhatWaits(t *testing.T) {
	run(t, func(t *testing.T, w *world, k *Keeper) {
		w.set(func() { w.sessions, w.old = nil, true })
		w.create(t, "default", "simulate", 3)
		time.Sleep(every)
		expect(t, k, "")
		w.set(func() { w.old = false })
		time.Sleep(every)
		expect(t, k, "no_soldiers")
	})
}

// TestItLooksOftenOnlyWhileSomebodyAsks.
func TestItLooksOftenOnlyWhileSomebodyAsks(t *testing.T) {
	run(t, func(t *testing.T, w *world, k *Keeper) {
		looks := func(d time.Duration, each time.Duration) int {
			before := w.asks("counts")
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(each) {
				if each < d {
					ids(t, k)
				}
			}
			return w.asks("counts") - before
		}
		time.Sleep(time.Second)
		if n := looks(10*time.Minute, 10*time.Minute); n != 20 {
			t.Errorf("%d looks in 10 min while nobody asked", n)
		}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { ids(t, k) })
		}
		all.Wait()
		if n := looks(time.Minute, 10*time.Millisecond); n < 25 || n > 31 {
			t.Errorf("%d looks in a minute while many asked", n)
		}
		w.set(func() { w.slow["counts"] = 500 * time.Millisecond })
		looks(10*time.Second, time.Second)
		if n := looks(time.Minute, time.Second); n > 12 {
			t.Errorf("%d questions in a minute that take half a second each", n)
		}
	})
}

func TestNotKnownBeforeTheFirstLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newWorld().keeper()
		if _, err := k.Attention(t.Context()); !errors.Is(err, store.ErrUnavailable) {
			t.Error(err)
		}
		if err := k.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestStopDoesNotWaitBeyondItsContext(t *testing.T) {
	run(t, func(t *testing.T, w *world, k *Keeper) {
		w.set(func() { w.slow["depths"], w.deaf = time.Minute, true })
		ids(t, k)
		time.Sleep(every)
		ids(t, k)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := k.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// TestLostRuns: what a dead soldier ran counts where it was given back, and is looked up once.
func TestLostRuns(t *testing.T) {
	run(t, func(t *testing.T, w *world, k *Keeper) {
		lost := func(losses int) contracts.ExecutionRef {
			id := uuid.Must(uuid.NewV7()).String()
			m := contracts.Mission{MissionID: id, Name: "m", Kind: "simulate", Squad: "default", Status: contracts.StatusCompleted, Run: 2, Losses: losses, CreatedAt: contracts.At(time.Now())}
			if _, err := w.Commit(t.Context(), store.Change{Record: store.Record{Mission: m}}); err != nil {
				t.Fatal(err)
			}
			return contracts.ExecutionRef{MissionID: id, Run: 1}
		}
		finished := lost(1) // an earlier soldier lost it; this one completed it
		finished.Run = 2
		gone, stopped := soldier("soldier-8", "default"), soldier("soldier-9", "default")
		for _, s := range []*store.Session{&gone, &stopped} {
			s.State, s.RenewedAt = store.SessionBuried, contracts.At(time.Now())
		}
		gone.Running = []contracts.ExecutionRef{lost(1), lost(0), lost(2), finished}
		stopped.Running = []contracts.ExecutionRef{lost(0)}
		w.set(func() { w.sessions = append(w.sessions, stopped) })
		time.Sleep(every)
		a, err := k.Attention(t.Context())
		if err != nil || len(a.Items) != 1 || a.Items[0].Severity != contracts.SeverityInfo || a.Items[0].SoldierID != "soldier-9" {
			t.Errorf("%+v, %v", a, err)
		}
		w.set(func() { w.sessions = append(w.sessions, gone) })
		time.Sleep(every)
		a, err = k.Attention(t.Context())
		if err != nil || len(a.Items) != 1 || a.Items[0].Title != "1 soldier died with 2 missions in hand" {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// TestADrainIsCountedFromWhenItWasSeen.
func TestADrainIsCountedFromWhenItWasSeen(t *testing.T) {
	run(t, func(t *testing.T, w *world, k *Keeper) {
		synctest.Wait()
		w.set(func() { w.sessions[0] = busy(w.sessions[0], 1); w.sessions[0].Draining = true })
		time.Sleep(idleEvery) // seen, though nobody asks
		time.Sleep(longDrain - every)
		expect(t, k, "")
		time.Sleep(idleEvery)
		expect(t, k, "soldier_draining:s-soldier-1")
	})
}
