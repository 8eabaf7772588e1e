package amqpbroker

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// Declare implements broker.Broker.
func (b *Broker) Declare(ctx context.Context, t topology.Topology) error {
	return b.ask(ctx, "declaring the topology", func(s *session) error { return declareAll(s.conn, t) })
}

// Delete implements broker.Broker.
func (b *Broker) Delete(ctx context.Context, queue string) error {
	doing := "deleting queue " + queue
	if queue == "" || len(queue) > maxShortString {
		return fmt.Errorf("%s: a queue's name has 1 to %d bytes", doing, maxShortString)
	}
	return b.ask(ctx, doing, func(s *session) error {
		channel, err := s.conn.Channel()
		if err != nil {
			return err
		}
		if _, err := channel.QueueDelete(queue, evenUsed, evenFull, awaitReply); err != nil {
			return err
		}
		return channel.Close()
	})
}

// ask has f talk to the broker over the consuming connection, bounded by ctx, whatever happens to it.
func (b *Broker) ask(ctx context.Context, doing string, f func(*session) error) error {
	if b.closing.Err() != nil {
		return fmt.Errorf("%s: %w", doing, broker.ErrClosed)
	}
	s, why := b.consuming.now()
	if s == nil {
		return fmt.Errorf("%s: %w (%w)", doing, broker.ErrUnavailable, why)
	}
	_, err := await(ctx, b, func() (struct{}, error) { return struct{}{}, f(s) }, nil)
	switch {
	case err == nil:
		return nil
	case b.closing.Err() != nil:
		return fmt.Errorf("%s: %w", doing, broker.ErrClosed)
	case ctx.Err() == nil && connectionGone(err):
		return fmt.Errorf("%s: %w (%w)", doing, broker.ErrUnavailable, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// connectionGone tells a lost connection from the broker's refusal, in what the client library returns. All but soft
// errors end the connection: RabbitMQ 3.10 has one (INTERNAL_ERROR) when a queue is consumed from while it is being declared.
func connectionGone(err error) bool {
	var e *amqp.Error
	return errors.As(err, &e) && !e.Recover
}

// declareAll declares every queue, on one channel.
func declareAll(conn *amqp.Connection, t topology.Topology) error {
	channel, err := conn.Channel()
	if err != nil {
		return err
	}
	version := serverVersion(conn.Properties)
	for _, q := range t.Queues {
		_, err := channel.QueueDeclare(q.Name, durable, lasting, shared, awaitReply, arguments(q, version))
		if err != nil {
			return declareError(q.Name, err)
		}
	}
	return channel.Close()
}

// limitedVersion is RabbitMQ's first major version that limits deliveries of its own accord, and takes -1 for no limit.
// The ones before take -1 for a limit that the first return exceeds, and drop the message.
const limitedVersion = 4

// arguments are the arguments of a queue, for a major version of RabbitMQ.
func arguments(q topology.Queue, version int) amqp.Table {
	args := amqp.Table{"x-queue-type": "quorum"}
	if q.DeliveryLimit != topology.NoDeliveryLimit || version >= limitedVersion {
		args["x-delivery-limit"] = int64(q.DeliveryLimit)
	}
	if q.MaxLength > 0 {
		args["x-max-length"] = int64(q.MaxLength)
		args["x-overflow"] = "drop-head"
	}
	if q.MaxBytes > 0 {
		args["x-max-length-bytes"] = int64(q.MaxBytes)
		args["x-overflow"] = "reject-publish"
	}
	if q.DeadLetterTo != "" {
		args["x-dead-letter-exchange"] = defaultExchange
		args["x-dead-letter-routing-key"] = q.DeadLetterTo
		args["x-dead-letter-strategy"] = "at-least-once"
		args["x-overflow"] = "reject-publish"
	}
	return args
}

// serverVersion is the broker's major version, 0 if it doesn't say.
func serverVersion(properties amqp.Table) int {
	version, _ := properties["version"].(string)
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		return 0
	}
	return n
}

var inequivalent = regexp.MustCompile(`inequivalent arg '([^']+)' for queue '.*?received (.*) but current is (.*)$`)

// declareError turns the broker's refusal into what to do about it.
func declareError(queue string, err error) error {
	var refusal *amqp.Error
	if !errors.As(err, &refusal) || refusal.Code != amqp.PreconditionFailed {
		return fmt.Errorf("declaring queue %s: %w", queue, err)
	}
	parts := inequivalent.FindStringSubmatch(refusal.Reason)
	if parts == nil {
		return fmt.Errorf("declaring queue %s: %w: the broker does not take its arguments", queue, err)
	}
	why := "the arguments of a queue can't change"
	if parts[1] == "x-delivery-limit" && strings.HasPrefix(parts[3], "none") {
		why = "it comes from RabbitMQ 3, see docs/operations.md, \"From RabbitMQ 3 to 4\""
	}
	return fmt.Errorf("queue %s exists with another %s: wanted %s, it has %s; %s: "+
		"empty and delete it (rabbitmqctl delete_queue %s), or connect to another vhost: %w",
		queue, parts[1], parts[2], parts[3], why, queue, err)
}
