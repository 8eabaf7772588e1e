package contender_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/contender"
)

func TestSpreadCallsForEachOnce(t *testing.T) {
	var seen [1000]atomic.Int32
	err := contender.Spread(t.Context(), len(seen), 7, func(_ context.Context, i int) error {
		seen[i].Add(1)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Errorf("%d calls for %d", n, i)
		}
	}
}

func TestSpreadStopsAtAnError(t *testing.T) {
	broken := errors.New("broken")
	var calls atomic.Int32
	err := contender.Spread(t.Context(), 1000, 4, func(context.Context, int) error {
		calls.Add(1)
		return broken
	})
	if !errors.Is(err, broken) || calls.Load() > 4 {
		t.Errorf("got %v after %d calls", err, calls.Load())
	}
}

func TestChunks(t *testing.T) {
	for _, tt := range []struct{ jobs, size, chunks, last int }{{1000, 500, 2, 500}, {1001, 500, 3, 1}, {3, 500, 1, 3}} {
		if got := contender.Chunks(tt.jobs, tt.size); got != tt.chunks {
			t.Errorf("%+v: %d chunks", tt, got)
		}
		if got := contender.Chunk(tt.chunks-1, tt.jobs, tt.size); got != tt.last {
			t.Errorf("%+v: the last has %d", tt, got)
		}
	}
}

// A system that stops for a second delays the jobs that were due meanwhile, and all of them are late against their times.
func TestPaceWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, jobs = 10, 30
		began := time.Now()
		w := contender.NewWatch(jobs)
		err := contender.Pace(t.Context(), rate, jobs, func(_ context.Context, i int, due time.Time) error {
			if want := began.Add(time.Duration(i) * time.Second / rate); !due.Equal(want) {
				t.Errorf("job %d is due %v after the start", i, due.Sub(began))
			}
			id := string(rune('a' + i))
			w.Due(id, due)
			if i < 10 { // stopped: nothing ends before the second is over
				time.Sleep(time.Until(began.Add(time.Second))) //nolint:forbidigo // in a bubble, where time is the test's
			}
			w.Seen(id)
			w.Seen(id)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		took, err := w.Await(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var sum time.Duration
		for _, d := range took {
			sum += d
		}
		if want := 5500 * time.Millisecond; len(took) != jobs || sum != want {
			t.Errorf("%d jobs waited %v together, want %v", len(took), sum, want)
		}
		if took := time.Since(began); took != 2900*time.Millisecond {
			t.Errorf("the schedule took %v", took)
		}
	})
}

func TestPaceStopsAtAnError(t *testing.T) {
	broken := errors.New("broken")
	err := contender.Pace(t.Context(), 1e6, 1e6, func(context.Context, int, time.Time) error {
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// What is seen done before its sender knows its id counts as well.
func TestWatchInEitherOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := contender.NewWatch(2)
		due := time.Now()
		w.Due("a", due)
		time.Sleep(3 * time.Millisecond) //nolint:forbidigo // in a bubble
		w.Seen("b")
		w.Seen("stranger")
		w.Seen("a")
		time.Sleep(time.Hour) //nolint:forbidigo // in a bubble
		w.Due("b", due)
		took, err := w.Await(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range took {
			if d != 3*time.Millisecond {
				t.Errorf("took %v", took)
			}
		}
	})
}

func TestWatchSaysWhatIsMissing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if took, err := contender.NewWatch(1).Await(ctx); !errors.Is(err, context.Canceled) || took != nil {
		t.Errorf("got %v, %v", took, err)
	}
}
