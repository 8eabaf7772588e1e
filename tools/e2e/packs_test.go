package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// TestOrdersInPacks: many short missions wait, so that their orders travel together. Each is carried out once.
func TestOrdersInPacks(t *testing.T) {
	began := time.Now()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 2 })
	b := s.stranger()
	submit := func(missions int) []string {
		requests := make([]contracts.MissionRequest, missions)
		for i := range requests {
			requests[i] = contracts.MissionRequest{
				Name: fmt.Sprint("mission ", i), Payload: []byte(`{"min_seconds":0,"max_seconds":0,"failure_rate":0}`),
			}
		}
		batch, err := s.SubmitBatch(t.Context(), requests, client.SubmitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ids := make([]string, missions)
		for i, m := range batch.Missions {
			ids[i] = m.MissionID
		}
		return ids
	}
	ids := submit(20)
	for _, id := range ids {
		s.ends(id, contracts.StatusCompleted) // they are short
	}
	for n := range 2 { // their sessions live on for a while
		if err := s.Part(localstack.SoldierName(n + 1)).Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ready := func() int {
		d, err := b.Depth(t.Context(), topology.Orders)
		if err != nil {
			t.Fatal(err)
		}
		return d.Ready
	}
	ids = append(ids, submit(100)...)
	s.eventually(30*time.Second, "orders in packs", func() bool {
		before := ready()
		more := submit(200)
		ids = append(ids, more...)
		after := before
		s.eventually(30*time.Second, "no order is under way", func() bool {
			last := after
			after = ready()
			return after > before && after == last
		})
		return after-before < len(more)
	})
	for n := range 2 {
		if err := s.Part(localstack.SoldierName(n + 1)).Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range ids {
		s.ends(id, contracts.StatusCompleted)
	}
	s.startedOnce(ids, began)
}
