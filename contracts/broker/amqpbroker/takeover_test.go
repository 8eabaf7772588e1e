package amqpbroker_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/amqpbroker"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver/rabbittest"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// declareRaw declares a queue as somebody else did, and returns RabbitMQ's version.
func declareRaw(t *testing.T, server *rabbitserver.Server, queue string, args amqp.Table) string {
	t.Helper()
	conn, err := amqp.Dial(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	args["x-queue-type"] = "quorum"
	if _, err = channel.QueueDeclare(queue, true, false, false, false, args); err != nil {
		t.Fatal(err)
	}
	version, _ := conn.Properties["version"].(string)
	return version
}

// TestAQueueThatRabbitMQ3Made and 4 took over is used, and what is to be done about it is said, and helps.
func TestAQueueThatRabbitMQ3Made(t *testing.T) {
	server := rabbittest.Shared(t)
	q := topology.Queue{Name: rabbittest.Name(t, "q"), DeliveryLimit: topology.NoDeliveryLimit, MaxLength: 100}
	later := topology.Queue{Name: rabbittest.Name(t, "later"), DeliveryLimit: topology.NoDeliveryLimit}
	version := declareRaw(t, server, q.Name, amqp.Table{"x-max-length": 100, "x-overflow": "drop-head"})
	all := topology.Topology{Queues: []topology.Queue{q, later}}
	b := connected(t, amqpbroker.Config{URL: server.URL(), Topology: &all})
	if _, err := b.Depth(t.Context(), later.Name); err != nil {
		t.Errorf("the queue after it: %v", err)
	}
	warning := b.Health().Warning
	if version < "4" {
		if warning != "" {
			t.Errorf("RabbitMQ %s is warned of %q", version, warning)
		}
		return
	}
	if got := returnedOften(t, b, q.Name); got != "other" {
		t.Errorf("without the policy %q came: is it still needed?", got)
	}
	_, command, _ := strings.Cut(warning, "rabbitmqctl ")
	command, _, found := strings.Cut(command, " prevents that")
	if !found || !strings.Contains(warning, q.Name) || strings.Contains(warning, later.Name) {
		t.Fatalf("warning %q", warning)
	}
	words, err := exec.CommandContext(t.Context(), "sh", "-c", `printf '%s\n' `+command).Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Ctl(t.Context(), strings.Split(strings.TrimSpace(string(words)), "\n")...); err != nil {
		t.Fatal(err)
	}
	if got := returnedOften(t, b, q.Name); got != "returned" {
		t.Errorf("with the policy %q came", got)
	}
	// Made anew it says so itself, and then nothing is to be done.
	if err := b.Delete(t.Context(), q.Name); err != nil {
		t.Fatal(err)
	}
	if err := b.Declare(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if warning := b.Health().Warning; warning != "" {
		t.Errorf("warning %q for a queue that was made anew", warning)
	}
}

// returnedOften returns a message more often than RabbitMQ 4 allows by itself, and tells what comes then.
func returnedOften(t *testing.T, b broker.Broker, queue string) (last string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := b.Publish(ctx, queue, broker.Message{ID: "returned"}); err != nil {
		t.Fatal(err)
	}
	returns, before := 0, ""
	_ = b.Consume(ctx, broker.Subscription{Queue: queue, Prefetch: 1, Handle: func(d broker.Delivery) {
		if d.ID == "returned" && returns < 30 || d.ID == "other" && before == "returned" { // RabbitMQ returns to the front or to the end
			if d.ID == "returned" {
				returns++
			}
			if returns == 1 && before == "" { // it comes where the first one does no more
				if err := b.Publish(ctx, queue, broker.Message{ID: "other"}); err != nil {
					t.Error(err)
				}
			}
			before = d.ID
			_ = d.Nack(broker.Requeued)
			return
		}
		last = d.ID
		_ = d.Ack()
		cancel()
	}})
	return last
}

// TestAQueueThatDiffers in anything but a limit that it lacks under RabbitMQ 4 is not taken.
func TestAQueueThatDiffers(t *testing.T) {
	server := rabbittest.Shared(t)
	b := connected(t, amqpbroker.Config{URL: server.URL()})
	unlimited := topology.Queue{DeliveryLimit: topology.NoDeliveryLimit}
	bounded := topology.Queue{DeliveryLimit: topology.NoDeliveryLimit, MaxLength: 7}
	limited := topology.Queue{DeliveryLimit: 1000}
	for name, c := range map[string]struct {
		is      amqp.Table
		want    topology.Queue
		before4 bool // refused by versions before 4
		since4  bool
		names   string
	}{
		"its limit is lacking":         {amqp.Table{}, limited, true, false, "x-delivery-limit"},
		"another limit":                {amqp.Table{"x-delivery-limit": 5}, limited, true, true, "x-delivery-limit"},
		"a limit where none should be": {amqp.Table{"x-delivery-limit": 5}, unlimited, true, true, "x-delivery-limit"},
		"it comes from RabbitMQ 4":     {amqp.Table{"x-delivery-limit": -1}, unlimited, true, false, "x-delivery-limit"},
		"its length, too":              {amqp.Table{"x-max-length": 8, "x-overflow": "drop-head"}, bounded, true, true, "x-max-length"},
	} {
		c.want.Name = rabbittest.Name(t, "q")
		version := declareRaw(t, server, c.want.Name, c.is)
		refused := c.before4
		if version >= "4" {
			refused = c.since4
		}
		err := b.Declare(t.Context(), topology.Topology{Queues: []topology.Queue{c.want}})
		switch {
		case refused != (err != nil):
			t.Errorf("RabbitMQ %s, %s: %v, should it be refused: %v", version, name, err, refused)
		case err != nil && (!strings.Contains(err.Error(), c.want.Name) || !strings.Contains(err.Error(), c.names)):
			t.Errorf("%s: %v, want queue and argument named", name, err)
		case err != nil && strings.Contains(b.Health().Warning, c.want.Name):
			t.Errorf("%s: warned of %s", name, b.Health().Warning)
		}
	}
}
