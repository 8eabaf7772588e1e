package trends

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// link is the way to a store that all commanders share.
type link struct {
	*memstore.Store

	mu sync.Mutex
	// away: nothing gets through. deaf: what is written is written, and its answer is lost. wrong: writing fails so.
	away, deaf bool
	wrong      error
	// between is called between a reading and the writing after it.
	between func()
}

func newLink() *link { return &link{Store: memstore.New(memstore.Config{})} }

func (l *link) set(change func(l *link)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

func (l *link) state() (away, deaf bool, wrong error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.away, l.deaf, l.wrong
}

var errAway = fmt.Errorf("away: %w", store.ErrUnavailable)

func (l *link) Document(ctx context.Context, collection, name string) (store.Document, error) {
	if away, _, _ := l.state(); away {
		return store.Document{}, errAway
	}
	return l.Store.Document(ctx, collection, name)
}

func (l *link) PutDocument(ctx context.Context, collection string, d store.Document) (int64, error) {
	away, deaf, wrong := l.state()
	if away || wrong != nil {
		return 0, errors.Join(wrong, map[bool]error{true: errAway}[away])
	}
	l.mu.Lock()
	between := l.between
	l.between = nil
	l.mu.Unlock()
	if between != nil {
		between()
	}
	v, err := l.Store.PutDocument(ctx, collection, d)
	if deaf {
		return 0, errAway
	}
	return v, err
}

func (l *link) Counts(ctx context.Context) (store.Counts, error) {
	c, err := l.Store.Counts(ctx)
	away, _, _ := l.state()
	c.Source.Degraded = away // as the twin answers
	return c, err
}

func (l *link) ListDocuments(ctx context.Context, collection string) ([]store.Document, store.Source, error) {
	list, from, err := l.Store.ListDocuments(ctx, collection)
	if away, _, _ := l.state(); away {
		from = store.Source{Degraded: true, AsOf: contracts.FromMillis(7)}
	}
	return list, from, err
}

// commander is a keeper and its recorder.
type commander struct {
	*Keeper
	*Recorder
	t    *testing.T
	logs *observer.ObservedLogs
}

func newCommander(t *testing.T, l Store) *commander {
	core, logs := observer.New(zap.InfoLevel)
	r := NewRecorder()
	return &commander{t: t, Recorder: r, logs: logs, Keeper: New(Config{
		Store: l, Recorder: r, Now: func() contracts.Time { return contracts.At(time.Now()) }, Logger: zap.New(core),
	})}
}

func (c *commander) run() *commander {
	if err := c.Start(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(c.end)
	return c
}

func (c *commander) end() { _ = c.Stop(context.Background()) }

func (c *commander) history(r contracts.Range) []contracts.TrendPoint {
	c.t.Helper()
	synctest.Wait()
	h, _, err := c.History(c.t.Context(), r)
	if err != nil {
		c.t.Fatal(err)
	}
	return h.Points
}

// sums adds up what is told of a range.
func (c *commander) sums(r contracts.Range) (created, completed, failed, cancelled int64) {
	c.t.Helper()
	for _, p := range c.history(r) {
		created, completed, failed, cancelled = created+p.Created, completed+p.Completed, failed+p.Failed, cancelled+p.Cancelled
	}
	return created, completed, failed, cancelled
}

// pass lets time go on to the next full span, and a little further.
func pass(span time.Duration) {
	now := time.Now()
	time.Sleep(now.Truncate(span).Add(span).Sub(now) + 100*time.Millisecond)
}

func TestWhatHappensIsInTheStepInWhichItDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		c := newCommander(t, l).run()
		pass(stepTime)
		began := time.Now().Truncate(stepTime)
		c.Created()
		c.Created()
		c.Granted(250 * time.Millisecond)
		time.Sleep(5 * time.Second)
		c.Ran(2 * time.Second)
		c.Ended(contracts.StatusCompleted)
		pass(stepTime)
		c.Ended(contracts.StatusFailed)
		c.Ended(contracts.StatusCancelled)
		if got := c.history(contracts.RangeHour); len(got) != 2 { // the step before, in which nothing happened, and this one
			t.Fatalf("%+v", got)
		}
		pass(stepTime)
		all := c.history(contracts.RangeHour)
		if len(all) != 3 {
			t.Fatalf("%+v", all)
		}
		first, second := all[1], all[2]
		if !first.At.Equal(began) || first.Created != 2 || first.Completed != 1 || first.Failed != 0 {
			t.Errorf("%+v", first)
		}
		if first.Wait == nil || first.Wait.P50 < 250 || first.Wait.P99 > 275 || first.Run == nil || first.Run.P95 < 2000 || first.Run.P95 > 2200 {
			t.Errorf("waited %+v, ran %+v", first.Wait, first.Run)
		}
		if second.Failed != 1 || second.Cancelled != 1 || second.Created != 0 || second.Wait != nil || second.Run != nil {
			t.Errorf("%+v", second)
		}
		latest, err := c.Latest(t.Context())
		if err != nil || latest.StepSeconds != 10 || !latest.Point.At.Equal(first.At.Time) {
			t.Errorf("before all have written: %+v, %v", latest, err)
		}
		time.Sleep(settled)
		if latest, err = c.Latest(t.Context()); err != nil || !latest.Point.At.Equal(second.At.Time) || latest.Point.Failed != 1 {
			t.Errorf("%+v, %v", latest, err)
		}
	})
}

func TestHowThingsAreAtTheEndOfAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		c := newCommander(t, l).run()
		pass(stepTime)
		for i, status := range []contracts.Status{contracts.StatusQueued, contracts.StatusQueued, contracts.StatusScheduled, contracts.StatusInProgress} {
			_, err := l.Commit(t.Context(), store.Change{Record: store.Record{Mission: contracts.Mission{
				MissionID: fmt.Sprintf("0000000%d-0000-7000-8000-000000000000", i), Status: status, CreatedAt: contracts.At(time.Now()),
			}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Renew(t.Context(), store.Session{ID: "s", SoldierID: "a", Slots: 4}, time.Hour); err != nil {
			t.Fatal(err)
		}
		dead, err := l.Renew(t.Context(), store.Session{ID: "d", SoldierID: "b", Slots: 8}, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Bury(t.Context(), "d", dead.RenewedAt); err != nil {
			t.Fatal(err)
		}
		pass(stepTime)
		all := c.history(contracts.RangeHour)
		got := all[len(all)-1].TrendGauges
		if got == nil || got.Queued != 2 || got.Scheduled != 1 || got.InProgress != 1 || got.Slots != 4 || got.Busy != 1 ||
			got.OldestQueuedSeconds < 9 || got.OldestQueuedSeconds > 10.5 {
			t.Errorf("%+v", got)
		}
	})
}

// Two commanders write at the same moment, each its own: the sums are right in all resolutions, and a longer step's last look stays.
func TestTwoCommandersAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		a, b := newCommander(t, l).run(), newCommander(t, l).run()
		const steps = 200
		for i := range steps {
			a.Created()
			b.Created()
			b.Ended(contracts.StatusFailed)
			b.Failed(failure("k", fmt.Sprintf("exit status %d", i), time.Now().UnixMilli()))
			a.Failed(failure("k", fmt.Sprintf("exit status %d", i), time.Now().UnixMilli()))
			b.Granted(time.Second)
			time.Sleep(stepTime)
		}
		pass(30 * time.Minute) // so that the step of each resolution is over
		for r, step := range map[contracts.Range]time.Duration{
			contracts.RangeHour: stepTime, contracts.RangeSixHours: time.Minute, contracts.RangeDay: 5 * time.Minute, contracts.RangeWeek: 30 * time.Minute,
		} {
			created, _, failed, _ := b.sums(r)
			if created != 2*steps || failed != steps {
				t.Errorf("%s: %d created and %d failed, want %d and %d", r, created, failed, 2*steps, steps)
			}
			for _, p := range a.history(r) {
				if !p.At.Equal(p.At.Truncate(step)) || p.TrendGauges == nil {
					t.Errorf("%s: a step at %s, gauges %v", r, p.At, p.TrendGauges)
				}
			}
		}
		for _, r := range contracts.FailureRanges() {
			got, _, err := a.Failures(t.Context(), r)
			if err != nil || len(got.Groups) != 1 || got.Groups[0].Count != 2*steps || got.Others != 0 || got.Range != r {
				t.Errorf("%s: %+v, %v", r, got, err)
			}
		}
	})
}

func TestWhatIsCountedWhileTheStoreIsAwayIsWrittenLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		c := newCommander(t, l).run()
		c.Created()
		pass(time.Minute)
		l.set(func(l *link) { l.away = true })
		for range 30 {
			c.Created()
			time.Sleep(stepTime)
		}
		h, from, err := c.History(t.Context(), contracts.RangeHour)
		if err != nil || !h.Degraded || h.AsOf.IsZero() || !from.Degraded {
			t.Errorf("away: %+v, %v", h, err)
		}
		if f, _, err := c.Failures(t.Context(), contracts.RangeHour); err != nil || !f.Degraded || f.AsOf.IsZero() {
			t.Errorf("away: %+v, %v", f, err)
		}
		l.set(func(l *link) { l.away = false })
		pass(stepTime)
		if created, _, _, _ := c.sums(contracts.RangeHour); created != 31 {
			t.Errorf("%d created, want 31", created)
		}
		steps, looks := 0, 0
		for _, p := range c.history(contracts.RangeHour) {
			if p.Created == 1 {
				steps++
			}
			if p.TrendGauges != nil {
				looks++
			}
		}
		if steps != 31 || looks > 10 {
			t.Errorf("%d steps with a mission and %d with gauges", steps, looks)
		}
		if c.logs.Len() > 0 {
			t.Errorf("logged %v", c.logs.All())
		}
	})
}

// The writing succeeds and its answer is lost, as often as you like: nothing counts twice.
func TestAnUnknownWritingCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		a, b := newCommander(t, l).run(), newCommander(t, l).run()
		l.set(func(l *link) { l.deaf = true })
		for i := range 60 {
			a.Created()
			b.Created()
			b.Failed(failure("k", "no", time.Now().UnixMilli()))
			time.Sleep(stepTime)
			l.set(func(l *link) { l.deaf = i%3 != 0 })
		}
		l.set(func(l *link) { l.deaf = false })
		pass(stepTime)
		if created, _, _, _ := a.sums(contracts.RangeHour); created != 120 {
			t.Errorf("%d created, want 120", created)
		}
		if f, _, err := a.Failures(t.Context(), contracts.RangeHour); err != nil || len(f.Groups) != 1 || f.Groups[0].Count != 60 {
			t.Errorf("%+v, %v", f, err)
		}
	})
}

// Who comes too late reads again, and at once.
func TestWhoComesTooLateReadsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		a := newCommander(t, l).run()
		a.Created()
		rival := newCommander(t, l)
		rival.Created()
		l.set(func(l *link) {
			l.between = func() {
				rival.Keeper.keep(rival.Keeper.batch(time.Now().Add(-stepTime).Truncate(stepTime)))
				rival.write(t.Context())
			}
		})
		pass(stepTime)
		if created, _, _, _ := a.sums(contracts.RangeHour); created != 2 || a.logs.Len()+rival.logs.Len() > 0 {
			t.Errorf("%d created, want 2; %v", created, a.logs.All())
		}
	})
}

// Who looked last is believed, whoever wrote last; and a step is told once it is over.
func TestALongerStepHasTheLastLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		c := newCommander(t, l)
		began := time.Now().Truncate(time.Minute)
		saw := func(after time.Duration, queued int64) {
			b := c.Keeper.batch(began.Add(after))
			b.gauges = &gauges{At: contracts.At(began.Add(after + stepTime)), TrendGauges: contracts.TrendGauges{Queued: queued}}
			c.Keeper.keep(b)
			c.write(t.Context())
		}
		saw(0, 1)
		saw(50*time.Second, 6)
		saw(20*time.Second, 3) // it was written late
		if got := c.history(contracts.RangeSixHours); len(got) != 0 {
			t.Errorf("a step that is not over is told: %+v", got)
		}
		pass(time.Minute)
		if got := c.history(contracts.RangeSixHours); len(got) != 1 || got[0].TrendGauges == nil || got[0].Queued != 6 {
			t.Errorf("%+v", got)
		}
	})
}

func TestAnEndWritesWhatWasCountedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		a := newCommander(t, l).run()
		time.Sleep(3 * time.Second)
		a.Created()
		a.end()
		a.end() // again is no harm
		b := newCommander(t, l).run()
		b.Created()
		pass(stepTime)
		if created, _, _, _ := b.sums(contracts.RangeHour); created != 2 {
			t.Errorf("%d created, want 2: what was counted last by one, and in the same step by the next", created)
		}
	})
}

// What is kept, is bounded: in the store by age, in memory by the time that is written later.
func TestWhatIsOldGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		c := newCommander(t, l).run()
		for range 27 * 6 { // of ten minutes
			c.Created()
			c.Failed(failure("k", "no", time.Now().UnixMilli()))
			time.Sleep(10 * time.Minute)
		}
		documents := func(collection string) int {
			list, _, err := l.Store.ListDocuments(t.Context(), collection)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		for collection, most := range map[string]int{"trends-10s": 63, "trends-1m": 243, "trends-30m": 10, "failures-5m": 14, "failures-1h": 26} {
			if got := documents(collection); got > most || got < most/2-1 {
				t.Errorf("%s has %d documents, want %d at most", collection, got, most)
			}
		}
		for r, want := range map[contracts.Range]int{
			contracts.RangeHour: 360, contracts.RangeSixHours: 360, contracts.RangeDay: 288, contracts.RangeWeek: 54,
		} {
			if got := len(c.history(r)); got != want {
				t.Errorf("%s has %d points, want %d", r, got, want)
			}
		}
		f, _, err := c.Failures(t.Context(), contracts.RangeDay)
		if err != nil || len(f.Groups) != 1 || f.Groups[0].Count < 24*6-1 || f.Groups[0].Count > 25*6+1 {
			t.Errorf("%+v, %v", f, err)
		}
		l.set(func(l *link) { l.away = true })
		for range maxPending + 50 {
			c.Created()
			time.Sleep(stepTime)
		}
		c.end()
		for _, p := range c.pending {
			if len(p) > maxPending {
				t.Errorf("%d batches wait", len(p))
			}
		}
		l.set(func(l *link) { l.away = false })
		time.Sleep(8 * 24 * time.Hour)
		newCommander(t, l).run()
		pass(time.Minute)
		for _, s := range []series{fine, minutes, coarse} {
			if got := documents(s.collection); got > 2 {
				t.Errorf("%s has %d documents after a week", s.collection, got)
			}
		}
	})
}

func TestADocumentThatCantBeReadHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		now := time.Now().Add(stepTime)
		for _, s := range []series{fine, failuresOfHour} {
			if _, err := l.PutDocument(t.Context(), s.collection, store.Document{Name: s.document(now), Body: []byte("{")}); err != nil {
				t.Fatal(err)
			}
			if _, err := l.PutDocument(t.Context(), s.collection, store.Document{Name: "who knows", Body: []byte("{}")}); err != nil {
				t.Fatal(err)
			}
		}
		c := newCommander(t, l)
		if got := c.history(contracts.RangeHour); len(got) != 0 {
			t.Errorf("%+v", got)
		}
		c.run()
		c.Created()
		c.Failed(failure("k", "no", time.Now().UnixMilli()))
		pass(stepTime)
		if created, _, _, _ := c.sums(contracts.RangeHour); created != 1 || c.logs.Len() != 2 {
			t.Errorf("%d created, %d lines", created, c.logs.Len())
		}
		pass(time.Minute) // and the one whose name says nothing goes
		if list, _, err := l.Store.ListDocuments(t.Context(), fine.collection); err != nil || len(list) != 2 {
			t.Errorf("%d documents, %v", len(list), err)
		}
	})
}

func TestATroubleIsSaidOnceAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink()
		c := newCommander(t, l).run()
		l.set(func(l *link) { l.wrong = errors.New("broken") })
		for range 5 {
			c.Created()
			time.Sleep(stepTime)
		}
		if c.logs.Len() != 1 {
			t.Errorf("%d lines", c.logs.Len())
		}
		l.set(func(l *link) { l.wrong = nil })
		pass(stepTime)
		if created, _, _, _ := c.sums(contracts.RangeHour); created != 5 {
			t.Errorf("%d created, want 5", created)
		}
	})
}

func TestAStepFollowsTheOtherUnlessTheClockJumps(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	for into, want := range map[time.Duration]time.Duration{
		stepTime:                          stepTime,
		stepTime - 10*time.Millisecond:    stepTime, // a timer that was early
		stepTime + 5*time.Second:          stepTime,
		3*stepTime + 5*time.Second:        3 * stepTime,
		-time.Hour:                        -time.Hour,
		24*time.Hour + 3*time.Millisecond: 24 * time.Hour,
	} {
		if got := following(at, at.Add(into)); !got.Equal(at.Add(want)) {
			t.Errorf("%s after a step began the next one begins %s after it, want %s", into, got.Sub(at), want)
		}
	}
}

func TestCountingWhileTaking(t *testing.T) {
	r := NewRecorder()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 500 {
				r.Created()
				r.Granted(time.Second)
				r.Failed(failure("k", "no", 1))
			}
		})
	}
	sum := chunk{}
	add := func() {
		c, f := r.take()
		b := &batch{counts: c, failures: f}
		sum.count(time.Unix(0, 0), b)
		sum.fail(b)
	}
	for range 20 {
		add()
	}
	all.Wait()
	add()
	if got := sum.Steps[0]; got.Created != 2000 || got.Wait[bucketOf(1000)] != 2000 || sum.Groups[0].Count != 2000 {
		t.Errorf("%+v", sum)
	}
}

func BenchmarkRecorder(b *testing.B) {
	r := NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		r.Created()
		r.Granted(120 * time.Millisecond)
		r.Ran(3 * time.Second)
		r.Ended(contracts.StatusCompleted)
	}
}
