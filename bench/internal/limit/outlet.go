package limit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/bench/internal/contender"
)

// outlet publishes persistent messages to one queue, confirmed.
type outlet struct {
	ch    *amqp.Channel
	queue string
}

func (l *Limit) newOutlet(queue string) (*outlet, error) {
	ch, err := l.channel()
	if err != nil {
		return nil, err
	}
	if err := ch.Confirm(false); err != nil {
		return nil, fmt.Errorf("asking for confirms: %w", err)
	}
	return &outlet{ch: ch, queue: queue}, nil
}

func (o *outlet) send(ctx context.Context, body []byte) (*amqp.DeferredConfirmation, error) {
	c, err := o.ch.PublishWithDeferredConfirmWithContext(ctx, "", o.queue, false, false,
		amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body})
	if err != nil {
		return nil, fmt.Errorf("publishing to %s: %w", o.queue, err)
	}
	return c, nil
}

var errNacked = errors.New("rabbitmq did not take a message")

func await(ctx context.Context, c *amqp.DeferredConfirmation) error {
	taken, err := c.WaitContext(ctx)
	if err == nil && !taken {
		err = errNacked
	}
	return err
}

// submitBatch is how many jobs share their waiting for Redis and for the confirms.
const submitBatch = 500

// SubmitBatches writes the missions, where they are kept, and then sends the orders.
func (l *Limit) SubmitBatches(ctx context.Context, jobs int) error {
	return contender.Spread(ctx, contender.Chunks(jobs, submitBatch), 4, func(ctx context.Context, i int) error {
		_, err := l.submit(ctx, contender.Chunk(i, jobs, submitBatch))
		return err
	})
}

// SubmitSingles does the same one by one.
func (l *Limit) SubmitSingles(ctx context.Context, jobs int) error {
	return contender.Spread(ctx, jobs, contender.InFlight, func(ctx context.Context, _ int) error {
		_, err := l.submit(ctx, 1)
		return err
	})
}

// submit submits n jobs and returns the last one's id.
func (l *Limit) submit(ctx context.Context, n int) (int64, error) {
	last := l.ids.Add(int64(n))
	if l.store != nil {
		if err := l.create(ctx, last-int64(n)+1, last); err != nil {
			return 0, err
		}
	}
	var confirms []*amqp.DeferredConfirmation
	for id := last - int64(n) + 1; id <= last; {
		var body []byte
		for range max(1, l.cfg.OrdersTogether) {
			if id <= last {
				body = append(body, make([]byte, orderSize)...)
				binary.BigEndian.PutUint64(body[len(body)-orderSize:], uint64(id))
				id++
			}
		}
		c, err := l.orders.send(ctx, body)
		if err != nil {
			return 0, err
		}
		confirms = append(confirms, c)
	}
	for _, c := range confirms {
		if err := await(ctx, c); err != nil {
			return 0, err
		}
	}
	return last, nil
}
