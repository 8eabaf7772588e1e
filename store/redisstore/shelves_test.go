package redisstore_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisstore"
)

// TestNumbersOfEmptyShelvesAreTakenAgain: there can be 2047 shelves at a time, and squads come and go.
func TestNumbersOfEmptyShelvesAreTakenAgain(t *testing.T) {
	url := emptied(t)
	s, c, ctx := start(t, redisstore.Config{URL: url}), client(t, url), context.Background()
	put := func(shelf string) string {
		t.Helper()
		change := newMission()
		change.Due, change.DueAt = store.DueSet, contracts.At(time.Now())
		outcomes, err := s.Commit(ctx, change)
		if err != nil || outcomes[0].Code != store.Applied {
			t.Fatalf("%v, %v", outcomes, err)
		}
		id := change.Record.Mission.MissionID
		if err := s.ClearDue(ctx, store.Due{MissionID: id, Dispatch: outcomes[0].Dispatch, Shelf: shelf}); err != nil {
			t.Fatal(err)
		}
		return id
	}
	want := func(shelf string, ids ...string) {
		t.Helper()
		got, err := s.Shelved(ctx, shelf, contracts.At(time.Now().Add(time.Hour)), 10)
		if err != nil || !slices.Equal(got, ids) {
			t.Errorf("on shelf %s lie %v (%v), want %v", shelf, got, err, ids)
		}
	}
	first := put("used")
	fill := c.B().Hset().Key("{mc:0}:shelves").FieldValue()
	for n := 2; n <= 2047; n++ {
		fill = fill.FieldValue(fmt.Sprint("left ", n), fmt.Sprint(n))
	}
	if err := c.Do(ctx, fill.Build()).Error(); err != nil {
		t.Fatal(err)
	}
	second, third := put("new"), put("newer")
	want("used", first)
	want("new", second)
	want("newer", third)
}
