package brokertest

import (
	"context"
	"errors"
	"sync"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// consumer is a Consume call in a goroutine of its own, and what it was told.
type consumer struct {
	k          *kit
	deliveries chan broker.Delivery
	ups        chan string
	downs      chan error
	cancel     context.CancelFunc
	result     chan error

	once sync.Once
	err  error
}

// consume starts a consumer. Its deliveries wait in a channel, unsettled.
func (k *kit) consume(b broker.Broker, queue string, prefetch int) *consumer {
	return k.consumeWith(b, queue, prefetch, func(broker.Delivery) {})
}

// consumeWith starts a consumer whose Handle calls handle after it noted the delivery.
func (k *kit) consumeWith(b broker.Broker, queue string, prefetch int, handle func(broker.Delivery)) *consumer {
	ctx, cancel := context.WithCancel(k.ctx)
	c := &consumer{
		k:          k,
		deliveries: make(chan broker.Delivery, 10_000),
		ups:        make(chan string, 1000),
		downs:      make(chan error, 1000),
		cancel:     cancel,
		result:     make(chan error, 1),
	}
	go func() {
		c.result <- b.Consume(ctx, broker.Subscription{
			Queue:    queue,
			Prefetch: prefetch,
			Handle:   func(d broker.Delivery) { c.deliveries <- d; handle(d) },
			Up:       func(queue string) { c.ups <- queue },
			Down:     func(reason error) { c.downs <- reason },
		})
	}()
	k.Cleanup(func() { c.end() })
	return c
}

// standing is consume that waits until the subscription stands.
func (k *kit) standing(b broker.Broker, queue string, prefetch int) *consumer {
	k.Helper()
	c := k.consume(b, queue, prefetch)
	c.up()
	return c
}

// up waits for the subscription to stand and returns the queue's name.
func (c *consumer) up() string {
	c.k.Helper()
	select {
	case queue := <-c.ups:
		return queue
	case <-c.k.ctx.Done():
		c.k.Fatal("the subscription does not stand")
		return ""
	}
}

// down waits for the subscription's loss.
func (c *consumer) down() error {
	c.k.Helper()
	select {
	case reason := <-c.downs:
		return reason
	case <-c.k.ctx.Done():
		c.k.Fatal("the subscription still stands")
		return nil
	}
}

// next waits for the next delivery.
func (c *consumer) next() broker.Delivery {
	c.k.Helper()
	select {
	case d := <-c.deliveries:
		return d
	case <-c.k.ctx.Done():
		c.k.Fatal("no delivery comes")
		return broker.Delivery{}
	}
}

// want takes one delivery for each body, in this order, and returns them.
func (c *consumer) want(bodies ...string) []broker.Delivery {
	c.k.Helper()
	var taken []broker.Delivery
	for _, body := range bodies {
		d := c.next()
		if string(d.Body) != body {
			c.k.Fatalf("delivered %q (redelivered: %v), want %q", d.Body, d.Redelivered, body)
		}
		taken = append(taken, d)
	}
	return taken
}

// end ends the consumer and returns what Consume returned.
func (c *consumer) end() error {
	c.once.Do(func() { c.cancel(); c.err = <-c.result })
	return c.err
}

// ended is end that insists on the context's error.
func (c *consumer) ended() {
	c.k.Helper()
	if err := c.end(); !errors.Is(err, context.Canceled) {
		c.k.Errorf("Consume returned %v, want context.Canceled", err)
	}
}

// ack acks, and insists on it.
func (k *kit) ack(deliveries ...broker.Delivery) {
	k.Helper()
	for _, d := range deliveries {
		if err := d.Ack(); err != nil {
			k.Errorf("Ack of %q: %v", d.Body, err)
		}
	}
}
