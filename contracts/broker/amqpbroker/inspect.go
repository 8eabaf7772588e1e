package amqpbroker

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// Depth implements broker.Broker. RabbitMQ reports 0 for a quorum queue that has no leader just now.
func (b *Broker) Depth(ctx context.Context, queue string) (broker.Depth, error) {
	doing := "asking for the depth of " + queue
	if queue == "" || len(queue) > maxShortString {
		return broker.Depth{}, fmt.Errorf("%s: a queue's name has 1 to %d bytes", doing, maxShortString)
	}
	found := make(chan broker.Depth, 1)
	err := b.ask(ctx, doing, func(s *session) error {
		channel, err := s.borrow()
		if err != nil {
			return err
		}
		q, err := channel.QueueDeclarePassive(queue, durable, lasting, shared, awaitReply, nil)
		if err != nil { // the refusal closed the channel
			var refusal *amqp.Error
			if errors.As(err, &refusal) && refusal.Code == amqp.NotFound {
				return broker.ErrUnroutable
			}
			return err
		}
		found <- broker.Depth{Ready: q.Messages, Consumers: q.Consumers}
		return s.giveBack(channel)
	})
	if err != nil {
		return broker.Depth{}, err
	}
	return <-found, nil
}

// Ping implements broker.Broker: it opens and closes a channel, on the publishing connection too unless the broker
// blocks that one.
func (b *Broker) Ping(ctx context.Context) error {
	const doing = "pinging the broker"
	if p := b.publisher.Load(); p == nil && b.closing.Err() == nil {
		_, why := b.publishing.now()
		if why == nil {
			why = errors.New("the publishing connection is being made")
		}
		return fmt.Errorf("%s: %w (%w)", doing, broker.ErrUnavailable, why)
	} else if p != nil && b.blocked.Load() == nil {
		if err := b.ask(ctx, doing, func(*session) error { return roundTrip(p.session) }); err != nil {
			return err
		}
	}
	return b.ask(ctx, doing, roundTrip)
}

func roundTrip(s *session) error {
	channel, err := s.conn.Channel()
	if err != nil {
		return err
	}
	return channel.Close()
}
