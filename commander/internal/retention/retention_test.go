package retention

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	day       = 24 * time.Hour
	completed = contracts.StatusCompleted
	failed    = contracts.StatusFailed
)

// rig is a trimmer over a store in memory, in fake time.
type rig struct {
	*Trimmer
	t     *testing.T
	store *memstore.Store
	epoch store.Epoch
	logs  *observer.ObservedLogs

	mu    sync.Mutex
	gone  map[contracts.Status]int
	fails error
	steps int
}

func newRig(t *testing.T, keep config.Keep) *rig {
	core, logs := observer.New(zap.InfoLevel)
	r := &rig{t: t, store: memstore.New(memstore.Config{}), logs: logs, gone: map[contracts.Status]int{}}
	r.Trimmer = New(Config{
		Store: r, Keep: keep, Now: func() contracts.Time { return contracts.At(time.Now()) }, Logger: zap.New(core),
		Epoch: func(context.Context) (store.Epoch, error) { return r.epoch, nil },
		Trimmed: func(s contracts.Status, n int) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.gone[s] += n
		},
	})
	return r
}

func (r *rig) Trim(ctx context.Context, t store.Trim) (store.Trimmed, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps++
	if r.fails != nil {
		return store.Trimmed{}, r.fails
	}
	return r.store.Trim(ctx, t)
}

func (r *rig) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails, r.steps = err, 0
}

func (r *rig) asked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.steps
}

func (r *rig) run() {
	if err := r.Start(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = r.Stop(context.Background()) })
}

// ended creates missions that were created now and have ended.
func (r *rig) ended(status contracts.Status, missions int) {
	r.t.Helper()
	for range missions {
		id := uuid.Must(uuid.NewV7()).String()
		ms := fmt.Sprintf("%012x", time.Now().UnixMilli()) // the fake time
		_, err := r.store.Commit(r.t.Context(), store.Change{Record: store.Record{Mission: contracts.Mission{
			MissionID: ms[:8] + "-" + ms[8:] + id[13:], Status: status, FinishedAt: contracts.At(time.Now()),
		}}})
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) want(status contracts.Status, kept, gone int) {
	r.t.Helper()
	synctest.Wait()
	c, err := r.store.Counts(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.ByStatus[status] != int64(kept) || r.gone[status] != gone {
		r.t.Errorf("%s: %d are kept and %d gone, want %d and %d", status, c.ByStatus[status], r.gone[status], kept, gone)
	}
}

func TestEachStatusHasItsRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Keep{Completed: config.Rule{Age: day}, Failed: config.Rule{Age: 3 * day, Count: 10}})
		r.run()
		r.ended(completed, 30)
		r.ended(failed, 30)
		r.ended(contracts.StatusCancelled, 30)
		time.Sleep(every + time.Second)
		r.want(completed, 30, 0)
		r.want(failed, 10, 20)
		time.Sleep(day)
		r.want(completed, 0, 30)
		r.want(failed, 10, 20)
		time.Sleep(2 * day)
		r.want(failed, 0, 30)
		r.want(contracts.StatusCancelled, 30, 0)
	})
}

func TestWhatIsBehindIsCaughtUpWithInOneSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Keep{Completed: config.Rule{Count: 50}})
		r.ended(completed, 1050)
		r.run()
		synctest.Wait()
		r.want(completed, 850, 200) // a step
		time.Sleep(5 * between)
		r.want(completed, 50, 1000)
	})
}

// What is older than the epoch may be adopted; it would be carried out again.
func TestWhatMayBeAdoptedStaysForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Keep{Completed: config.Rule{Count: 1}})
		r.ended(completed, 3)
		time.Sleep(time.Second)
		r.epoch = store.Epoch{Began: contracts.At(time.Now()), Origin: store.EpochFirst}
		r.run()
		r.ended(completed, 3)
		time.Sleep(2 * every)
		r.want(completed, 4, 2)
		time.Sleep(contracts.AdoptionPeriod + 2*time.Minute)
		r.want(completed, 1, 5)
	})
}

func TestATroubleIsSaidOnceAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Keep{Completed: config.Rule{Count: 1}})
		r.ended(completed, 3)
		r.fail(fmt.Errorf("away: %w", store.ErrUnavailable))
		r.run()
		time.Sleep(4 * every)
		if r.logs.Len() > 0 {
			t.Errorf("a store that is away is said: %v", r.logs.All())
		}
		r.fail(errors.New("broken"))
		time.Sleep(4 * every)
		if n := r.logs.Len(); n != 1 || r.asked() < 3 {
			t.Errorf("%d lines after %d tries", n, r.asked())
		}
		r.fail(nil)
		time.Sleep(2 * every)
		r.want(completed, 1, 2)
	})
}

func TestWithoutRulesNothingIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, config.Keep{})
		r.run()
		time.Sleep(3 * every)
		if n := r.asked(); n > 0 {
			t.Errorf("asked %d times", n)
		}
	})
}
