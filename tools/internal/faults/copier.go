package faults

import (
	"context"
	"fmt"
	"maps"
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
	gather = 100 * time.Millisecond
	// copied marks copies: one that is taken again is passed on, not multiplied.
	copied = "drill-copy"
)

// late is when further copies of a message come: when what it was about has ended, and is perhaps done again.
func late() []time.Duration { return []time.Duration{2 * time.Second, 12 * time.Second} }

// copier takes messages from a queue beside its consumers, and publishes each twice, a hand of them in the opposite
// order, and again later. What it took is acked only once the copies are confirmed: it loses nothing.
type copier struct {
	client *amqpbroker.Broker
	queue  string
	copies sync.WaitGroup
	taken  int // messages that were copied; the dealer's own
}

// copyFrom copies until ctx ends, and then what it still has. It returns how many messages it copied.
func copyFrom(ctx context.Context, url, queue string) (int, error) {
	client, err := amqpbroker.New(amqpbroker.Config{URL: url, Name: "mission-control-copier"})
	if err != nil {
		return 0, err
	}
	if err := client.Start(ctx); err != nil {
		return 0, err
	}
	c := copier{client: client, queue: queue}
	taken := make(chan broker.Delivery, hand)
	var dealer sync.WaitGroup
	dealer.Go(func() { c.deal(taken) })
	_ = client.Consume(ctx, broker.Subscription{
		Queue: queue, Prefetch: 4 * hand, Handle: func(d broker.Delivery) { taken <- d },
	}) // it returns when ctx ends
	close(taken)
	dealer.Wait()
	c.copies.Wait()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := client.Close(closing); err != nil {
		return c.taken, fmt.Errorf("closing the copier of %s: %w", queue, err)
	}
	return c.taken, nil
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

// give publishes a message twice, and again later; a copy just once.
func (c *copier) give(d broker.Delivery) {
	m, times := d.Message, 2
	if m.Headers[copied] != "" {
		times = 1
	}
	m.Headers = maps.Clone(m.Headers)
	if m.Headers == nil {
		m.Headers = map[string]string{}
	}
	m.Headers[copied] = "1"
	for range times {
		if c.publish(m) != nil {
			_ = d.Nack(broker.Requeued) // it may be there once more: that is what this is about
			return
		}
	}
	_ = d.Ack()
	if times == 1 {
		return
	}
	c.taken++
	for _, after := range late() {
		c.copies.Go(func() {
			<-time.After(after)
			_ = c.publish(m) // a copy that nobody misses
		})
	}
}

func (c *copier) publish(m broker.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	return c.client.Publish(ctx, c.queue, m)
}
