package deadline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mission-control-dev/mission-control/commander/internal/deadline"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ended notes what it is asked to end.
type ended struct {
	mu  sync.Mutex
	ids []string
	at  []time.Time
	err error
}

func (e *ended) Expire(_ context.Context, ids ...string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return e.err
	}
	for _, id := range ids {
		e.ids, e.at = append(e.ids, id), append(e.at, time.Now())
	}
	return nil
}

func (e *ended) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.err = err
}

// limited creates a mission with a deadline.
func limited(t *testing.T, s store.Store, n int, at time.Time) string {
	t.Helper()
	id := fmt.Sprintf("0193a5b0-7c1e-7d7a-9c3b-%012x", n)
	m := contracts.Mission{MissionID: id, Status: contracts.StatusQueued, DeadlineAt: contracts.At(at)}
	if _, err := s.Commit(t.Context(), store.Change{Record: store.Record{Mission: m}}); err != nil {
		t.Fatal(err)
	}
	return id
}

func started(t *testing.T, s store.Store, e *ended, log *zap.Logger) {
	t.Helper()
	k := deadline.New(s, e, log)
	for range 2 {
		if err := k.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for range 2 {
			if err := k.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestDeadlinesAreKeptWithinASecondByOneOfTheCommanders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, e := memstore.New(memstore.Config{}), &ended{}
		due := time.Now().Add(10 * time.Second)
		id := limited(t, s, 1, due)
		limited(t, s, 2, due.Add(time.Hour))
		for range 3 {
			started(t, s, e, zap.NewNop())
		}
		time.Sleep(12 * time.Second)
		synctest.Wait()
		if e.mu.Lock(); len(e.ids) != 1 || e.ids[0] != id || e.at[0].Before(due) || e.at[0].After(due.Add(time.Second)) {
			t.Errorf("%v at %v", e.ids, e.at)
		}
		e.mu.Unlock()
		time.Sleep(15 * time.Second) // it has not ended: it comes again
		synctest.Wait()
		if e.mu.Lock(); len(e.ids) != 2 {
			t.Errorf("%v at %v", e.ids, e.at)
		}
		e.mu.Unlock()
	})
}

func TestManyAreEndedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, e := memstore.New(memstore.Config{}), &ended{}
		for n := range 1000 {
			limited(t, s, n+1, time.Now())
		}
		started(t, s, e, zap.NewNop())
		synctest.Wait()
		e.mu.Lock()
		defer e.mu.Unlock()
		slices.Sort(e.ids)
		if n := len(slices.Compact(e.ids)); n != 1000 {
			t.Errorf("%d were ended", n)
		}
	})
}

func TestWhatFailsIsTriedAgainAndSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		s, e := memstore.New(memstore.Config{}), &ended{}
		e.fail(store.ErrUnavailable)
		limited(t, s, 1, time.Now())
		started(t, s, e, zap.New(core))
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if logs.Len() != 0 {
			t.Errorf("it says %v", logs.All())
		}
		e.fail(errors.New("odd"))
		for n := range 5 {
			limited(t, s, n+2, time.Now())
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if logs.Len() != 1 {
			t.Errorf("it says %v", logs.All())
		}
		e.fail(nil)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(e.ids) < 6 {
			t.Errorf("%v", e.ids)
		}
	})
}
