package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// startedOnce wants one start of each mission in the journals.
func (s *stack) startedOnce(ids []string, since time.Time) {
	s.t.Helper()
	ours := map[string]int{}
	for _, id := range ids {
		ours[id] = 0
	}
	book, err := journal.Read(s.JournalDir(), since, func(mission string) bool { _, is := ours[mission]; return is })
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range book.Executions {
		ours[e.MissionID]++
	}
	for id, n := range ours {
		if n != 1 {
			s.t.Errorf("mission %s was started %d times, want once", id, n)
		}
	}
}

// TestRabbitMQWiped: RabbitMQ comes back without its data while 50 missions wait and 16 run. Nobody restarts anything else.
func TestRabbitMQWiped(t *testing.T) {
	t.Parallel()
	began := time.Now()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 1 }) // of 16 slots
	b := s.stranger()
	var ids []string
	for i := range 16 {
		ids = append(ids, s.submit(fmt.Sprint("runs ", i), "10"))
	}
	s.eventually(time.Minute, "16 in progress", func() bool {
		stats, err := s.Stats(t.Context())
		return err == nil && stats.Counts[contracts.StatusInProgress] == 16
	})
	for i := range 50 {
		ids = append(ids, s.submit(fmt.Sprint("waits ", i), "0.1"))
	}
	s.eventually(time.Minute, "50 orders at the broker", func() bool {
		d, err := b.Depth(t.Context(), topology.Orders)
		return err == nil && d.Ready == 50
	})
	s.wipeRabbitMQ()
	for _, id := range ids {
		if m := s.ends(id, contracts.StatusCompleted); m.Run != 1 || m.Losses != 0 || m.Attempt != 1 {
			t.Errorf("%+v", m.Mission)
		}
	}
	s.startedOnce(ids, began)
	s.awaitOK()
	after := s.submit("after the wipe", "0")
	s.ends(after, contracts.StatusCompleted)
}

// wipeRabbitMQ stops RabbitMQ, removes all that it has, and starts it again on the same port.
func (s *stack) wipeRabbitMQ() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 3*time.Minute)
	defer cancel()
	part := s.Part(localstack.RabbitMQ)
	if err := part.Stop(ctx); err != nil {
		s.t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(filepath.Dir(s.JournalDir()), "rabbitmq", "mnesia")); err != nil {
		s.t.Fatal(err)
	}
	if err := part.Start(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// TestLostOrders: one order is taken and thrown away, as a purge would, another is told back under a token that nobody
// believes. Both missions are ordered again.
func TestLostOrders(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 75 seconds")
	}
	began := time.Now()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 1 })
	b := s.stranger()
	soldier := s.Part(localstack.SoldierName(1))
	if err := soldier.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	ids := []string{s.submit("purged", "0"), s.submit("told back", "0")}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	taken := make(chan contracts.Order, 10)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = b.Consume(ctx, broker.Subscription{Queue: topology.Orders, Prefetch: 10, Handle: func(d broker.Delivery) {
			if o, err := contracts.DecodeOrder(d.Body); err == nil {
				taken <- o
			}
			_ = d.Ack()
		}})
	}()
	for range ids {
		o := <-taken
		if o.Mission.MissionID != ids[1] {
			continue
		}
		pack, err := contracts.NewStatusPack("not.a.token", contracts.At(time.Now()), "", contracts.Update{
			Status: contracts.UpdateNoHandler, MissionID: ids[1], Attempt: 1,
		}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		s.publish(b, topology.Status, string(contracts.TypeStatus), pack)
	}
	cancel()
	<-ended
	if err := soldier.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		s.ends(id, contracts.StatusCompleted)
		h, err := s.History(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		lost := 0
		for _, l := range h.Lines {
			if strings.Contains(l.Message, "order 1 was lost") {
				lost++
			}
		}
		if lost != 1 {
			t.Errorf("%d lines of a lost order, want 1: %+v", lost, h.Lines)
		}
	}
	s.startedOnce(ids, began)
}

// TestABacklogBeyondTheWindow: most missions wait in Redis, and all are carried out.
func TestABacklogBeyondTheWindow(t *testing.T) {
	t.Parallel()
	began := time.Now()
	s := run(t, func(c *localstack.Config) { c.Soldiers, c.Env = 1, []string{"COMMANDER_ORDERS_WINDOW=40"} })
	b := s.stranger()
	soldier := s.Part(localstack.SoldierName(1))
	if err := soldier.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range 150 {
		ids = append(ids, s.submit(fmt.Sprint("mission ", i), "0"))
	}
	s.eventually(30*time.Second, "40 orders at the broker", func() bool {
		d, err := b.Depth(t.Context(), topology.Orders)
		if d.Ready > 40 {
			t.Fatalf("%d orders at the broker, want 40 at most", d.Ready)
		}
		return err == nil && d.Ready == 40
	})
	if err := soldier.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		s.ends(id, contracts.StatusCompleted)
	}
	s.startedOnce(ids, began)
}
