package amqpbroker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// maxUnconfirmed is how many messages may wait for their confirm on one connection; more publishes wait for a place.
const maxUnconfirmed = 1024

// publisher publishes on one session, over one channel in confirm mode. Its writer is the only goroutine that calls the
// library's publish; a publish hands over its message and then waits for its own confirm alone, so confirms may come in
// any order (a queue without a leader holds up nobody but its own publishers).
type publisher struct {
	session  *session
	channel  *amqp.Channel
	requests chan *request
	// places has a token for each message that was handed over and is not settled. It bounds returns' buffer too: each
	// such message is returned once at most.
	places  chan struct{}
	returns *returns
	serial  atomic.Uint64
}

// request is one message on its way to the writer.
type request struct {
	queue       string
	message     amqp.Publishing
	correlation string
	written     chan struct{} // closed when the next two are set
	confirm     *amqp.DeferredConfirmation
	err         error
}

// connectPublisher makes a session with a publisher on it, and puts it in place.
func (b *Broker) connectPublisher(ctx context.Context) (*session, error) {
	s, err := b.connect(ctx, publishing, func(reason string) {
		if reason == "" {
			b.blocked.Store(nil)
			return
		}
		b.blocked.Store(&reason)
	})
	if err != nil {
		return nil, err
	}
	opening, cancel := context.WithTimeoutCause(ctx, b.cfg.ConnectTimeout, errNoAnswer)
	defer cancel()
	release := context.AfterFunc(opening, func() { _ = s.socket.Close() })
	p, err := newPublisher(s)
	if !release() && err == nil {
		err = opening.Err()
	}
	if err != nil {
		s.sever()
		return nil, connectError(opening, err)
	}
	closes := p.channel.NotifyClose(make(chan *amqp.Error, 1))
	b.running.Go(func() { p.write(closes) })
	b.publisher.Store(p)
	return s, nil
}

func newPublisher(s *session) (*publisher, error) {
	channel, err := s.conn.Channel()
	if err != nil {
		return nil, err
	}
	if err := channel.Confirm(awaitReply); err != nil {
		return nil, err
	}
	return &publisher{
		session:  s,
		channel:  channel,
		requests: make(chan *request),
		places:   make(chan struct{}, maxUnconfirmed),
		returns:  newReturns(channel.NotifyReturn(make(chan amqp.Return, maxUnconfirmed))),
	}, nil
}

// write writes messages until the session or its channel is gone. A channel alone dies of a message that the broker
// can't accept; the session is given up with it, as its unconfirmed messages are lost alike.
func (p *publisher) write(closes <-chan *amqp.Error) {
	for {
		select {
		case r := <-p.requests:
			p.writeTogether(r)
		case <-closes: //nolint:errcheck // why it closed, the session says
			p.session.sever()
			return
		case <-p.session.done:
			return
		}
	}
}

// maxTogether bounds how many messages are written together.
const maxTogether = 64

// writeTogether writes a message and those that wait behind it: small ones in one system call, as the library makes one
// for each, and the broker reads and parses what came together at one go.
func (p *publisher) writeTogether(first *request) {
	p.session.socket.hold()
	together := []*request{first}
	for i := 0; i < len(together); i++ {
		r := together[i]
		r.confirm, r.err = p.channel.PublishWithDeferredConfirm(defaultExchange, r.queue, mandatory, notImmediate, r.message)
		if len(together) == maxTogether {
			continue
		}
		select {
		case next := <-p.requests:
			together = append(together, next)
		default:
		}
	}
	p.session.socket.release()
	for _, r := range together {
		close(r.written)
	}
}

// Publish implements broker.Publisher.
func (b *Broker) Publish(ctx context.Context, queue string, m broker.Message) error {
	err := b.publish(ctx, queue, m)
	if err != nil {
		return fmt.Errorf("publishing to %s: %w", queue, err)
	}
	return nil
}

func (b *Broker) publish(ctx context.Context, queue string, m broker.Message) error {
	if b.closing.Err() != nil {
		return broker.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p := b.publisher.Load()
	if p == nil || !p.session.alive() {
		return broker.ErrUnavailable
	}
	if reason := b.blocked.Load(); reason != nil {
		return fmt.Errorf("%w (%s)", broker.ErrBlocked, *reason)
	}
	correlation := strconv.FormatUint(p.serial.Add(1), 36)
	message, err := encode(queue, m, correlation)
	if err != nil {
		return err
	}
	r := &request{queue: queue, message: message, correlation: correlation, written: make(chan struct{})}
	select {
	case p.places <- struct{}{}:
	case <-p.session.done:
		return broker.ErrUnavailable
	case <-ctx.Done():
		return ctx.Err()
	case <-b.closing.Done():
		return broker.ErrClosed
	}
	select {
	case p.requests <- r:
	case <-p.session.done:
		return broker.ErrUnavailable
	case <-ctx.Done():
		<-p.places
		return ctx.Err()
	case <-b.closing.Done():
		return broker.ErrClosed
	}
	err = p.await(r, ctx.Done(), b.closing.Done())
	switch {
	case !errors.Is(err, errGivenUp):
		return err
	case b.closing.Err() != nil:
		return broker.ErrClosed
	}
	// Its place is free only when the broker has answered: until then a return of it may come. After Close, nobody
	// needs the place.
	_ = b.spawn(func() { _ = p.await(r, nil, nil) })
	return ctx.Err()
}

// errGivenUp: the caller no longer waits. The message may have been taken, or be taken later.
var errGivenUp = errors.New("given up")

// await waits for the broker's answer to a request that was handed over, and frees its place.
func (p *publisher) await(r *request, given, up <-chan struct{}) error {
	select {
	case <-r.written:
	case <-p.session.done:
		return broker.ErrUnavailable
	case <-given:
		return errGivenUp
	case <-up:
		return errGivenUp
	}
	if r.err != nil {
		<-p.places
		return fmt.Errorf("%w (%w)", broker.ErrUnavailable, r.err)
	}
	select {
	case <-r.confirm.Done():
	case <-p.session.done:
	case <-given:
		return errGivenUp
	case <-up:
		return errGivenUp
	}
	returned := p.returns.take(r.correlation)
	<-p.places
	switch {
	case returned:
		return broker.ErrUnroutable
	case r.confirm.Acked():
		return nil
	case p.channel.IsClosed() || !p.session.alive():
		// The library turns all that is open into a nack then.
		return broker.ErrUnavailable
	default:
		return broker.ErrRejected
	}
}
