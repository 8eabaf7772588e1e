package faults

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/amqpbroker"
)

const (
	// hand is how many messages are taken before they go back in the opposite order; gather is how long a hand waits to
	// get full.
	hand   = 8
	gather = 300 * time.Millisecond
)

// late is when further copies of a message come: when what it was about has ended, and is perhaps done again.
func late() []time.Duration { return []time.Duration{2 * time.Second, 12 * time.Second} }

// copier takes messages from a queue beside its consumers, and publishes each twice, a hand of them in the opposite
// order, and again later. What it took is acked only once the copies are confirmed: it loses nothing.
type copier struct {
	client *amqpbroker.Broker
	queue  string
	copies sync.WaitGroup
}

// copyFrom copies until ctx ends, and then what it still has.
func copyFrom(ctx context.Context, url, queue string) error {
	client, err := amqpbroker.New(amqpbroker.Config{URL: url, Name: "mission-control-copier"})
	if err != nil {
		return err
	}
	if err := client.Start(ctx); err != nil {
		return err
	}
	c := copier{client: client, queue: queue}
	taken := make(chan broker.Delivery, hand)
	var dealer sync.WaitGroup
	dealer.Go(func() { c.deal(taken) })
	_ = client.Consume(ctx, broker.Subscription{
		Queue: queue, Prefetch: hand, Handle: func(d broker.Delivery) { taken <- d },
	}) // it returns when ctx ends
	close(taken)
	dealer.Wait()
	c.copies.Wait()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := client.Close(closing); err != nil {
		return fmt.Errorf("closing the copier of %s: %w", queue, err)
	}
	return nil
}

// deal gathers hands and gives them out.
func (c *copier) deal(taken <-chan broker.Delivery) {
	for first := range taken {
		cards := []broker.Delivery{first}
		full := time.After(gather)
	more:
		for len(cards) < hand {
			select {
			case d, ok := <-taken:
				if !ok {
					break more
				}
				cards = append(cards, d)
			case <-full:
				break more
			}
		}
		for _, card := range slices.Backward(cards) {
			c.give(card)
		}
	}
}

// give publishes a message twice, and again later.
func (c *copier) give(d broker.Delivery) {
	for range 2 {
		if c.publish(d.Message) != nil {
			_ = d.Nack(broker.Requeued) // it may be there once more: that is what this is about
			return
		}
	}
	_ = d.Ack()
	for _, after := range late() {
		c.copies.Go(func() {
			<-time.After(after)
			_ = c.publish(d.Message) // a copy that nobody misses
		})
	}
}

func (c *copier) publish(m broker.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	return c.client.Publish(ctx, c.queue, m)
}
