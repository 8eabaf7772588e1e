package brokertest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

func testPrefetch(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, bodies(10)...)
	c := k.consume(b, queue, 3)
	first := c.want(bodies(3)...)
	k.awaitReady(b, queue, 7)
	k.ack(first[1])
	c.want(bodies(4)[3])
	k.awaitReady(b, queue, 6)
	if n := len(c.deliveries); n > 0 {
		k.Errorf("%d deliveries over the prefetch", n)
	}
}

func testCompeting(k *kit) {
	one, two := k.connect(), k.connect()
	queue := k.queue(one)
	a, b := k.standing(one, queue, 1), k.standing(two, queue, 1)
	k.publish(one, queue, "x", "y")
	// Each may have one, so neither gets both.
	got := []string{string(a.next().Body), string(b.next().Body)}
	slices.Sort(got)
	if got[0] != "x" || got[1] != "y" {
		k.Errorf("delivered %q, want x to one and y to the other", got)
	}
}

func testOneHandleAtATime(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, bodies(50)...)
	var running, most atomic.Int32
	c := k.consumeWith(b, queue, 50, func(d broker.Delivery) {
		most.Store(max(most.Load(), running.Add(1)))
		k.ack(d)
		running.Add(-1)
	})
	c.want(bodies(50)...)
	if most.Load() != 1 {
		k.Errorf("%d Handle calls ran at once", most.Load())
	}
}

// testConsumeEnds: Consume waits for the Handle call that runs, and gives back what Handle never saw.
func testConsumeEnds(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, bodies(5)...)
	entered, leave := make(chan struct{}), make(chan struct{})
	var handled atomic.Int32
	c := k.consumeWith(b, queue, 5, func(broker.Delivery) {
		if handled.Add(1) == 1 {
			close(entered)
		}
		<-leave
	})
	c.up()
	<-entered
	c.cancel()
	// The broker is told although Handle still runs.
	k.awaitReady(b, queue, 4)
	select {
	case err := <-c.result:
		k.Fatalf("Consume returned %v while Handle ran", err)
	default:
	}
	close(leave)
	c.ended()
	if n := handled.Load(); n != 1 {
		k.Errorf("Handle was called %d times, want 1: its context had ended", n)
	}
	if reason := c.down(); !errors.Is(reason, context.Canceled) {
		k.Errorf("Down(%v), want context.Canceled", reason)
	}
	k.ack(c.want(bodies(5)[0])...)
	// Given back and not lost, in order or not.
	again := k.consume(b, queue, 10)
	var got []string
	for range 4 {
		d := again.next()
		got = append(got, string(d.Body))
		k.ack(d)
	}
	slices.Sort(got)
	if !slices.Equal(got, bodies(5)[1:]) {
		k.Errorf("given back: %q, want %q", got, bodies(5)[1:])
	}
	k.awaitReady(b, queue, 0)
}

func testConsumeEndedContext(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	ctx, cancel := context.WithCancel(k.ctx)
	cancel()
	err := b.Consume(ctx, broker.Subscription{Queue: queue, Prefetch: 1, Handle: func(d broker.Delivery) { k.ack(d) }})
	if !errors.Is(err, context.Canceled) {
		k.Errorf("Consume with an ended context: %v, want context.Canceled", err)
	}
}

// testSettleAfterwards settles what was handled after Consume returned.
func testSettleAfterwards(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, bodies(3)...)
	c := k.consume(b, queue, 3)
	got := c.want(bodies(3)...)
	c.ended()
	k.ack(got[2])
	if err := got[0].Nack(broker.Requeued); err != nil {
		k.Errorf("Nack: %v", err)
	}
	k.ack(k.consume(b, queue, 3).want(bodies(3)[0])...)
	k.ack(got[1])
	if err := b.Close(k.ctx); err != nil {
		k.Fatalf("Close: %v", err)
	}
	other := k.connect()
	k.publish(other, queue, "last")
	k.ack(k.consume(other, queue, 3).want("last")...)
}

// testMissingQueue: a queue that does not exist yet keeps its subscription waiting, and nobody else.
func testMissingQueue(k *kit) {
	b := k.connect()
	queue, missing := k.queue(b), k.name()
	late := k.consume(b, missing, 1)
	c := k.standing(b, queue, 1)
	k.eventually("Health lists the subscription that is missing its queue", func() bool {
		return slices.Equal(b.Health().Unsubscribed, []string{missing})
	})
	if !b.Health().Connected {
		k.Error("a missing queue counts as a lost connection")
	}
	k.publish(b, queue, "one")
	k.ack(c.want("one")...)
	k.declare(b, plain(missing))
	if got := late.up(); got != missing {
		k.Errorf("Up(%q), want %q", got, missing)
	}
	k.eventually("Health lists nothing", func() bool { return len(b.Health().Unsubscribed) == 0 })
	k.publish(b, missing, "two")
	k.ack(late.want("two")...)
	late.ended()
	c.ended()
	if missing := b.Health().Unsubscribed; len(missing) > 0 {
		k.Errorf("Health lists %q, whose Consume returned", missing)
	}
}

func testUpAndDown(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	c := k.consume(b, queue, 1)
	for range 3 {
		if got := c.up(); got != queue {
			k.Errorf("Up(%q), want %q", got, queue)
		}
		if len(c.downs) > 0 {
			k.Errorf("Down(%v) while the subscription stands", <-c.downs)
		}
		k.features.Disconnect(k.T, b)
		if c.down() == nil {
			k.Error("Down without a reason")
		}
	}
	c.up()
	c.ended()
	if reason := c.down(); !errors.Is(reason, context.Canceled) {
		k.Errorf("the last Down(%v), want context.Canceled", reason)
	}
	if len(c.ups)+len(c.downs) > 0 {
		k.Errorf("%d more Ups and %d more Downs", len(c.ups), len(c.downs))
	}
}
