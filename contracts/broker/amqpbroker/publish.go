package amqpbroker

import (
	"context"
	"fmt"
	"runtime"
	"strconv"

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
}

// request is messages on their way to the writer.
type request struct {
	parcels []parcel
	written chan struct{} // closed when the confirm, or else the err, of each parcel is set
}

// parcel is one message, with what the library made of it.
type parcel struct {
	at      int // among the caller's messages
	queue   string
	message amqp.Publishing
	confirm *amqp.DeferredConfirmation
	err     error
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
		requests: make(chan *request, maxTogether),
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

// writeTogether writes messages and those that wait behind them: small ones in one system call, as the library makes one
// for each, and the broker reads, routes and logs what came together at one go. Confirms come together too, and wake their
// publishers one by one; the first of them would have its next message written before the others could hand over theirs.
// So they are let go first.
func (p *publisher) writeTogether(first *request) {
	runtime.Gosched()
	p.session.socket.hold()
	together := []*request{first}
	messages := 0
	for i := 0; i < len(together); i++ {
		for j := range together[i].parcels {
			x := &together[i].parcels[j]
			x.confirm, x.err = p.channel.PublishWithDeferredConfirm(defaultExchange, x.queue, mandatory, notImmediate, x.message)
		}
		if messages += len(together[i].parcels); messages >= maxTogether {
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
	return b.PublishAll(ctx, queue, []broker.Message{m})[0]
}

// PublishAll implements broker.BatchPublisher.
func (b *Broker) PublishAll(ctx context.Context, queue string, messages []broker.Message) []error {
	results := make([]error, len(messages))
	parcels := make([]parcel, 0, len(messages))
	for i, m := range messages {
		message, err := encode(queue, m, strconv.FormatUint(b.serial.Add(1), 36))
		if err != nil {
			results[i] = err
			continue
		}
		parcels = append(parcels, parcel{at: i, queue: queue, message: message})
	}
	for len(parcels) > 0 {
		answers, err := b.send(ctx, parcels)
		for i, answer := range answers {
			results[parcels[i].at] = answer
		}
		parcels = parcels[len(answers):]
		if err != nil {
			for i := range parcels {
				results[parcels[i].at] = err
			}
			break
		}
	}
	for i, err := range results {
		if err != nil {
			results[i] = fmt.Errorf("publishing to %s: %w", queue, err)
		}
	}
	return results
}

// maxShare is how many places one call takes at once: others want some too.
const maxShare = maxUnconfirmed / 4

// send hands over as many of the parcels as find a place, and waits for the broker's answers. It returns those that came,
// in the parcels' order; an error says why no more will.
func (b *Broker) send(ctx context.Context, parcels []parcel) ([]error, error) {
	if b.closing.Err() != nil {
		return nil, broker.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := b.publisher.Load()
	if p == nil || !p.session.alive() {
		return nil, broker.ErrUnavailable
	}
	if reason := b.blocked.Load(); reason != nil {
		return nil, fmt.Errorf("%w (%s)", broker.ErrBlocked, *reason)
	}
	select {
	case p.places <- struct{}{}:
	case <-p.session.done:
		return nil, broker.ErrUnavailable
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-b.closing.Done():
		return nil, broker.ErrClosed
	}
	r := &request{parcels: parcels[:1+p.morePlaces(min(len(parcels), maxShare)-1)], written: make(chan struct{})}
	select {
	case p.requests <- r:
	case <-p.session.done:
		return nil, broker.ErrUnavailable
	case <-ctx.Done():
		p.free(len(r.parcels))
		return nil, ctx.Err()
	case <-b.closing.Done():
		return nil, broker.ErrClosed
	}
	answers := p.await(r, ctx.Done(), b.closing.Done())
	if len(answers) == len(r.parcels) {
		return answers, nil
	}
	// The others' places are free only when the broker has answered: until then returns of them may come. After Close,
	// nobody needs the places.
	rest := &request{parcels: r.parcels[len(answers):], written: r.written}
	_ = b.spawn(func() { p.await(rest, nil, nil) })
	if b.closing.Err() != nil {
		return answers, broker.ErrClosed
	}
	return answers, ctx.Err()
}

// morePlaces takes up to so many places without waiting: who waits for a second place could wait for others who do.
func (p *publisher) morePlaces(most int) int {
	for taken := range most {
		select {
		case p.places <- struct{}{}:
		default:
			return taken
		}
	}
	return most
}

func (p *publisher) free(places int) {
	for range places {
		<-p.places
	}
}

// await waits for the broker's answers to a request that was handed over, and frees their places. It returns those that
// came before the caller gave up: such messages may have been taken, or be taken later.
func (p *publisher) await(r *request, given, up <-chan struct{}) []error {
	answers := make([]error, 0, len(r.parcels))
	select {
	case <-r.written:
	case <-p.session.done:
		for range r.parcels {
			answers = append(answers, broker.ErrUnavailable)
		}
		return answers
	case <-given:
		return nil
	case <-up:
		return nil
	}
	for i := range r.parcels {
		x := &r.parcels[i]
		if x.err == nil {
			select {
			case <-x.confirm.Done():
			case <-p.session.done:
			case <-given:
				return answers
			case <-up:
				return answers
			}
		}
		answers = append(answers, p.answer(x))
		p.free(1)
	}
	return answers
}

// answer is what became of a message that was confirmed, or whose session is gone.
func (p *publisher) answer(x *parcel) error {
	if x.err != nil {
		return fmt.Errorf("%w (%w)", broker.ErrUnavailable, x.err)
	}
	switch {
	case p.returns.take(x.message.CorrelationId):
		return broker.ErrUnroutable
	case x.confirm.Acked():
		return nil
	case p.channel.IsClosed() || !p.session.alive():
		// The library turns all that is open into a nack then.
		return broker.ErrUnavailable
	default:
		return broker.ErrRejected
	}
}
