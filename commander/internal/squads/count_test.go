package squads_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

// TestMissionsOfSquadsAreCountedStepByStep: with pauses while the store does not know the counts, and seldom once it does.
func TestMissionsOfSquadsAreCountedStepByStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		var mu sync.Mutex
		steps, left, failure := 0, 3, error(nil)
		i.recount = func(context.Context) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			steps++
			if failure == nil && left > 0 {
				left--
			}
			return left == 0, failure
		}
		i.commander()
		become := func(toCount int, err error) {
			mu.Lock()
			defer mu.Unlock()
			left, failure = toCount, err
		}
		after := func(d time.Duration, want int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if steps != want {
				t.Errorf("%d steps were made, want %d", steps, want)
			}
		}
		after(0, 1)
		after(250*time.Millisecond, 3)
		after(9*time.Second, 3) // all is counted
		after(time.Second, 4)
		become(2, nil)
		after(11*time.Second, 6)
		become(0, store.ErrUnavailable)
		after(10*time.Second, 7)
		after(3*time.Second, 10) // it may be back
		become(1, errors.New("a script is wrong"))
		after(10*time.Second, 11)
		become(1, nil)
		after(10*time.Second, 12)
	})
}
