package brokertest

import (
	"context"
	"errors"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

func testClose(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, "one", "two")
	c := k.standing(b, queue, 1)
	d := c.want("one")[0]
	waiting := k.consume(b, k.name(), 1)
	for range 2 {
		if err := b.Close(k.ctx); err != nil {
			k.Fatalf("Close: %v", err)
		}
	}
	for _, c := range []*consumer{c, waiting} {
		if err := c.end(); !errors.Is(err, broker.ErrClosed) {
			k.Errorf("Consume returned %v, want ErrClosed", err)
		}
	}
	if reason := c.down(); !errors.Is(reason, broker.ErrClosed) {
		k.Errorf("Down(%v), want ErrClosed", reason)
	}
	if err := d.Ack(); !errors.Is(err, broker.ErrStaleDelivery) {
		k.Errorf("Ack after Close: %v, want ErrStaleDelivery", err)
	}
	_, depthErr := b.Depth(k.ctx, queue)
	for call, err := range map[string]error{
		"Publish":    b.Publish(k.ctx, queue, text("x")),
		"PublishAll": b.PublishAll(k.ctx, queue, []broker.Message{text("x")})[0],
		"Consume":    b.Consume(k.ctx, broker.Subscription{Queue: queue, Prefetch: 1, Handle: func(broker.Delivery) {}}),
		"Declare":    b.Declare(k.ctx, topology.Topology{}),
		"Depth":      depthErr,
		"Ping":       b.Ping(k.ctx),
	} {
		if !errors.Is(err, broker.ErrClosed) {
			k.Errorf("%s after Close: %v, want ErrClosed", call, err)
		}
	}
	if b.Health().Connected {
		k.Error("a closed client says that it is connected")
	}
	k.awaitReady(k.connect(), queue, 2)
}

// testCloseSendsAcks: acks that were given before Close are sent. They are few, because a broker may forget those that
// it queues for want of speed when their connection ends.
func testCloseSendsAcks(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, bodies(10)...)
	c := k.consume(b, queue, 10)
	k.ack(c.want(bodies(10)...)...)
	if err := b.Close(k.ctx); err != nil {
		k.Fatalf("Close: %v", err)
	}
	other := k.connect()
	k.publish(other, queue, "last")
	k.ack(k.consume(other, queue, 1).want("last")...)
}

// testCloseFrozen: Close frees the publishers that wait, and does not outlive its context, whatever the server does.
func testCloseFrozen(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	c := k.standing(b, queue, 1)
	thaw := k.features.Freeze(k.T, b)
	defer thaw()
	const publishers = 32
	large := broker.Message{Body: make([]byte, 1<<20)}
	entering := make(chan struct{}, publishers)
	results := make(chan error, publishers)
	for range publishers {
		go func() {
			entering <- struct{}{}
			results <- b.Publish(k.ctx, queue, large)
		}()
	}
	for range publishers {
		<-entering
	}
	ctx, cancel := context.WithTimeout(k.ctx, 2*time.Second)
	defer cancel()
	closed := make(chan struct{})
	go func() { defer close(closed); _ = b.Close(ctx) }()
	for range publishers {
		select {
		case err := <-results:
			if !errors.Is(err, broker.ErrClosed) {
				k.Errorf("Publish during Close: %v, want ErrClosed", err)
			}
		case <-k.ctx.Done():
			k.Fatal("a publish outlives Close")
		}
	}
	select {
	case <-closed:
	case <-k.ctx.Done():
		k.Fatal("Close outlives its context")
	}
	if err := c.end(); !errors.Is(err, broker.ErrClosed) {
		k.Errorf("Consume returned %v, want ErrClosed", err)
	}
}
