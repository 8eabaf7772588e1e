package amqpbroker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// idle is how long Browse waits for a message that was ready and does not come: another one may have got it.
const idle = 500 * time.Millisecond

// Browse implements broker.Browser with a short-lived consumer on a channel of its own: when that is closed, the broker
// takes back what is on loan. (basic.get would cost a round trip through the queue's log for each message.)
func (b *Broker) Browse(ctx context.Context, queue string, limit int, look func(broker.Delivery)) (int, error) {
	doing := "browsing " + queue
	if queue == "" || len(queue) > maxShortString {
		return 0, fmt.Errorf("%s: a queue's name has 1 to %d bytes", doing, maxShortString)
	}
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("%s: %w", doing, err)
	}
	opened := make(chan *browsing, 1)
	var decided atomic.Bool // by whoever comes first, the opening or the end of waiting for it; the other cleans up
	if err := b.ask(ctx, doing, func(s *session) error {
		l, err := openBrowsing(s, queue, limit)
		if err != nil {
			return err
		}
		opened <- l
		if !decided.CompareAndSwap(false, true) {
			l.end(b)
		}
		return nil
	}); err != nil {
		if !decided.CompareAndSwap(false, true) {
			(<-opened).end(b)
		}
		return 0, err
	}
	l := <-opened
	seen, err := l.run(ctx, look)
	if err != nil {
		l.end(b)
		return seen, fmt.Errorf("%s: %w", doing, err)
	}
	l.over()
	// The broker answers when it has read all acks.
	if err := b.ask(ctx, doing, func(*session) error { return l.close() }); err != nil {
		l.end(b)
		return seen, err
	}
	return seen, nil
}

// openBrowsing lends what is ready, up to limit.
func openBrowsing(s *session, queue string, limit int) (*browsing, error) {
	channel, err := s.conn.Channel()
	if err != nil {
		return nil, err
	}
	l := &browsing{channel: channel, queue: queue, lent: make(map[uint64]struct{})}
	q, err := channel.QueueDeclarePassive(queue, durable, lasting, shared, awaitReply, nil)
	var refusal *amqp.Error
	switch {
	case errors.As(err, &refusal) && refusal.Code == amqp.NotFound:
		return nil, broker.ErrUnroutable
	case err != nil:
		return nil, err
	}
	if l.wanted = min(q.Messages, limit); l.wanted < 1 {
		return l, nil
	}
	if err := channel.Qos(min(l.wanted, math.MaxUint16), anyPrefetchSize, eachConsumer); err != nil {
		return nil, err
	}
	l.deliveries, err = channel.Consume(queue, consumerTag, manualAck, shared, anyOrigin, awaitReply, nil)
	return l, err
}

// browsing is the loans of one Browse.
type browsing struct {
	channel    *amqp.Channel
	queue      string
	wanted     int                  // how many messages were ready, up to the limit
	deliveries <-chan amqp.Delivery // nil where there were none

	mu    sync.Mutex
	ended bool
	lent  map[uint64]struct{}
}

// run has each message looked at.
func (l *browsing) run(ctx context.Context, look func(broker.Delivery)) (int, error) {
	patience := time.NewTimer(idle)
	defer patience.Stop()
	for seen := range l.wanted {
		select {
		case d, ok := <-l.deliveries:
			if !ok {
				return seen, fmt.Errorf("%w: its channel was closed", broker.ErrUnavailable)
			}
			l.lend(d.DeliveryTag)
			redelivery := broker.FirstDelivery
			if d.Redelivered {
				redelivery = broker.Redelivered
			}
			look(broker.NewDelivery(decode(&d), l.queue, redelivery, l, d.DeliveryTag))
			patience.Reset(idle)
		case <-patience.C:
			return seen, nil
		case <-ctx.Done():
			return seen, ctx.Err()
		}
	}
	return l.wanted, nil
}

// close closes the channel. What was delivered and not looked at goes back with the rest.
func (l *browsing) close() error {
	if l.deliveries != nil {
		go func() {
			for range l.deliveries { //nolint:revive // the library hands each over until the channel is closed
			}
		}()
	}
	return l.channel.Close()
}

func (l *browsing) lend(tag uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lent[tag] = struct{}{}
}

// over lets nothing be settled any more.
func (l *browsing) over() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}

// end is over, and closes the channel without waiting: it may be gone, or the broker silent.
func (l *browsing) end(b *Broker) {
	l.over()
	_ = b.spawn(func() { _ = l.close() })
}

// Settle implements broker.Settler.
func (l *browsing) Settle(tag uint64, o broker.Outcome) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, lent := l.lent[tag]
	switch {
	case o < broker.Acked || o > broker.DeadLettered:
		return fmt.Errorf("settling a delivery: there is no outcome %d", o)
	case !lent:
		return broker.ErrSettled
	case l.ended || l.channel.IsClosed():
		return broker.ErrStaleDelivery
	}
	delete(l.lent, tag)
	var err error
	switch o {
	case broker.Acked:
		err = l.channel.Ack(tag, one)
	case broker.Requeued: // with all the others, so that it is not seen twice
	case broker.DeadLettered:
		err = l.channel.Nack(tag, one, deadLetter)
	}
	if err != nil {
		return fmt.Errorf("%w (%w)", broker.ErrStaleDelivery, err)
	}
	return nil
}
