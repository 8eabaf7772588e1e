package shardstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/dualstore"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/shardstore"
	"github.com/mission-control-dev/mission-control/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(redistest.Main(m)) }

// over returns a store over shards, stopped when the test ends.
func over(t testing.TB, shards ...store.Store) *shardstore.Store {
	t.Helper()
	s, err := shardstore.New(shardstore.Config{Shards: shards})
	if err != nil {
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

func memstores(n int) []store.Store {
	shards := make([]store.Store, n)
	for i := range shards {
		shards[i] = memstore.New(memstore.Config{EventTimes: true})
	}
	return shards
}

func TestConformance(t *testing.T) {
	for _, n := range []int{1, 2, 5, shardstore.MaxShards} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) store.Store { return over(t, memstores(n)...) })
		})
	}
}

func TestGatesOfOneShard(t *testing.T) {
	storetest.RunGates(t, func(t *testing.T) store.Store { return over(t, memstores(1)...) })
}

// What shares a key would have to lie together.
func TestNoGatesOverMoreShards(t *testing.T) {
	s := over(t, memstores(2)...)
	c := store.Change{Record: store.Record{Mission: contracts.Mission{
		MissionID: newID(0), Status: contracts.StatusQueued, ConcurrencyKey: "k",
	}}}
	if _, err := s.Commit(t.Context(), c); err == nil {
		t.Error("Commit created a mission with a concurrency key")
	}
	if _, err := s.CreateAll(t.Context(), nil, c); err == nil {
		t.Error("CreateAll created a mission with a concurrency key")
	}
}

// A commander's store: the twin lies above the shards, and ids are placed by them.
func TestConformanceUnderATwin(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		shards := over(t, memstores(3)...)
		twin, err := dualstore.New(dualstore.Config{Primary: shards, ReadTimeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if err := twin.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := twin.Stop(context.Background()); err != nil {
				t.Errorf("Stop: %v", err)
			}
		})
		return struct {
			*dualstore.Store
			store.Placer
		}{twin, shards}
	})
}

func TestEventsAreTrimmed(t *testing.T) {
	shards := make([]store.Store, 3)
	for i := range shards {
		shards[i] = memstore.New(memstore.Config{EventTimes: true, EventsKept: 10})
	}
	storetest.RunTrimmed(t, over(t, shards...), 11)
}
