package amqpbroker_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/amqpbroker"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver/rabbittest"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

func TestNewRefuses(t *testing.T) {
	const url = "amqp://127.0.0.1:5672/"
	for name, cfg := range map[string]amqpbroker.Config{
		"no URL":          {},
		"HTTP":            {URL: "http://user:secret@localhost/"},
		"bad port":        {URL: "amqp://user:secret@localhost:port/"},
		"short heartbeat": {URL: url, Heartbeat: time.Millisecond},
		"inverse backoff": {URL: url, BackoffMin: time.Minute},
	} {
		_, err := amqpbroker.New(cfg)
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error %q has the password", name, err)
		}
	}
}

func TestNeverStarted(t *testing.T) {
	b, err := amqpbroker.New(amqpbroker.Config{URL: "amqp://127.0.0.1:1/"})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), "q", broker.Message{}); !errors.Is(err, broker.ErrUnavailable) {
		t.Errorf("Publish before Start: %v, want ErrUnavailable", err)
	}
	if err := b.Consume(t.Context(), broker.Subscription{Queue: "q", Handle: func(broker.Delivery) {}}); err == nil {
		t.Error("Consume without a Prefetch: accepted")
	}
	if err := b.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := b.Start(t.Context()); !errors.Is(err, broker.ErrClosed) {
		t.Errorf("Start after Close: %v, want ErrClosed", err)
	}
}

// TestSilentServer connects to something that accepts and never says a word.
func TestSilentServer(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	b := started(t, amqpbroker.Config{URL: "amqp://" + listener.Addr().String() + "/", ConnectTimeout: 50 * time.Millisecond})
	eventually(t, "Health says so", func() bool {
		err := b.Health().Err
		return err != nil && strings.Contains(err.Error(), "no answer in time")
	})
}

func TestWrongPassword(t *testing.T) {
	server := rabbittest.Shared(t)
	b := started(t, amqpbroker.Config{URL: "amqp://nobody:secret@" + server.Addr() + "/"})
	eventually(t, "Health says so", func() bool {
		err := b.Health().Err
		return err != nil && strings.Contains(err.Error(), "user, password or vhost is wrong")
	})
}

// TestTopologyMismatch: a commander with another idea of a queue does not connect, and says why.
func TestTopologyMismatch(t *testing.T) {
	server := rabbittest.Shared(t)
	queue := topology.Queue{Name: rabbittest.Name(t, "q"), DeliveryLimit: 5}
	first := connected(t, amqpbroker.Config{URL: server.URL(), Topology: &topology.Topology{Queues: []topology.Queue{queue}}})
	if err := first.Publish(t.Context(), queue.Name, broker.Message{}); err != nil {
		t.Errorf("Publish to a declared queue: %v", err)
	}
	queue.DeliveryLimit = 6
	second := started(t, amqpbroker.Config{URL: server.URL(), Topology: &topology.Topology{Queues: []topology.Queue{queue}}})
	eventually(t, "Health names the queue and the argument", func() bool {
		h := second.Health()
		return h.Err != nil && strings.Contains(h.Err.Error(), queue.Name) && strings.Contains(h.Err.Error(), "x-delivery-limit") && !h.Connected
	})
}

// TestNoDeliveryLimit shows why the argument depends on the server's version: before 4.0, RabbitMQ takes -1 for a limit
// and drops a message that is returned once.
func TestNoDeliveryLimit(t *testing.T) {
	server := rabbittest.Shared(t)
	conn, err := amqp.Dial(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	version, _ := conn.Properties["version"].(string)
	raw := rabbittest.Name(t, "raw")
	if _, err = channel.QueueDeclare(raw, true, false, false, false, amqp.Table{"x-queue-type": "quorum", "x-delivery-limit": -1}); err != nil {
		t.Fatal(err)
	}
	b := connected(t, amqpbroker.Config{URL: server.URL()})
	for queue, survives := range map[string]bool{raw: version >= "4", queueOf(t, b): true} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := b.Publish(ctx, queue, broker.Message{ID: "returned"}); err != nil {
			t.Fatal(err)
		}
		var got []string
		_ = b.Consume(ctx, broker.Subscription{Queue: queue, Prefetch: 1, Handle: func(d broker.Delivery) {
			got = append(got, d.ID)
			if d.ID == "returned" && !d.Redelivered {
				_ = d.Nack(broker.Requeued)
			} else if err := d.Ack(); err != nil {
				t.Error(err)
			}
			// RabbitMQ puts what is returned to the front or to the back.
			switch after := map[string]string{"returned": "next", "next": "last"}[d.ID]; {
			case d.ID == "last":
				cancel()
			case !d.Redelivered:
				if err := b.Publish(ctx, queue, broker.Message{ID: after}); err != nil {
					t.Error(err)
				}
			}
		}})
		if slices.Contains(got[1:], "returned") != survives {
			t.Errorf("RabbitMQ %s, queue %s: delivered %q; should the first have come again: %v", version, queue, got, survives)
		}
		cancel()
	}
}

// TestHooks: each loss is told, and they alternate.
func TestHooks(t *testing.T) {
	server := rabbittest.Shared(t)
	p, url := newProxy(t, server.URL())
	events := make(chan string, 100)
	b := start(t, amqpbroker.Config{
		URL:            url,
		OnConnected:    func() { events <- "connected" },
		OnDisconnected: func(err error) { events <- "disconnected" },
	})
	want := func(event string) {
		t.Helper()
		select {
		case got := <-events:
			if got != event {
				t.Fatalf("told %s, want %s", got, event)
			}
		case <-time.After(patience):
			t.Fatalf("told nothing, want %s", event)
		}
	}
	want("connected")
	for range 3 {
		p.cut()
		want("disconnected")
		// The other connection may have been cut a moment later, and that is told too.
		for event := range events {
			if event == "connected" && b.Health().Connected && len(events) == 0 {
				break
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
	want("disconnected")
}
