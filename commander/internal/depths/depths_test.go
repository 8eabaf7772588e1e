package depths_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/commander/internal/depths"
	"github.com/mission-control-dev/mission-control/contracts/broker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a broker that is asked one call after the other.
type fake struct {
	asked int
	err   error
	hangs bool
}

func (f *fake) Depth(ctx context.Context, _ string) (broker.Depth, error) {
	f.asked++
	if f.hangs {
		<-ctx.Done()
		return broker.Depth{}, broker.ErrUnavailable
	}
	time.Sleep(10 * time.Millisecond)
	return broker.Depth{Ready: f.asked}, f.err
}

func TestAllShareOneLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		d := depths.New(f)
		look := func(want int) {
			t.Helper()
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() {
					if got, err := d.Depth(t.Context(), "q"); err != nil || got.Ready != want {
						t.Errorf("%d: %v, want %d", got.Ready, err, want)
					}
				})
			}
			all.Wait()
		}
		look(1)
		time.Sleep(depths.MaxAge - 11*time.Millisecond)
		look(1)
		time.Sleep(time.Millisecond)
		look(2)
	})
}

func TestOnlyThatThereIsNoQueueIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{err: broker.ErrUnavailable}
		d := depths.New(f)
		for _, err := range []error{broker.ErrUnavailable, broker.ErrUnroutable, broker.ErrUnroutable} {
			f.err = err
			if _, got := d.Depth(t.Context(), "q"); !errors.Is(got, err) {
				t.Errorf("%v, want %v", got, err)
			}
		}
		if f.asked != 2 {
			t.Errorf("asked %d times, want 2", f.asked)
		}
	})
}

func TestABrokerThatHangsKeepsNobodyLongerThanTheyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := depths.New(&fake{hangs: true})
		began := time.Now()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if _, err := d.Depth(ctx, "q"); !errors.Is(err, broker.ErrUnavailable) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took != time.Minute {
			t.Errorf("took %s", took)
		}
	})
}
