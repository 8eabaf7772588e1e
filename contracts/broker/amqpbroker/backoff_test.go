package amqpbroker

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoff(t *testing.T) {
	b := newBackoff(100*time.Millisecond, 5*time.Second)
	for _, ms := range []int{100, 200, 400, 800, 1600, 3200, 5000, 5000} {
		ceiling := time.Duration(ms) * time.Millisecond
		if b.ceiling != ceiling {
			t.Errorf("the ceiling is %v, want %v", b.ceiling, ceiling)
		}
		if wait := b.next(); wait < 0 || wait > ceiling {
			t.Errorf("the wait is %v, want 0 to %v", wait, ceiling)
		}
	}
	b.stood(time.Second)
	if b.ceiling != 5*time.Second {
		t.Errorf("after a short success the ceiling is %v, want 5s still", b.ceiling)
	}
	b.stood(5 * time.Second)
	if b.ceiling != 100*time.Millisecond {
		t.Errorf("after a long success the ceiling is %v, want 100ms", b.ceiling)
	}
}

func TestBackoffIsSpread(t *testing.T) {
	b := newBackoff(time.Second, time.Second)
	var low, high int
	for range 1000 {
		if b.next() < 500*time.Millisecond {
			low++
		} else {
			high++
		}
	}
	if low < 400 || high < 400 {
		t.Errorf("%d waits are in the lower half, %d in the upper", low, high)
	}
}

func TestBackoffWaitEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		early := make(chan struct{})
		close(early)
		since := time.Now()
		newBackoff(time.Hour, time.Hour).wait(t.Context(), early)
		if waited := time.Since(since); waited > 0 {
			t.Errorf("waited %v", waited)
		}
		b := newBackoff(time.Second, time.Second)
		b.wait(t.Context(), nil)
		if waited := time.Since(since); waited > time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}
