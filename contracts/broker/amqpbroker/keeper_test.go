package amqpbroker

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lone is a keeper by itself: connect is asked for each attempt, and its connections stand until lose is closed.
func lone(t *testing.T, cfg Config, connect func() error, lose chan struct{}) *keeper {
	t.Helper()
	cfg, err := cfg.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	k := newKeeper(publishing, cfg)
	k.told = func() {}
	k.connect = func(context.Context) (*session, error) {
		if err := connect(); err != nil {
			return nil, err
		}
		return &session{done: lose, err: errors.New("lost")}, nil
	}
	return k
}

// TestABrokerThatCameBackIsFoundInTwoSeconds: however long it was away. Many clients are tried: each draws its waits.
func TestABrokerThatCameBackIsFoundInTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients = 30
		away := time.Minute
		back := time.Now().Add(away)
		var after [clients]time.Duration
		lose := make(chan struct{})
		ctx, cancel := context.WithCancel(context.Background())
		var done sync.WaitGroup
		for i := range clients {
			connected := false
			k := lone(t, Config{URL: "amqp://127.0.0.1/"}, func() error {
				if connected || time.Now().Before(back) {
					return errors.New("refused")
				}
				connected, after[i] = true, time.Since(back)
				return nil
			}, lose)
			done.Go(func() { k.run(ctx, ctx) })
		}
		time.Sleep(away + time.Minute)
		close(lose)
		synctest.Wait()
		cancel()
		done.Wait()
		for i, d := range after {
			if d <= 0 || d > 2*time.Second {
				t.Errorf("client %d came %v after the broker (0: never)", i, d)
			}
		}
	})
}

// TestOneConnectionHurriesTheOther: what was said while the connection stood hurries nobody later.
func TestOneConnectionHurriesTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		refuse := true
		lose := make(chan struct{})
		k := lone(t, Config{URL: "amqp://127.0.0.1/", BackoffMin: 1000 * time.Hour, BackoffMax: 1000 * time.Hour}, func() error {
			tries = append(tries, time.Now())
			if refuse {
				return errors.New("refused")
			}
			return nil
		}, lose)
		ctx, cancel := context.WithCancel(context.Background())
		var done sync.WaitGroup
		done.Go(func() { k.run(ctx, ctx) })
		synctest.Wait()
		refuse = false
		k.hasten()
		k.hasten()
		synctest.Wait()
		if len(tries) != 2 || !tries[1].Equal(tries[0]) {
			t.Errorf("tried at %v, want twice at once", tries)
		}
		k.hasten()
		refuse = true
		close(lose)
		synctest.Wait()
		if len(tries) != 2 {
			t.Errorf("tried at %v: an old word hurried it", tries)
		}
		cancel()
		done.Wait()
	})
}

// TestABrokerThatDropsAtOnceIsNotAskedInAHotLoop: each connection that is made hurries the other one.
func TestABrokerThatDropsAtOnceIsNotAskedInAHotLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := New(Config{URL: "amqp://127.0.0.1/"})
		if err != nil {
			t.Fatal(err)
		}
		dropped := make(chan struct{})
		close(dropped)
		var tries [2]int
		for i, k := range []*keeper{b.publishing, b.consuming} {
			k.connect = func(context.Context) (*session, error) {
				time.Sleep(time.Millisecond) // a handshake
				tries[i]++
				return &session{done: dropped, err: errors.New("dropped")}, nil
			}
		}
		if err := b.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		const minutes = 10
		time.Sleep(minutes * time.Minute)
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
		for i, n := range tries {
			if n < 10*minutes || n > 120*minutes {
				t.Errorf("connection %d was tried %d times in %d minutes", i, n, minutes)
			}
		}
	})
}
