package brokertest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// testDeliveryLimit leaves open whether the limit counts deliveries or returns.
func testDeliveryLimit(k *kit) {
	b := k.connect()
	queue, dead := k.name(), k.name()
	const limit = 3
	k.declare(b, plain(dead), topology.Queue{Name: queue, DeliveryLimit: limit, DeadLetterTo: dead})
	k.publish(b, queue, "one")
	c := k.consumeWith(b, queue, 1, func(d broker.Delivery) {
		if err := d.Nack(broker.Requeued); err != nil {
			k.Errorf("Nack: %v", err)
		}
	})
	k.ack(k.consume(b, dead, 1).want("one")...)
	c.ended()
	if n := len(c.deliveries); n < limit || n > limit+1 {
		k.Errorf("dead-lettered after %d deliveries, want %d or %d", n, limit, limit+1)
	}
}

func testOrder(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	all := bodies(200)
	k.publish(b, queue, all[:100]...)
	c := k.consumeWith(b, queue, 7, func(d broker.Delivery) { k.ack(d) })
	k.publish(b, queue, all[100:]...)
	c.want(all...)
}

func testExpiration(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	m := text("short")
	m.Expiration = 20 * time.Millisecond
	if err := b.Publish(k.ctx, queue, m); err != nil {
		k.Fatalf("Publish: %v", err)
	}
	k.awaitReady(b, queue, 0)
	m = text("long")
	m.Expiration = time.Hour
	if err := b.Publish(k.ctx, queue, m); err != nil {
		k.Fatalf("Publish: %v", err)
	}
	k.ack(k.consume(b, queue, 1).want("long")...)
}

func testMaxLength(k *kit) {
	b := k.connect()
	queue := k.name()
	k.declare(b, topology.Queue{Name: queue, DeliveryLimit: topology.NoDeliveryLimit, MaxLength: 3})
	k.publish(b, queue, bodies(5)...)
	k.awaitReady(b, queue, 3)
	k.ack(k.consume(b, queue, 5).want(bodies(5)[2:]...)...)
}

func testDeclareTwice(k *kit) {
	b, other := k.connect(), k.connect()
	dead := plain(k.name())
	queue := topology.Queue{Name: k.name(), DeliveryLimit: 10, DeadLetterTo: dead.Name}
	bounded := topology.Queue{Name: k.name(), DeliveryLimit: topology.NoDeliveryLimit, MaxLength: 10}
	k.declare(b, dead, queue, bounded)
	k.publish(b, queue.Name, "one")
	k.declare(b, dead, queue, bounded)
	k.declare(other, queue, bounded, dead)
	k.ack(k.consume(other, queue.Name, 1).want("one")...)
}

func testDeclareMismatch(k *kit) {
	b := k.connect()
	queue := k.name()
	k.declare(b, topology.Queue{Name: queue, DeliveryLimit: 10})
	c := k.standing(b, queue, 1)
	err := b.Declare(k.ctx, topology.Topology{Queues: []topology.Queue{{Name: queue, DeliveryLimit: 11}}})
	if err == nil || !strings.Contains(err.Error(), queue) {
		k.Errorf("Declare with another delivery limit: %v, want an error that names the queue", err)
	}
	// The queue and its users are as before.
	k.publish(b, queue, "one")
	k.ack(c.want("one")...)
}

func testDepth(k *kit) {
	b := k.connect()
	if _, err := b.Depth(k.ctx, k.name()); !errors.Is(err, broker.ErrUnroutable) {
		k.Errorf("Depth of a queue that does not exist: %v, want ErrUnroutable", err)
	}
	queue := k.queue(b)
	depth := func(want broker.Depth) {
		k.Helper()
		k.awaitDepth(b, queue, func(d broker.Depth) bool { return d == want }, fmt.Sprintf("%+v", want))
	}
	depth(broker.Depth{})
	k.publish(b, queue, bodies(5)...)
	depth(broker.Depth{Ready: 5})
	c := k.consume(b, queue, 2)
	got := c.want(bodies(2)...)
	depth(broker.Depth{Ready: 3, Consumers: 1})
	c.ended()
	k.ack(got...) // until then, its consumer may count
	depth(broker.Depth{Ready: 3})
}

func testPing(k *kit) {
	b := k.connect()
	if err := b.Ping(k.ctx); err != nil {
		k.Errorf("Ping: %v", err)
	}
}
