package background_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, w *background.Work) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	if err := w.Start(ctx); err != nil {
		t.Fatal(err)
	}
	cancel() // starting is over
}

func stop(t *testing.T, w *background.Work) {
	t.Helper()
	if err := w.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAllLoopsRunOnceAndStopWaitsForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun, returned atomic.Int32
		loop := func(farewell time.Duration) func(context.Context) {
			return func(ctx context.Context) {
				begun.Add(1)
				<-ctx.Done()
				time.Sleep(farewell)
				returned.Add(1)
			}
		}
		w := background.New(loop(0), loop(time.Minute))
		for range 2 {
			start(t, w)
		}
		synctest.Wait()
		if begun.Load() != 2 || returned.Load() != 0 {
			t.Fatalf("%d loops were begun, %d have returned; want 2 that run", begun.Load(), returned.Load())
		}
		began := time.Now()
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				stop(t, w)
				if returned.Load() != 2 || time.Since(began) != time.Minute {
					t.Errorf("Stop returned after %s, when %d of 2 loops had", time.Since(began), returned.Load())
				}
			})
		}
		all.Wait()
	})
}

func TestWhatWasStoppedNeverStarts(t *testing.T) {
	w := background.New(func(context.Context) { t.Error("it runs") })
	for range 2 {
		stop(t, w)
		start(t, w)
	}
}

// TestStartAndStopTogether: whichever comes first, nothing runs afterwards. Of use with the race detector.
func TestStartAndStopTogether(t *testing.T) {
	for range 100 {
		var runs atomic.Int32
		w := background.New(func(ctx context.Context) {
			runs.Add(1)
			<-ctx.Done()
			runs.Add(-1)
		})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { start(t, w) })
			all.Go(func() { stop(t, w) })
		}
		all.Wait()
		if runs.Load() != 0 {
			t.Fatal("it runs, and was stopped")
		}
	}
}

func TestEveryBeginsAtOnceAndKeepsTheTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 9500*time.Millisecond)
		defer cancel()
		var at []int
		background.Every(ctx, time.Second, func(context.Context) {
			at = append(at, int(time.Since(began).Seconds()))
			if len(at) == 3 { // this one takes long: it goes on at once, and then with the ticks
				time.Sleep(3500 * time.Millisecond)
			}
		})
		if want := []int{0, 1, 2, 5, 6, 7, 8, 9}; !slices.Equal(at, want) {
			t.Errorf("at the seconds %v, want %v", at, want)
		}
		if took := time.Since(began); took != 9500*time.Millisecond {
			t.Errorf("it went on for %s after its context ended", took-9500*time.Millisecond)
		}
	})
}

func TestEveryDoesNothingOnceItsContextHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		times := 0
		for range 2 {
			background.Every(ctx, time.Second, func(context.Context) {
				times++
				time.Sleep(time.Minute) // a tick waits
				cancel()
			})
		}
		if times != 1 {
			t.Errorf("it was done %d times, want once", times)
		}
	})
}

func TestPauses(t *testing.T) {
	for name, c := range map[string]struct {
		pause  func(ctx context.Context) bool
		wantOn bool
		want   time.Duration
	}{
		"to its end":         {func(ctx context.Context) bool { return background.Pause(ctx, 3*time.Second) }, true, 3 * time.Second},
		"no time":            {func(ctx context.Context) bool { return background.Pause(ctx, -time.Second) }, true, 0},
		"until ctx ends":     {func(ctx context.Context) bool { return background.Pause(ctx, time.Hour) }, false, time.Minute},
		"unless, to its end": {func(ctx context.Context) bool { return background.PauseUnless(ctx, 3*time.Second, wake(4)) }, true, 3 * time.Second},
		"woken":              {func(ctx context.Context) bool { return background.PauseUnless(ctx, 3*time.Second, wake(2)) }, true, 2 * time.Second},
		"woken before":       {func(ctx context.Context) bool { return background.PauseUnless(ctx, 3*time.Second, wake(0)) }, true, 0},
		"unless ctx ends":    {func(ctx context.Context) bool { return background.PauseUnless(ctx, time.Hour, nil) }, false, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				on := c.pause(ctx)
				if took := time.Since(began); on != c.wantOn || took != c.want {
					t.Errorf("%v after %s, want %v after %s", on, took, c.wantOn, c.want)
				}
				time.Sleep(10 * time.Second) // whoever wakes is done
			})
		})
	}
}

// wake returns a channel from which something comes after so many seconds.
func wake(seconds int) <-chan struct{} {
	c := make(chan struct{}, 1)
	if seconds == 0 {
		c <- struct{}{}
		return c
	}
	go func() {
		time.Sleep(time.Duration(seconds) * time.Second)
		c <- struct{}{}
	}()
	return c
}
