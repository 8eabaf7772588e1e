package redisstore_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
)

// A paused Redis answers nothing: what is told then comes from memory.
func TestAStoreTellsItsOwnEventsWithoutRedis(t *testing.T) {
	server := redistest.Start(t)
	s := start(t, redisstore.Config{URL: server.URL()})
	await(t, "redis is there", works(t, s))
	ctx := context.Background()
	first, err := s.LastEvent(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := commit(t, s, newMission()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateAll(ctx, nil, newMission(), newMission()); err != nil {
		t.Fatal(err)
	}
	want, err := s.ReadEvents(ctx, first, 10, 0)
	if err != nil || len(want) != 3 {
		t.Fatal(want, err)
	}
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	got, err := s.ReadEvents(ctx, first, 10, time.Minute)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("told %v, %v; Redis had %v", got, err, want)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
}

// Each of two stores hears what both write, once and in the order of the log.
func TestStoresTellOfEachOthersEvents(t *testing.T) {
	const each = 300
	url := emptied(t)
	stores := []*redisstore.Store{start(t, redisstore.Config{URL: url, Timeout: 10 * time.Second}), start(t, redisstore.Config{URL: url, Timeout: 10 * time.Second})}
	ctx := context.Background()
	heard := make([][]store.Event, len(stores))
	var all sync.WaitGroup
	for i, s := range stores {
		all.Go(func() {
			for after := ""; len(heard[i]) < each*len(stores); after = heard[i][len(heard[i])-1].ID {
				events, err := s.ReadEvents(ctx, after, 50, 30*time.Second)
				if err != nil || len(events) == 0 {
					t.Errorf("store %d after %q: %v, %v", i, after, events, err)
					return
				}
				heard[i] = append(heard[i], events...)
			}
		})
		for range 3 {
			all.Go(func() {
				for range each / 3 {
					if _, err := s.Commit(ctx, newMission()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	all.Wait()
	log, err := stores[0].ReadEvents(ctx, "", 2*each, 0)
	if err != nil || len(log) != 2*each {
		t.Fatal(len(log), err)
	}
	for i := range stores {
		if !slices.Equal(heard[i], log) {
			t.Errorf("store %d heard other events than the log has", i)
		}
	}
}
