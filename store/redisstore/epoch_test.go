package redisstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
	"github.com/mission-control-dev/mission-control/store/storetest"
)

func TestWiped(t *testing.T) {
	url := emptied(t)
	cfg := redisstore.Config{URL: url, Timeout: 10 * time.Second}
	storetest.RunWiped(t, start(t, cfg), start(t, cfg), func() { emptied(t) })
}

// TestANewcomerLearnsOfTheWipe has a commander that was started after the wipe settle the epoch: it can't tell wiped from
// new, and the one that can says so later.
func TestANewcomerLearnsOfTheWipe(t *testing.T) {
	url := emptied(t)
	old := start(t, redisstore.Config{URL: url, Timeout: 10 * time.Second})
	settle(t, old)
	emptied(t)
	newcomer := start(t, redisstore.Config{URL: url, Timeout: 10 * time.Second})
	first := settle(t, newcomer)
	if first.Origin != store.EpochFirst {
		t.Errorf("the newcomer says %+v", first)
	}
	want := first
	want.Origin = store.EpochWiped
	if got := settle(t, old); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := settle(t, newcomer); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestARestartIsNoWipe restarts Redis, with its data, and the store.
func TestARestartIsNoWipe(t *testing.T) {
	server := redistest.Start(t)
	cfg := redisstore.Config{URL: server.URL(), Timeout: 10 * time.Second}
	s := start(t, cfg)
	want := settle(t, s)
	if !works(t, s)() {
		t.Fatal("no commit")
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	restart(t, server)
	await(t, "redis is back", works(t, s))
	if got := settle(t, s); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := settle(t, start(t, cfg)); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestAnOlderEpochIsAWipe puts back what Redis held in an epoch before the present one: what came since is gone.
func TestAnOlderEpochIsAWipe(t *testing.T) {
	url := emptied(t)
	c, ctx := client(t, url), context.Background()
	s := start(t, redisstore.Config{URL: url, Timeout: 10 * time.Second})
	older := settle(t, s)
	if err := c.Do(ctx, c.B().Copy().Source("{mc:0}:epoch").Destination("backup").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	if err := c.Do(ctx, c.B().Del().Key("{mc:0}:epoch").Build()).Error(); err != nil {
		t.Fatal(err)
	}
	await(t, "the clock goes on", func() bool {
		now, err := s.Now(ctx)
		return err == nil && now.After(older.Began.Add(time.Millisecond))
	})
	present := settle(t, s)
	if err := c.Do(ctx, c.B().Copy().Source("backup").Destination("{mc:0}:epoch").Replace().Build()).Error(); err != nil {
		t.Fatal(err)
	}
	got := settle(t, s)
	if got.ID == older.ID || got.ID == present.ID || got.Origin != store.EpochWiped || got.Began.Before(present.Began.Time) {
		t.Errorf("%+v after %+v and %+v", got, older, present)
	}
}
