package brokertest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

func testAck(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, "one", "two")
	c := k.consume(b, queue, 2)
	got := c.want("one", "two")
	k.ack(got[0])
	// Nobody answers an ack, but the prefetch has room for this only once the broker has it.
	k.publish(b, queue, "three")
	c.want("three")
	// Once the client is gone, what is not acked comes back, and only that.
	if err := b.Close(k.ctx); err != nil {
		k.Fatalf("Close: %v", err)
	}
	other := k.connect()
	again := k.consume(other, queue, 10)
	seen := map[string]bool{}
	for range 2 {
		d := again.next()
		seen[string(d.Body)] = true
		if !d.Redelivered {
			k.Errorf("the unacked message %q comes again without the flag", d.Body)
		}
	}
	if !seen["two"] || !seen["three"] {
		k.Errorf("%v came again, want two and three", seen)
	}
	k.awaitReady(other, queue, 0)
}

func testRequeue(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, "one")
	c := k.consume(b, queue, 1)
	first := c.want("one")[0]
	if first.Redelivered {
		k.Error("the first delivery is marked Redelivered")
	}
	if err := first.Nack(broker.Requeued); err != nil {
		k.Fatalf("Nack: %v", err)
	}
	second := c.want("one")[0]
	if !second.Redelivered {
		k.Error("the second delivery is not marked Redelivered")
	}
	k.ack(second)
}

func testDeadLetter(k *kit) {
	b := k.connect()
	queue, dead := k.name(), k.name()
	k.declare(b, plain(dead), topology.Queue{Name: queue, DeliveryLimit: topology.NoDeliveryLimit, DeadLetterTo: dead})
	m := broker.Message{ID: "id", Type: "type", Body: []byte("body"), Headers: map[string]string{"a": "b"}}
	if err := b.Publish(k.ctx, queue, m); err != nil {
		k.Fatalf("Publish: %v", err)
	}
	if err := k.consume(b, queue, 1).next().Nack(broker.DeadLettered); err != nil {
		k.Fatalf("Nack: %v", err)
	}
	d := k.consume(b, dead, 1).next()
	if d.ID != m.ID || d.Type != m.Type || string(d.Body) != string(m.Body) || d.Headers["a"] != "b" || d.Queue != dead {
		k.Errorf("dead-lettered as %+v, want %+v", d.Message, m)
	}
	k.ack(d)
}

func testDeadLetterDrops(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, "one", "two")
	c := k.consume(b, queue, 1)
	if err := c.want("one")[0].Nack(broker.DeadLettered); err != nil {
		k.Fatalf("Nack: %v", err)
	}
	k.ack(c.want("two")...)
	c.ended()
	k.awaitReady(b, queue, 0)
}

func testSettleTwice(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, "one", "two")
	c := k.consume(b, queue, 1)
	d := c.want("one")[0]
	k.ack(d)
	if err := d.Ack(); !errors.Is(err, broker.ErrSettled) {
		k.Errorf("the second Ack: %v, want ErrSettled", err)
	}
	if err := d.Nack(broker.Requeued); !errors.Is(err, broker.ErrSettled) {
		k.Errorf("Nack after Ack: %v, want ErrSettled", err)
	}
	// The subscription survives it.
	k.ack(c.want("two")...)
	if len(c.downs) > 0 {
		k.Errorf("the subscription went down: %v", <-c.downs)
	}
}

// testSettleInAnyOrder: an ack settles its own delivery and no other, whatever the order and however many go at once.
func testSettleInAnyOrder(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	all := bodies(60)
	k.publish(b, queue, all...)
	c := k.consume(b, queue, len(all))
	got := c.want(all...)
	kept := make(map[string]bool)
	var settling sync.WaitGroup
	for i, d := range got {
		if i%7 == 3 {
			kept[all[i]] = true
			continue
		}
		settling.Go(func() { k.ack(d) })
	}
	settling.Wait()
	// The prefetch has room for these only once the broker has the acks.
	more := make([]string, len(all)-len(kept))
	for i := range more {
		more[i] = fmt.Sprintf("more-%d", i)
		kept[more[i]] = true
	}
	k.publish(b, queue, more...)
	c.want(more...)
	if err := b.Close(k.ctx); err != nil {
		k.Fatalf("Close: %v", err)
	}
	other := k.connect()
	k.awaitReady(other, queue, len(kept))
	again := k.consume(other, queue, len(all))
	for range len(kept) {
		d := again.next()
		if !kept[string(d.Body)] {
			k.Errorf("%q was acked and came again, or came twice", d.Body)
		}
		delete(kept, string(d.Body))
		k.ack(d)
	}
}

// testStale has a delivery of a lost connection settled on the new one, where its message is on loan again, with the
// same tag in protocols that have tags.
func testStale(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, "one")
	c := k.standing(b, queue, 1)
	stale := c.want("one")
	for range 2 {
		k.features.Disconnect(k.T, b)
		c.down()
		c.up()
		again := c.want("one")[0]
		if !again.Redelivered {
			k.Error("what was on loan when the connection broke comes again without the flag")
		}
		for _, d := range stale {
			if err := d.Ack(); !errors.Is(err, broker.ErrStaleDelivery) {
				k.Errorf("Ack of a stale delivery: %v, want ErrStaleDelivery", err)
			}
			if err := d.Nack(broker.DeadLettered); !errors.Is(err, broker.ErrStaleDelivery) {
				k.Errorf("Nack of a stale delivery: %v, want ErrStaleDelivery", err)
			}
		}
		stale = append(stale, again)
	}
	// It still came in the second round, so the stale acks of the first did not reach it.
	k.ack(stale[len(stale)-1])
	k.publishAgain(b, queue, "two")
	k.ack(c.want("two")...)
}
