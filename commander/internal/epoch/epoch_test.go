package epoch_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mission-control-dev/mission-control/commander/internal/epoch"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// epochs is a store that says what a test wants it to.
type epochs struct {
	mu    sync.Mutex
	epoch store.Epoch
	err   error
	// turning is called once, by the next Settle.
	turning func()
}

func (e *epochs) Settle(context.Context) (store.Epoch, error) {
	e.mu.Lock()
	turning := e.turning
	e.turning = nil
	e.mu.Unlock()
	if turning != nil {
		turning()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.epoch, e.err
}

func (e *epochs) set(edit func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	edit()
}

func now() contracts.Time { return contracts.At(time.Now()) }

// keep runs a test with a keeper in fake time.
func keep(t *testing.T, e *epochs, test func(k *epoch.Keeper, wipes func() int)) {
	synctest.Test(t, func(t *testing.T) {
		core, lines := observer.New(zapcore.ErrorLevel)
		k := epoch.New(e, now, zap.New(core))
		for range 2 {
			if err := k.Start(t.Context()); err != nil {
				t.Error(err)
			}
		}
		test(k, func() int { return lines.FilterMessageSnippet("wiped").Len() })
		for range 2 {
			if err := k.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
}

// current is the keeper's epoch, waited for.
func current(t *testing.T, k *epoch.Keeper) store.Epoch {
	e, err := k.Current(context.Background())
	if err != nil {
		t.Error(err)
	}
	return e
}

// TestNobodyHangsOnAStoreThatDoesNotAnswer: a question to the store may take its time; who waits for the epoch waits no longer
// than they wanted to, and what only shows it does not wait.
func TestNobodyHangsOnAStoreThatDoesNotAnswer(t *testing.T) {
	e := &epochs{epoch: store.Epoch{ID: "1", Began: now(), Adopted: 7}}
	keep(t, e, func(k *epoch.Keeper, _ func() int) {
		current(t, k)
		asked, release := make(chan struct{}), make(chan struct{})
		e.set(func() { e.turning = func() { close(asked); <-release } })
		<-asked
		began := time.Now()
		if k.Adopted() != 7 || k.Warning() == "" || time.Since(began) != 0 {
			t.Errorf("%d adopted, %q, after %v", k.Adopted(), k.Warning(), time.Since(began))
		}
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if _, err := k.Current(ctx); !errors.Is(err, store.ErrUnavailable) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		close(release)
	})
}

// TestNobodyHangsBeforeTheFirstAnswer: the store has not answered yet.
func TestNobodyHangsBeforeTheFirstAnswer(t *testing.T) {
	e := &epochs{err: store.ErrUnavailable}
	keep(t, e, func(k *epoch.Keeper, _ func() int) {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		if _, err := k.Current(ctx); !errors.Is(err, store.ErrUnavailable) {
			t.Error(err)
		}
	})
}

func TestANewInstallationIsNoWipe(t *testing.T) {
	e := &epochs{err: store.ErrUnavailable}
	keep(t, e, func(k *epoch.Keeper, wipes func() int) {
		time.Sleep(time.Minute) // the store comes later
		e.set(func() { e.err, e.epoch = nil, store.Epoch{ID: "1", Began: now(), Origin: store.EpochFirst} })
		if got := current(t, k); got.ID != "1" {
			t.Errorf("epoch %+v", got)
		}
		time.Sleep(time.Hour)
		if w := k.Warning(); w != "" || wipes() != 0 || k.Adopted() != 0 {
			t.Errorf("%q, %d lines", w, wipes())
		}
	})
}

func TestAWipeIsSaidForADay(t *testing.T) {
	e := &epochs{}
	keep(t, e, func(k *epoch.Keeper, wipes func() int) {
		e.set(func() { e.epoch = store.Epoch{ID: "1", Began: now(), Origin: store.EpochFirst} })
		time.Sleep(time.Second)
		began := now()
		e.set(func() { e.epoch = store.Epoch{ID: "2", Began: began, Origin: store.EpochWiped} })
		time.Sleep(time.Second)
		e.set(func() { e.epoch.Adopted = 3 })
		time.Sleep(time.Second)
		if w := k.Warning(); !strings.Contains(w, "3 that waited or ran were adopted") || !strings.Contains(w, began.Format(time.RFC3339)) {
			t.Errorf("warning %q", w)
		}
		if wipes() != 1 || k.Adopted() != 3 {
			t.Errorf("%d lines, %d adopted", wipes(), k.Adopted())
		}
		e.set(func() { e.err = errors.New("away") })
		time.Sleep(contracts.AdoptionPeriod)
		if w := k.Warning(); w != "" || current(t, k).ID != "2" {
			t.Errorf("a day later: %q", w)
		}
	})
}

// TestWhatIsAdoptedProvesAWipe: nobody was left who knew another epoch.
func TestWhatIsAdoptedProvesAWipe(t *testing.T) {
	e := &epochs{}
	keep(t, e, func(k *epoch.Keeper, wipes func() int) {
		e.set(func() { e.epoch = store.Epoch{ID: "1", Began: now(), Origin: store.EpochFirst} })
		time.Sleep(time.Second)
		e.set(func() { e.epoch.Adopted = 1 })
		time.Sleep(time.Second)
		if k.Warning() == "" || wipes() != 1 {
			t.Errorf("%q, %d lines", k.Warning(), wipes())
		}
	})
}

// TestNobodyGetsTheOldEpochWhileANewOneIsSettled: the store may serve the void from the moment at which it has settled.
func TestNobodyGetsTheOldEpochWhileANewOneIsSettled(t *testing.T) {
	e := &epochs{epoch: store.Epoch{ID: "1"}}
	keep(t, e, func(k *epoch.Keeper, _ func() int) {
		if got := current(t, k); got.ID != "1" {
			t.Fatalf("epoch %+v", got)
		}
		// The store turns to the new epoch, and its answer is under way until released.
		turned, release := make(chan struct{}), make(chan struct{})
		e.set(func() { e.epoch, e.turning = store.Epoch{ID: "2"}, func() { close(turned); <-release } })
		<-turned
		got := make(chan store.Epoch, 1)
		go func() { got <- current(t, k) }()
		synctest.Wait()
		select {
		case e := <-got:
			t.Errorf("epoch %+v while the store settles another", e)
			close(release)
			return
		default:
		}
		close(release)
		if e := <-got; e.ID != "2" {
			t.Errorf("epoch %+v", e)
		}
	})
}

func TestStopReleasesWhoWaitsForTheFirst(t *testing.T) {
	e := &epochs{err: store.ErrUnavailable}
	keep(t, e, func(k *epoch.Keeper, _ func() int) {
		got := make(chan store.Epoch)
		go func() { got <- current(t, k) }()
		time.Sleep(time.Minute)
		if err := k.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if e := <-got; e != (store.Epoch{}) {
			t.Errorf("epoch %+v", e)
		}
	})
}
