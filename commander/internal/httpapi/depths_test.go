package httpapi

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// asked is a broker that counts questions, and takes a while to answer.
type asked struct {
	mu    sync.Mutex
	times int
	ready int
	err   error
}

func (a *asked) Depth(ctx context.Context, _ string) (broker.Depth, error) {
	select {
	case <-time.After(10 * time.Millisecond):
	case <-ctx.Done():
		return broker.Depth{}, ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times++
	return broker.Depth{Ready: a.ready}, a.err
}

func TestManyWhoAskForDepthsCostTheBrokerOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &asked{ready: 3}
		d := newDepths([]string{"q"}, b)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if got := d.look(t.Context()); len(got) != 1 || got[0].Ready != 3 {
					t.Errorf("%+v", got)
				}
			})
		}
		all.Wait()
		if b.times != 1 {
			t.Errorf("%d questions", b.times)
		}
		b.ready = 4
		time.Sleep(depthsFor)
		if got := d.look(t.Context()); got[0].Ready != 4 || b.times != 2 {
			t.Errorf("%+v after %d questions", got, b.times)
		}
	})
}

func TestDepthsThatNobodyAnswersAreNotAskedForAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &asked{err: broker.ErrUnavailable}
		d := newDepths([]string{"q", "r"}, b)
		for range 5 {
			if got := d.look(t.Context()); got == nil || len(got) > 0 {
				t.Errorf("%#v", got)
			}
		}
		if b.times != 1 {
			t.Errorf("%d questions", b.times)
		}
	})
}

func TestWhoGivesUpAskingForDepthsTakesNothingFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &asked{ready: 3}
		d := newDepths([]string{"q"}, b)
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if got := d.look(hasty); len(got) != 0 {
			t.Errorf("%+v", got)
		}
		if got := d.look(t.Context()); len(got) != 1 {
			t.Errorf("%+v", got)
		}
	})
}
