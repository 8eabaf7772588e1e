package brokertest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
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

// testExpirationDeadLetters: what expired is not lost where there is a dead-letter queue, and stays there.
func testExpirationDeadLetters(k *kit) {
	b := k.connect()
	queue, dead := k.name(), k.name()
	k.declare(b, plain(dead), topology.Queue{Name: queue, DeliveryLimit: topology.NoDeliveryLimit, DeadLetterTo: dead})
	m := broker.Message{
		ID: "id", Type: "type", Body: []byte("body"), Headers: map[string]string{"a": "b"}, Expiration: 20 * time.Millisecond,
	}
	if err := b.Publish(k.ctx, queue, m); err != nil {
		k.Fatalf("Publish: %v", err)
	}
	d := k.consume(b, dead, 1).next()
	if d.ID != m.ID || d.Type != m.Type || string(d.Body) != string(m.Body) || d.Headers["a"] != "b" || d.Expiration != 0 {
		k.Errorf("dead-lettered as %+v, want %+v without its expiration", d.Message, m)
	}
	k.ack(d)
	k.awaitReady(b, queue, 0)
}

// testExpirationOnLoan: a message's time runs while it is on loan. It is the consumer's nevertheless, until it gives it
// back.
func testExpirationOnLoan(k *kit) {
	b := k.connect()
	queue, hourglass := k.queue(b), k.queue(b)
	c := k.standing(b, queue, 2)
	fleeting := func(queue, body string) {
		k.Helper()
		m := text(body)
		m.Expiration = 500 * time.Millisecond
		if err := b.Publish(k.ctx, queue, m); err != nil {
			k.Fatalf("Publish: %v", err)
		}
	}
	fleeting(queue, "one")
	fleeting(queue, "two")
	got := c.want("one", "two")
	// A message of the same life that came later: once it is gone, the time of the others is over.
	fleeting(hourglass, "sand")
	k.awaitReady(b, hourglass, 0)
	k.ack(got[0])
	if err := got[1].Nack(broker.Requeued); err != nil {
		k.Errorf("Nack: %v", err)
	}
	k.publish(b, queue, "three")
	k.ack(c.want("three")...)
}

// testRejectsWhenFull: a full queue that must not drop its messages refuses more, and says so. A broker may take a few too
// many before it does.
func testRejectsWhenFull(k *kit) {
	b := k.connect()
	queue, dead := k.name(), k.name()
	k.declare(b, plain(dead), topology.Queue{
		Name: queue, DeliveryLimit: topology.NoDeliveryLimit, DeadLetterTo: dead, MaxLength: 3,
	})
	taken := 0
	var err error
	for err == nil && taken < 1000 {
		if err = b.Publish(k.ctx, queue, text("one")); err == nil {
			taken++
		}
	}
	if !errors.Is(err, broker.ErrRejected) || taken < 3 {
		k.Fatalf("after %d messages in a queue for 3: %v, want ErrRejected", taken, err)
	}
	c := k.consumeWith(b, queue, 1, func(d broker.Delivery) { k.ack(d) })
	for range taken {
		c.next()
	}
	k.eventually("the queue takes messages again", func() bool {
		err := b.Publish(k.ctx, queue, text("two"))
		if err != nil && !errors.Is(err, broker.ErrRejected) {
			k.Fatalf("Publish: %v", err)
		}
		return err == nil
	})
	// What was refused is nowhere.
	for {
		if d := c.next(); string(d.Body) == "two" {
			break
		}
		k.Error("a refused message was delivered")
	}
	k.awaitReady(b, dead, 0)
}

func testMaxLength(k *kit) {
	b := k.connect()
	queue := k.name()
	k.declare(b, topology.Queue{Name: queue, DeliveryLimit: topology.NoDeliveryLimit, MaxLength: 3})
	k.publish(b, queue, bodies(5)...)
	k.awaitReady(b, queue, 3)
	k.ack(k.consume(b, queue, 5).want(bodies(5)[2:]...)...)
}

// testMaxBytes: a queue that is bounded in bytes refuses more, and nothing goes from it.
func testMaxBytes(k *kit) {
	b := k.connect()
	queue := k.name()
	k.declare(b, topology.Queue{Name: queue, DeliveryLimit: topology.NoDeliveryLimit, MaxBytes: 30})
	taken := 0
	var err error
	for err == nil && taken < 1000 {
		if err = b.Publish(k.ctx, queue, text("ten bytes.")); err == nil {
			taken++
		}
	}
	if !errors.Is(err, broker.ErrRejected) || taken < 3 {
		k.Fatalf("after %d messages of 10 bytes in a queue for 30: %v, want ErrRejected", taken, err)
	}
	k.awaitReady(b, queue, taken)
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

// testDelete: a deleted queue is gone with what was in it. Its consumers wait until there is one of that name again.
func testDelete(k *kit) {
	b, other := k.connect(), k.connect()
	queue, consumed := k.queue(b), k.queue(b)
	c := k.standing(b, consumed, 1)
	for _, name := range []string{queue, consumed, k.name()} {
		if name == queue {
			k.publish(b, name, bodies(3)...)
		}
		if err := other.Delete(k.ctx, name); err != nil {
			k.Errorf("Delete: %v", err)
		}
		if _, err := b.Depth(k.ctx, name); !errors.Is(err, broker.ErrUnroutable) {
			k.Errorf("Depth of a deleted queue: %v, want ErrUnroutable", err)
		}
		if err := b.Publish(k.ctx, name, text("lost")); !errors.Is(err, broker.ErrUnroutable) {
			k.Errorf("Publish to a deleted queue: %v, want ErrUnroutable", err)
		}
	}
	c.down()
	k.declare(b, plain(queue), plain(consumed))
	if d, err := b.Depth(k.ctx, queue); err != nil || d.Ready != 0 {
		k.Errorf("the new queue has %+v, %v", d, err)
	}
	c.up()
	k.publish(b, consumed, "one")
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

// testDepthOfMany: questions that are refused spoil no other, whether they follow each other or come together.
func testDepthOfMany(k *kit) {
	b := k.connect()
	queue, missing := k.queue(b), k.name()
	k.publish(b, queue, "one")
	k.awaitReady(b, queue, 1)
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			for range 20 {
				if d, err := b.Depth(k.ctx, queue); err != nil || d.Ready != 1 {
					k.Errorf("Depth: %+v, %v, want one message", d, err)
				}
				if _, err := b.Depth(k.ctx, missing); !errors.Is(err, broker.ErrUnroutable) {
					k.Errorf("Depth of a queue that does not exist: %v, want ErrUnroutable", err)
				}
			}
		})
	}
	asking.Wait()
}

func testPing(k *kit) {
	b := k.connect()
	if err := b.Ping(k.ctx); err != nil {
		k.Errorf("Ping: %v", err)
	}
}
