package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// TestOrdersInPacks: many short missions wait, so that their orders travel together. Each is carried out once.
func TestOrdersInPacks(t *testing.T) {
	began := time.Now()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 2 })
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
	waiting := submit(100)
	s.eventually(30*time.Second, "orders in packs", func() bool {
		waiting = append(waiting, submit(200)...)
		return s.messagesOf(waiting) < len(waiting)
	})
	ids = append(ids, waiting...)
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

// messagesOf takes the messages in which the missions' orders wait, and gives them back. It returns how many there were.
func (s *stack) messagesOf(ids []string) int {
	s.t.Helper()
	b := s.stranger()
	missing := map[string]bool{}
	for _, id := range ids {
		missing[id] = true
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	messages := 0
	_ = b.Consume(ctx, broker.Subscription{Queue: topology.Orders, Prefetch: 10_000, Handle: func(d broker.Delivery) {
		orders, err := contracts.DecodeOrders(d.Body)
		if err != nil {
			s.t.Errorf("message %s of type %s: %v", d.ID, d.Type, err)
		}
		for _, o := range orders {
			delete(missing, o.Mission.MissionID)
		}
		if messages++; len(missing) == 0 {
			cancel()
		}
	}})
	if err := b.Close(context.WithoutCancel(ctx)); err != nil { // all goes back to the queue
		s.t.Fatal(err)
	}
	if len(missing) > 0 {
		s.t.Fatalf("%d of %d orders are not at the broker after 30 s", len(missing), len(ids))
	}
	return messages
}
