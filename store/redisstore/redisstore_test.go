package redisstore_test

import (
	"context"
	"testing"
	"time"

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

func TestEventsAreTrimmed(t *testing.T) {
	// Redis trims whole nodes of 100 entries.
	storetest.RunTrimmed(t, start(t, redisstore.Config{URL: emptied(t), EventsKept: 10}), 250)
}

func TestAgreesWithTheModel(t *testing.T) {
	s := start(t, redisstore.Config{URL: redistest.Shared(t).URL()})
	modeltest.Agree(t, func(*rapid.T) []modeltest.Subject {
		emptied(t)
		settle(t, s)
		return []modeltest.Subject{{Name: "redis", Store: s}}
	})
}
