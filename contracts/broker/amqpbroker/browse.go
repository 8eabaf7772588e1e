package amqpbroker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

const (
	// idle is how long Browse waits for a message that was ready and does not come: another one may have got it.
	idle = 500 * time.Millisecond
	// aheadBytes is what the messages of a step may come to, if they are no larger than those before.
	aheadBytes = 16 << 20
)

// Browse implements broker.Browser with short-lived consumers on a channel of its own: when that is closed, the broker takes
// back what is on loan. The library keeps in memory whatever the broker sends, and the broker sends as many messages as the
// prefetch allows, however large they are. So each step has a consumer of its own, with a small prefetch. (basic.get would
// cost a round trip through the queue's log for each message.) An ack makes room for another message: acks are kept until the
// step's consumer is cancelled, else it would get messages that nobody looks at.
func (b *Broker) Browse(ctx context.Context, queue string, limit broker.BrowseLimit, look func(broker.Delivery)) (int, error) {
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
		l, err := openBrowsing(s, queue, limit.Messages)
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
	next := func(messages int) error {
		return b.ask(ctx, doing, func(*session) error { return l.step(messages) })
	}
	seen, err := l.run(ctx, limit, next, look)
	if err != nil {
		l.end(b)
		return seen, err
	}
	l.over()
	// The broker answers when it has read all acks.
	if err := b.ask(ctx, doing, func(*session) error { return cmp.Or(l.endStep(), l.close()) }); err != nil {
		l.end(b)
		return seen, err
	}
	return seen, nil
}

// openBrowsing asks how much is ready.
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
	l.wanted = min(q.Messages, limit)
	return l, nil
}

// browsing is the loans of one Browse.
type browsing struct {
	channel *amqp.Channel
	queue   string
	wanted  int // how many messages were ready, up to the limit
	steps   int // so far

	mu         sync.Mutex
	ended      bool
	lent       map[uint64]struct{}
	verdicts   []verdict            // of this step, in their order; not sent yet
	deliveries <-chan amqp.Delivery // of the last step; nil before the first one
}

// verdict is what became of a message, where it does not go back.
type verdict struct {
	tag     uint64
	outcome broker.Outcome
}

// step lends some more messages. All of the step before were looked at.
func (l *browsing) step(messages int) error {
	if err := l.endStep(); err != nil {
		return err
	}
	l.steps++
	if err := l.channel.Qos(messages, anyPrefetchSize, eachConsumer); err != nil {
		return err
	}
	deliveries, err := l.channel.Consume(l.queue, l.consumer(), manualAck, shared, anyOrigin, awaitReply, nil)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deliveries = deliveries
	if l.ended { // nobody waits for the step any more
		go drain(deliveries)
	}
	return nil
}

// endStep cancels the step's consumer, if there is one, and then sends what became of its messages.
func (l *browsing) endStep() error {
	if l.steps == 0 {
		return nil
	}
	if err := l.channel.Cancel(l.consumer(), awaitReply); err != nil {
		return err
	}
	return l.tell()
}

// tell sends what became of messages.
func (l *browsing) tell() error {
	l.mu.Lock()
	verdicts := l.verdicts
	l.verdicts = nil
	l.mu.Unlock()
	for _, v := range verdicts {
		var err error
		if v.outcome == broker.Acked {
			err = l.channel.Ack(v.tag, one)
		} else {
			err = l.channel.Nack(v.tag, one, deadLetter)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// consumer is the tag of the step's: the broker takes a tag that comes again for the same consumer, with all it has on loan.
func (l *browsing) consumer() string { return consumerTag + "-" + strconv.Itoa(l.steps) }

// current is where the messages of the last step come.
func (l *browsing) current() <-chan amqp.Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deliveries
}

// run has each message looked at. next has some more messages lent.
func (l *browsing) run(
	ctx context.Context, limit broker.BrowseLimit, next func(messages int) error, look func(broker.Delivery),
) (int, error) {
	patience := time.NewTimer(idle)
	defer patience.Stop()
	seen, size, largest := 0, 0, 1
	step, ahead := 1, 0 // messages of this step, and those of them that were not looked at
	for seen < l.wanted && !limit.Reached(seen, size) {
		if ahead == 0 {
			step = max(1, min(2*step, broker.BrowseAhead, aheadBytes/largest, l.wanted-seen))
			if err := next(step); err != nil {
				return seen, err
			}
			ahead = step
			patience.Reset(idle)
		}
		select {
		case d, ok := <-l.current():
			if !ok {
				return seen, fmt.Errorf("browsing %s: %w: its channel was closed", l.queue, broker.ErrUnavailable)
			}
			l.lend(d.DeliveryTag)
			redelivery := broker.FirstDelivery
			if d.Redelivered {
				redelivery = broker.Redelivered
			}
			look(broker.NewDelivery(decode(&d), l.queue, redelivery, l, d.DeliveryTag))
			seen, size, ahead, largest = seen+1, size+len(d.Body), ahead-1, max(largest, len(d.Body))
			patience.Reset(idle)
		case <-patience.C:
			return seen, nil
		case <-ctx.Done():
			return seen, fmt.Errorf("browsing %s: %w", l.queue, ctx.Err())
		}
	}
	return seen, nil
}

// close sends what is left to send and closes the channel. What was delivered and not looked at goes back with the rest.
func (l *browsing) close() error {
	if deliveries := l.current(); deliveries != nil {
		go drain(deliveries)
	}
	err := l.tell()
	return errors.Join(err, l.channel.Close())
}

// drain drops what still comes: the library hands each over until the channel is closed.
func drain(deliveries <-chan amqp.Delivery) {
	for range deliveries { //nolint:revive // see above
	}
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

// Settle implements broker.Settler. The broker hears of it at the end of the step.
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
	if o != broker.Requeued { // that one goes back with all the others, so that it is not seen twice
		l.verdicts = append(l.verdicts, verdict{tag: tag, outcome: o})
	}
	return nil
}
