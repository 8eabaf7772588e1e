package uptime

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestUnbrokenCountsFromTheLastPartThatCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := New(Store, Broker)
		u.Up(Store)
		beats(u, 10*time.Second)
		if got := u.Unbroken(); got != 0 {
			t.Fatalf("unbroken for %v with the broker away", got)
		}
		u.Up(Broker)
		beats(u, 10*time.Second)
		u.Up(Store) // known already: no new beginning
		if got := u.Unbroken(); got != 10*time.Second {
			t.Fatalf("unbroken for %v, want 10s", got)
		}
		u.Down(Broker)
		if got := u.Away(); !slices.Equal(got, []Part{Broker}) || u.Unbroken() != 0 {
			t.Fatalf("away %v, unbroken %v", got, u.Unbroken())
		}
		u.Up(Broker)
		if got := u.Unbroken(); got != 0 {
			t.Fatalf("unbroken for %v right after a break", got)
		}
	})
}

func TestAProcessThatDidNotRunWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := New(Store)
		u.Up(Store)
		beats(u, 40*time.Second)
		time.Sleep(time.Minute) // nobody asks and nothing beats: as if stopped
		if got := u.Unbroken(); got != 0 {
			t.Fatalf("unbroken for %v after a minute without a beat", got)
		}
	})
}

func TestStartBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := New(Store)
		u.Up(Store)
		if err := u.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := u.Unbroken(); got != time.Minute {
			t.Fatalf("unbroken for %v, want 1m", got)
		}
		if err := u.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// beats lets time pass in a process that runs.
func beats(u *Tracker, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(beatEvery)
		u.Unbroken()
	}
}
