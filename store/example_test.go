package store_test

import (
	"context"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// cancel loads, decides, and commits on the condition that nothing changed meanwhile.
func cancel(ctx context.Context, missions store.Missions, id string) error {
	for {
		records, err := missions.Load(ctx, id)
		if err != nil {
			return err
		}
		next := records[0]
		if next.Mission.Version == 0 {
			return store.ErrNotFound
		}
		if err := contracts.CheckTransition(next.Mission.Status, contracts.StatusCancelled); err != nil {
			return err
		}
		next.Mission.Status = contracts.StatusCancelled
		outcomes, err := missions.Commit(ctx, store.Change{
			Record: next, IfVersion: next.Mission.Version, Due: store.DueDrop,
			History: []contracts.HistoryLine{{Status: contracts.StatusCancelled, Cause: contracts.CauseCancel}},
		})
		if err != nil || outcomes[0].Code == store.Applied {
			return err
		}
	}
}

func Example() {
	ctx := context.Background()
	s := memstore.New(memstore.Config{})
	const id = "0192d4e0-0000-7000-8000-000000000001"
	_, err := s.Commit(ctx, store.Change{
		Record: store.Record{Mission: contracts.Mission{MissionID: id, Name: "first", Status: contracts.StatusQueued}},
		Due:    store.DueSet, DueAt: contracts.At(time.Now()),
	})
	fmt.Println(err)
	fmt.Println(cancel(ctx, s, id))
	fmt.Println(cancel(ctx, s, id))
	events, _ := s.ReadEvents(ctx, "", 10, 0)
	for _, e := range events {
		fmt.Println(e.Version, e.Status)
	}
	// Output:
	// <nil>
	// <nil>
	// a mission can't go from CANCELLED to CANCELLED
	// 1 QUEUED
	// 2 CANCELLED
}
