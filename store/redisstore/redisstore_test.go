package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/internal/modeltest"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
	"github.com/mission-control-dev/mission-control/store/storetest"
	"github.com/redis/rueidis"
	"go.uber.org/goleak"
	"go.uber.org/zap/zaptest"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(redistest.Main(m)) }

// start returns a started store that ends with the test.
func start(t testing.TB, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = zaptest.NewLogger(t)
	}
	s, err := redisstore.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return s
}

// client returns a plain client of a server, to look and to meddle.
func client(t testing.TB, url string) rueidis.Client {
	t.Helper()
	c, err := newClient(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func newClient(url string) (rueidis.Client, error) {
	option, err := rueidis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	option.DisableCache, option.ForceSingleClient = true, true
	return rueidis.NewClient(option)
}

// emptied returns the URL of the shared server, after all its data was dropped.
func emptied(t testing.TB) string {
	t.Helper()
	url := redistest.Shared(t).URL()
	c, err := newClient(url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Do(context.Background(), c.B().Flushall().Build()).Error(); err != nil {
		t.Fatal(err)
	}
	return url
}

// settle has a store go on after a wipe.
func settle(t testing.TB, s store.Store) store.Epoch {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	e, err := s.Settle(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestConformance(t *testing.T) {
	redistest.Shared(t) // skips once, not in each test of the suite
	storetest.Run(t, func(t *testing.T) store.Store {
		return start(t, redisstore.Config{URL: emptied(t), Timeout: 10 * time.Second}) // the machine may be busy
	})
}

func TestGates(t *testing.T) {
	redistest.Shared(t)
	storetest.RunGates(t, func(t *testing.T) store.Store {
		return start(t, redisstore.Config{URL: emptied(t), Timeout: 10 * time.Second})
	})
}

func TestEventsAreTrimmed(t *testing.T) {
	// Redis trims whole nodes of 100 entries.
	storetest.RunTrimmed(t, start(t, redisstore.Config{URL: emptied(t), EventsKept: 10}), 250)
}

// EventsKept counts events, also where many of them are one entry of the stream.
func TestEventsOfLargeCommitsAreTrimmed(t *testing.T) {
	const kept = 1000
	s := start(t, redisstore.Config{URL: emptied(t), EventsKept: kept, Timeout: 10 * time.Second})
	ctx := context.Background()
	var all []string
	for range 30 {
		changes := make([]store.Change, 100)
		for i := range changes {
			changes[i] = newMission()
		}
		before, err := s.LastEvent(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Commit(ctx, changes...); err != nil {
			t.Fatal(err)
		}
		events, err := s.ReadEvents(ctx, before, len(changes), 0)
		if err != nil || len(events) != len(changes) {
			t.Fatalf("%d events, %v", len(events), err)
		}
		for _, e := range events {
			all = append(all, e.ID)
		}
	}
	for i, id := range all {
		_, err := s.ReadEvents(ctx, id, 1, 0)
		behind := len(all) - 1 - i
		switch {
		case behind <= kept && err != nil:
			t.Fatalf("%d events behind %s: %v", behind, id, err)
		case behind > kept+1000 && !errors.Is(err, store.ErrEventsTrimmed):
			t.Fatalf("%d events behind %s: %v, want ErrEventsTrimmed", behind, id, err)
		}
	}
}

// A Redis that lost its last writes gives the numbers of their events again. Whoever saw the lost ones must not take the
// others for them.
func TestAnEventsNumberGivenAgainIsAnotherEvent(t *testing.T) {
	url := emptied(t)
	s := start(t, redisstore.Config{URL: url, Timeout: 10 * time.Second})
	c := client(t, url)
	ctx := context.Background()
	if _, err := commit(t, s, newMission()); err != nil {
		t.Fatal(err)
	}
	first, err := s.LastEvent(ctx)
	if err != nil {
		t.Fatal(err)
	}
	two := []store.Change{newMission(), newMission()}
	if _, err := s.Commit(ctx, two...); err != nil {
		t.Fatal(err)
	}
	lost, err := s.ReadEvents(ctx, first, 10, 0)
	if err != nil || len(lost) != 2 {
		t.Fatal(lost, err)
	}
	// Redis knows the last entry's id, also when it is gone: put the stream back to what it was.
	if err := c.Do(ctx, c.B().Xdel().Key("{mc:0}:events").Id(lost[1].ID).Build()).Error(); err != nil {
		t.Fatal(err)
	}
	if err := c.Do(ctx, c.B().Arbitrary("XSETID", "{mc:0}:events", first).Build()).Error(); err != nil {
		t.Fatal(err)
	}
	seen := now(t, s)
	for now(t, s).UnixMilli() == seen.UnixMilli() { // no restart of Redis takes less
	}
	if _, err := s.Commit(ctx, newMission(), newMission()); err != nil {
		t.Fatal(err)
	}
	for _, e := range lost {
		if _, err := s.ReadEvents(ctx, e.ID, 10, 0); !errors.Is(err, store.ErrEventsTrimmed) {
			t.Errorf("after the lost %s: %v, want ErrEventsTrimmed", e.ID, err)
		}
	}
	if again, err := s.ReadEvents(ctx, first, 10, 0); err != nil || len(again) != 2 {
		t.Errorf("after %s: %v, %v", first, again, err)
	}
}

func now(t *testing.T, s store.Store) time.Time {
	t.Helper()
	at, err := s.Now(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Bodies that lie apart are asked for in a second call, and land with their missions.
func TestLoadAmongManyWithoutBodiesApart(t *testing.T) {
	s := start(t, redisstore.Config{URL: emptied(t), Timeout: 10 * time.Second})
	ctx := context.Background()
	large := func(i int) []byte { return fmt.Appendf(nil, `"%d %s"`, i, strings.Repeat("x", 600)) }
	changes := make([]store.Change, 450)
	ids := make([]string, len(changes), len(changes)+1)
	for i := range changes {
		changes[i] = newMission()
		m := &changes[i].Record.Mission
		if i%7 == 0 {
			m.Payload = large(i)
		}
		if i%11 == 0 {
			m.Result = large(-i)
		}
		ids[i] = m.MissionID
	}
	if _, err := s.Commit(ctx, changes...); err != nil {
		t.Fatal(err)
	}
	records, err := s.Load(ctx, append(ids, newMission().Record.Mission.MissionID)...)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range changes {
		want := c.Record
		want.Mission.Version = 1
		if d := cmp.Diff(want, records[i]); d != "" {
			t.Fatalf("%d: %s", i, d)
		}
	}
	if v := records[len(changes)].Mission.Version; v != 0 {
		t.Errorf("an unknown one has version %d", v)
	}
}

func TestAgreesWithTheModel(t *testing.T) {
	s := start(t, redisstore.Config{URL: redistest.Shared(t).URL()})
	modeltest.Agree(t, func(*rapid.T) []modeltest.Subject {
		emptied(t)
		settle(t, s)
		return []modeltest.Subject{{Name: "redis", Store: s}}
	})
}
