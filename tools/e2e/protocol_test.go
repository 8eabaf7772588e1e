package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/amqpbroker"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// stranger connects to the stack's RabbitMQ as anybody with its password could.
func (s *stack) stranger() *amqpbroker.Broker {
	s.t.Helper()
	b, err := amqpbroker.New(amqpbroker.Config{URL: s.RabbitMQURL(), Name: "stranger"})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := b.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = b.Close(s.t.Context()) })
	s.eventually(10*time.Second, "connected", func() bool { return b.Health().Connected })
	return b
}

func (s *stack) publish(b broker.Publisher, queue, kind string, body []byte) {
	s.t.Helper()
	if err := b.Publish(s.t.Context(), queue, broker.Message{Type: kind, Body: body}); err != nil {
		s.t.Fatal(err)
	}
}

func TestOneOrderThreeTimesIsOneStart(t *testing.T) {
	t.Parallel()
	s := run(t, nil)
	b := s.stranger()
	id := s.submit("ordered three times", "6")
	s.eventually(10*time.Second, "in progress", func() bool {
		m, err := s.Get(t.Context(), id)
		return err == nil && m.Status == contracts.StatusInProgress
	})
	m, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	body, err := contracts.NewOrder(m.Mission, 1, m.CreatedAt).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the commander's own was the first
		s.publish(b, topology.Orders, string(contracts.TypeOrder), body)
	}
	s.eventually(10*time.Second, "two refusals in the history", func() bool { return s.refused(id) == 2 })
	s.ends(id, contracts.StatusCompleted)
	book, err := journal.Read(s.JournalDir(), m.CreatedAt.Time, func(mission string) bool { return mission == id })
	if err != nil {
		t.Fatal(err)
	}
	if n := len(book.Executions); n != 1 {
		t.Fatalf("%d starts in the journals, want 1: %+v", n, book.Executions)
	}
}

func TestWhatIsNotToBeBelievedIsSetAside(t *testing.T) {
	t.Parallel()
	s := run(t, nil)
	b := s.stranger()
	pack, err := contracts.NewStatusPack("not.a.token", contracts.At(time.Now()), "", contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: "01890000-0000-7000-8000-000000000000", Attempt: 1, Execution: "e",
	}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i, body := range [][]byte{[]byte("no json"), []byte(`{"v":99,"type":"status"}`), pack} {
		s.publish(b, topology.Status, "status", body)
		s.eventually(10*time.Second, fmt.Sprintf("message %d set aside", i), func() bool {
			d, err := b.Depth(t.Context(), topology.StatusRefused)
			return err == nil && d.Ready == i+1
		})
	}
	s.publish(b, topology.Orders, "order", []byte(`{"v":1,"type":"order","mission":{}}`))
	s.eventually(10*time.Second, "an undecodable order set aside", func() bool {
		d, err := b.Depth(t.Context(), topology.OrdersDead)
		return err == nil && d.Ready == 1
	})
	s.handled()
	id := s.submit("goes on", "0")
	s.ends(id, contracts.StatusCompleted)
}

// handled sends the dead order again, which dies again, and then drops all that is set aside.
func (s *stack) handled() {
	s.t.Helper()
	ctx := s.t.Context()
	l, err := s.ListSetAside(ctx, client.SetAsideFilter{}, 0)
	if err != nil || len(l.Messages) != 4 || !l.Complete {
		s.t.Fatalf("set aside are %+v, %v", l, err)
	}
	for i, want := range []client.SetAsideMessage{
		{Queue: topology.StatusRefused, From: topology.Status, Reason: "unreadable"}, {Queue: topology.StatusRefused, From: topology.Status, Reason: "unreadable"},
		{Queue: topology.StatusRefused, From: topology.Status, Reason: "malformed"}, {Queue: topology.OrdersDead, From: topology.Orders, Reason: "rejected"},
	} {
		if m := l.Messages[i]; m.Queue != want.Queue || m.From != want.From || m.Reason != want.Reason {
			s.t.Errorf("message %d is %+v, want %+v", i, m, want)
		}
	}
	dead := l.Messages[3].ID
	if done, err := s.ResendSetAside(ctx, dead); err != nil || done.Messages != 1 {
		s.t.Errorf("sending the order again: %+v, %v", done, err)
	}
	s.eventually(time.Minute, "the order is dead again", func() bool {
		l, err := s.ListSetAside(ctx, client.SetAsideFilter{Queue: topology.OrdersDead}, 0)
		return err == nil && len(l.Messages) == 1
	})
	if done, err := s.DropSetAside(ctx, l.Messages[0].ID); err != nil || done.Messages != 1 {
		s.t.Errorf("dropping a message: %+v, %v", done, err)
	}
	for queue, want := range map[string]int{topology.StatusRefused: 2, topology.OrdersDead: 1, topology.SubmissionsRefused: 0} {
		if done, err := s.DropAllSetAside(ctx, client.SetAsideFilter{Queue: queue}); err != nil || done.Messages != want {
			s.t.Errorf("dropping all of %s: %+v, %v", queue, done, err)
		}
	}
	if l, err := s.ListSetAside(ctx, client.SetAsideFilter{}, 0); err != nil || len(l.Messages) > 0 {
		s.t.Errorf("left are %+v, %v", l, err)
	}
}

func TestServersThatComeLate(t *testing.T) {
	t.Parallel()
	s := prepare(t, nil)
	for _, part := range s.Parts() {
		if part == "commander" || strings.HasPrefix(part, "soldier-") {
			if err := s.Part(part).Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.eventually(10*time.Second, "health says down", func() bool {
		h, err := s.Health(t.Context())
		return err == nil && h.Status == "down"
	})
	for _, part := range []string{"redis", "rabbitmq"} {
		if err := s.Part(part).Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.awaitOK()
	s.ends(s.submit("after a late start", "0"), contracts.StatusCompleted)
}
