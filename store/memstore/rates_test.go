package memstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestRatesAreOfTheLastFullMinute(t *testing.T) {
	now := time.Unix(1_700_000_000, 0) // the start of a step of 10 s
	s := memstore.New(memstore.Config{Now: func() time.Time { return now }})
	ctx := context.Background()
	commit := func(status contracts.Status) {
		t.Helper()
		id := uuid.Must(uuid.NewV7()).String()
		for version, status := range []contracts.Status{contracts.StatusQueued, status} {
			r := store.Record{Mission: contracts.Mission{MissionID: id, Status: status}}
			if o, err := s.Commit(ctx, store.Change{Record: r, IfVersion: int64(version)}); err != nil || o[0].Code != store.Applied {
				t.Fatal(o, err)
			}
		}
	}
	want := func(created, completed, failed int64) {
		t.Helper()
		c, err := s.Counts(ctx)
		if err != nil || c.CreatedPerMinute != created || c.CompletedPerMinute != completed || c.FailedPerMinute != failed {
			t.Errorf("%d, %d, %d per minute, %v; want %d, %d, %d", c.CreatedPerMinute, c.CompletedPerMinute, c.FailedPerMinute, err,
				created, completed, failed)
		}
	}
	commit(contracts.StatusCompleted)
	commit(contracts.StatusFailed)
	want(0, 0, 0) // the step is not full yet
	now = now.Add(10 * time.Second)
	commit(contracts.StatusCancelled)
	want(2, 1, 1)
	now = now.Add(50 * time.Second)
	want(3, 1, 1)
	now = now.Add(10 * time.Second)
	want(1, 0, 0)
	now = now.Add(time.Hour)
	want(0, 0, 0)
}
