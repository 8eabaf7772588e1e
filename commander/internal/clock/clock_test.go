package clock_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source is a store whose clock is ahead of ours.
type source struct {
	mu    sync.Mutex
	ahead time.Duration
	there time.Duration // the way to it, and as long back
	err   error
	jumps atomic.Int32
}

func (s *source) set(f func(*source)) { s.mu.Lock(); defer s.mu.Unlock(); f(s) }

func (s *source) Now(ctx context.Context) (time.Time, error) {
	s.mu.Lock()
	ahead, there, err := s.ahead, s.there, s.err
	s.mu.Unlock()
	if err != nil {
		return time.Time{}, err
	}
	travel := func() error {
		select {
		case <-time.After(there):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := travel(); err != nil {
		return time.Time{}, err
	}
	now := time.Now().Add(ahead)
	return now, travel()
}

func start(t *testing.T, s *source) *clock.Clock {
	c := clock.New(s, func() { s.jumps.Add(1) }, zap.NewNop())
	for range 2 {
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for range 2 {
			if err := c.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	return c
}

// wantAhead checks how far the clock is ahead of ours. The store's answers have milliseconds.
func wantAhead(t *testing.T, c *clock.Clock, want time.Duration) {
	t.Helper()
	synctest.Wait()
	if got := time.Until(c.Time()); (got - want).Abs() > time.Millisecond {
		t.Fatalf("the clock is ahead by %v, want %v", got, want)
	}
}

func TestTheClockFollowsTheStore(t *testing.T) {
	for name, ahead := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour, "by little": 30 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &source{ahead: ahead, there: 100 * time.Millisecond}
				c := start(t, s)
				wantAhead(t, c, 0)
				time.Sleep(time.Second)
				wantAhead(t, c, ahead)
				s.set(func(s *source) { s.ahead += time.Minute })
				before := s.jumps.Load()
				time.Sleep(6 * time.Second)
				wantAhead(t, c, ahead+time.Minute)
				s.set(func(s *source) { s.ahead += time.Second })
				time.Sleep(6 * time.Second)
				wantAhead(t, c, ahead+time.Minute+time.Second)
				if n := s.jumps.Load() - before; n != 1 {
					t.Errorf("told of %d jumps, want the one of a minute", n)
				}
			})
		})
	}
}

func TestASlowAnswerIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{ahead: time.Minute, there: time.Millisecond}
		c := start(t, s)
		time.Sleep(time.Second)
		for _, slow := range []time.Duration{260 * time.Millisecond, 2 * time.Second, time.Hour} {
			s.set(func(s *source) { s.ahead, s.there = time.Hour, slow })
			time.Sleep(20 * time.Second)
			wantAhead(t, c, time.Minute)
		}
		s.set(func(s *source) { s.there = 0 })
		time.Sleep(6 * time.Second)
		wantAhead(t, c, time.Hour)
	})
}

func TestTheClockGoesOnThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{ahead: time.Minute}
		c := start(t, s)
		wantAhead(t, c, time.Minute)
		s.set(func(s *source) { s.err = errors.New("away") })
		before := c.Now()
		time.Sleep(24 * time.Hour)
		wantAhead(t, c, time.Minute)
		if passed := c.Now().Sub(before.Time); passed != 24*time.Hour {
			t.Errorf("%v passed, want a day", passed)
		}
		s.set(func(s *source) { s.err, s.ahead = nil, 2*time.Minute })
		time.Sleep(6 * time.Second)
		wantAhead(t, c, 2*time.Minute)
	})
}

func TestWithoutTheStoreItIsOurClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := start(t, &source{err: errors.New("away")})
		time.Sleep(time.Minute)
		wantAhead(t, c, 0)
	})
}

func TestAClockThatNeverStartedCanBeStopped(t *testing.T) {
	if err := clock.New(&source{}, func() {}, zap.NewNop()).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}
