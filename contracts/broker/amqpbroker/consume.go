package amqpbroker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// subscription is one Consume call.
type subscription struct {
	broker.Subscription
	stands atomic.Bool
}

func (s *subscription) name() string {
	if s.Queue == "" {
		return "inbox"
	}
	return s.Queue
}

// cancelPatience bounds how long Consume waits, once its context ended, for the broker to confirm that it sends no
// more. What comes later is given back all the same.
const cancelPatience = time.Second

// Consume implements broker.Consumer. Prefetch is at most 65535.
func (b *Broker) Consume(ctx context.Context, wanted broker.Subscription) error {
	if wanted.Handle == nil || wanted.Prefetch < 1 || wanted.Prefetch > math.MaxUint16 || len(wanted.Queue) > maxShortString {
		return fmt.Errorf("consuming %q: needs a Handle, a Prefetch from 1 to %d, and a name of at most %d bytes", wanted.Queue, math.MaxUint16, maxShortString)
	}
	if err := b.enter(); err != nil {
		return err
	}
	defer b.consumers.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(b.closing, func() { cancel(broker.ErrClosed) })
	defer stop()

	s := &subscription{Subscription: wanted}
	b.mu.Lock()
	b.subscriptions[s] = struct{}{}
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		delete(b.subscriptions, s)
		b.mu.Unlock()
	}()
	return b.staySubscribed(ctx, s)
}

// staySubscribed subscribes again and again until ctx ends, and returns its cause.
func (b *Broker) staySubscribed(ctx context.Context, s *subscription) error {
	pace := newBackoff(b.cfg.BackoffMin, b.cfg.BackoffMax)
	log := b.cfg.Logger.With(zap.String("queue", s.name()))
	lastLogged := ""
	for {
		session, err := b.consuming.await(ctx)
		if err != nil {
			return err
		}
		// A queue without a leader answers when it has one. Asking again would only leave more channels waiting.
		silent := time.AfterFunc(b.cfg.ConnectTimeout, func() {
			log.Warn("the broker does not answer the subscription, still waiting: its queue may have no leader")
		})
		l, err := b.subscribe(ctx, session, s)
		silent.Stop()
		if err == nil {
			lastLogged = ""
			since := time.Now()
			log.Info("subscribed")
			err = s.run(ctx, l)
			pace.stood(time.Since(since))
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err.Error() != lastLogged {
			lastLogged = err.Error()
			log.Warn("not subscribed, trying again", zap.Error(err))
		}
		if session.alive() {
			pace.wait(ctx, session.done)
		}
	}
}

// subscribe makes a lease: a channel of its own, the queue where it is an inbox, and the consumer.
func (b *Broker) subscribe(ctx context.Context, on *session, s *subscription) (*lease, error) {
	l, err := await(ctx, b, func() (*lease, error) {
		channel, err := on.conn.Channel()
		if err != nil {
			return nil, err
		}
		l := newLease(b, on, channel, s.Prefetch)
		deliveries, err := l.open(s)
		if err != nil {
			// The broker has closed the channel, or the connection is gone.
			_ = channel.Close()
			return nil, err
		}
		return l, l.start(deliveries)
	}, func(l *lease) { l.retire() })
	if err != nil {
		return nil, fmt.Errorf("subscribing to %s: %w", s.name(), err)
	}
	return l, nil
}

// open makes the consumer.
func (l *lease) open(s *subscription) (<-chan amqp.Delivery, error) {
	if err := l.channel.Qos(s.Prefetch, anyPrefetchSize, eachConsumer); err != nil {
		return nil, err
	}
	l.queue = s.Queue
	if s.Queue == "" {
		q, err := l.channel.QueueDeclare("", transient, autoDelete, exclusive, awaitReply, nil)
		if err != nil {
			return nil, err
		}
		l.queue = q.Name
	}
	return l.channel.Consume(l.queue, consumerTag, manualAck, shared, anyOrigin, awaitReply, nil)
}

// run delivers until the lease no longer stands or ctx ends; it returns why.
func (s *subscription) run(ctx context.Context, l *lease) error {
	// The broker is told even while a Handle call still runs.
	stop := context.AfterFunc(ctx, l.retire)
	defer stop()
	s.stands.Store(true)
	if s.Up != nil {
		s.Up(l.queue)
	}
	err := s.deliver(ctx, l)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
		l.awaitQuiet(cancelPatience)
	}
	s.stands.Store(false)
	if s.Down != nil {
		s.Down(err)
	}
	return err
}

func (s *subscription) deliver(ctx context.Context, l *lease) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.fallen:
			return l.reason
		case d := <-l.buffer:
			if ctx.Err() == nil && l.lend(d.DeliveryTag) {
				s.Handle(newDelivery(&d, l))
				continue
			}
			l.giveBack(d.DeliveryTag)
		}
	}
}

func newDelivery(d *amqp.Delivery, l *lease) broker.Delivery {
	redelivery := broker.FirstDelivery
	if d.Redelivered {
		redelivery = broker.Redelivered
	}
	return broker.NewDelivery(decode(d), l.queue, redelivery, l, d.DeliveryTag)
}

// errCanceled: the broker ended the consumer (basic.cancel).
var errCanceled = errors.New("the broker cancelled the consumer: its queue was deleted or lost its node")

// await runs f, which calls the client library and may block until the connection is gone, in a goroutine of its own,
// and waits for it while ctx lasts. What comes too late goes to undo, which may be nil.
func await[T any](ctx context.Context, b *Broker, f func() (T, error), undo func(T)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	answers := make(chan answer)
	abandoned := make(chan struct{})
	defer close(abandoned)
	err := b.spawn(func() {
		value, err := f()
		select {
		case answers <- answer{value, err}:
		case <-abandoned:
			if err == nil && undo != nil {
				undo(value)
			}
		}
	})
	if err != nil {
		return none, err
	}
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}
