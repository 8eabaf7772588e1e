package shardstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
	"github.com/mission-control-dev/mission-control/store/shardstore"
	"github.com/mission-control-dev/mission-control/store/storetest"
)

// redis returns a store over n shards in the Redis of a URL.
func redis(t testing.TB, url string, n int, cfg redisstore.Config) *shardstore.Store {
	t.Helper()
	var all []store.Store
	for i := range n {
		cfg.URL, cfg.Shard = url, i
		if cfg.Timeout == 0 {
			cfg.Timeout = 10 * time.Second // the machine may be busy
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
		all = append(all, s)
	}
	return over(t, all...)
}

// flush drops all data of a Redis.
func flush(t testing.TB, url string) {
	t.Helper()
	option, err := rueidis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	option.DisableCache, option.ForceSingleClient = true, true
	client, err := rueidis.NewClient(option)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Do(context.Background(), client.B().Flushall().Build()).Error(); err != nil {
		t.Fatal(err)
	}
}

func TestConformanceOnRedis(t *testing.T) {
	url := redistest.Shared(t).URL()
	storetest.Run(t, func(t *testing.T) store.Store {
		flush(t, url)
		return redis(t, url, 3, redisstore.Config{})
	})
}

func TestEventsAreTrimmedInRedis(t *testing.T) {
	url := redistest.Shared(t).URL()
	flush(t, url)
	// Redis trims whole nodes of 100 entries.
	storetest.RunTrimmed(t, redis(t, url, 3, redisstore.Config{EventsKept: 10}), 250)
}

func TestRedisIsWiped(t *testing.T) {
	url := redistest.Shared(t).URL()
	flush(t, url)
	one, other := redis(t, url, 3, redisstore.Config{}), redis(t, url, 3, redisstore.Config{})
	storetest.RunWiped(t, one, other, func() { flush(t, url) })
}
