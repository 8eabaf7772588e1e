// Package broker is the seam between Mission Control and a message broker. It promises what the protocol builds on,
// in AMQP's words, and hides connections: they break and come back below this seam, for ever, without their users' help.
//
// # What an implementation promises
//
// Publish returns nil only once the broker has taken the message (publisher confirm): it is then on every disk that the
// queue's type asks for. A message that no queue took is ErrUnroutable, also where the broker confirmed it. Any other
// error leaves open whether it was taken: publish again, readers expect duplicates.
//
// A delivery is its consumer's until it is acked, and comes again, marked Redelivered, if the consumer or its
// connection goes. Ack and Nack on a delivery of a connection that is gone are ErrStaleDelivery and touch nothing:
// never a message of the new connection that happens to have the same tag.
//
// Consume subscribes again after every loss. A consumer that is connected but not subscribed counts as down, and
// Health says so.
package broker

import (
	"context"
	"errors"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// Errors of every implementation. Compare with errors.Is.
var (
	// ErrUnroutable: no queue of that name.
	ErrUnroutable = errors.New("no such queue at the broker")
	// ErrUnavailable: there is no connection now, or it broke before the confirm. It is unknown whether the broker has
	// the message.
	ErrUnavailable = errors.New("broker is not available")
	// ErrBlocked: the broker refuses publishes for lack of memory or disk (connection.blocked).
	ErrBlocked = errors.New("broker blocks publishing: it is short of memory or disk")
	// ErrRejected: the broker said no (basic.nack): the queue is full, or has no leader.
	ErrRejected = errors.New("broker rejected the message")
	// ErrStaleDelivery: the delivery's connection is gone; the broker delivers the message again.
	ErrStaleDelivery = errors.New("delivery belongs to a connection that is gone")
	// ErrSettled: the delivery was acked or nacked before; the first call counts.
	ErrSettled = errors.New("delivery is settled already")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("broker is closed")
)

// Durability says whether a message outlives the broker's restart.
type Durability int

// The durabilities.
const (
	Persistent Durability = iota
	Transient
)

// Message is what travels.
type Message struct {
	// ID is the publisher's own, for logs and set-aside messages.
	ID string
	// Type is a contracts.MessageType.
	Type string
	Body []byte
	// Headers are strings only: every AMQP client can read them.
	Headers    map[string]string
	Durability Durability
	// Expiration drops the message from its queue once it waited so long, in whole milliseconds; 0 never does.
	Expiration time.Duration
}

// Publisher publishes. All methods may be called from many goroutines at once, and then share confirms: that is how to
// have many messages in flight.
type Publisher interface {
	// Publish hands m to the queue and waits for the broker's confirm, until ctx ends at the latest. Without a
	// connection it fails at once with ErrUnavailable.
	Publish(ctx context.Context, queue string, m Message) error
}

// BatchPublisher publishes many messages for the price of few: they travel together, and so do their confirms.
type BatchPublisher interface {
	// PublishAll hands messages to one queue, in their order, and waits for the broker's answer to each, until ctx ends at the
	// latest. It returns what Publish would have returned for each of them, in their order: some may be taken and others not.
	PublishAll(ctx context.Context, queue string, messages []Message) []error
}

// Delivery is a message on loan.
type Delivery struct {
	Message
	// Queue is where it came from, Redelivered that it was on loan before.
	Queue       string
	Redelivered bool
	settler     Settler
	tag         uint64
}

// NewDelivery is for implementations: settle is asked once for each delivery, with its tag.
func NewDelivery(m Message, queue string, redelivered Redelivery, s Settler, tag uint64) Delivery {
	return Delivery{Message: m, Queue: queue, Redelivered: redelivered == Redelivered, settler: s, tag: tag}
}

// Redelivery says whether a delivery is the first of its message.
type Redelivery int

// The redeliveries.
const (
	FirstDelivery Redelivery = iota
	Redelivered
)

// Settler settles deliveries of one subscription of one connection.
type Settler interface {
	Settle(tag uint64, o Outcome) error
}

// Outcome is what becomes of a delivery.
type Outcome int

// The outcomes.
const (
	// Acked: done, the broker forgets it.
	Acked Outcome = iota
	// Requeued: back to the queue, to either end of it. It may come again at once; nothing may requeue in a loop.
	Requeued
	// DeadLettered: to the queue's dead-letter queue, or dropped where it has none.
	DeadLettered
)

// Ack settles the delivery as done. ErrStaleDelivery means that it will come again. Brokers do not answer an ack: nil
// means that it is on its way, and one of the last moment before a loss, or before Close, may be lost with the connection.
func (d Delivery) Ack() error { return d.settler.Settle(d.tag, Acked) }

// Nack gives the delivery back, to the queue or to its dead-letter queue.
func (d Delivery) Nack(o Outcome) error { return d.settler.Settle(d.tag, o) }

// Subscription is what a consumer wants.
type Subscription struct {
	// Queue to consume; empty asks for an inbox: an exclusive, server-named queue that is new for each connection and
	// goes with it.
	Queue string
	// Prefetch bounds unsettled deliveries, at least 1.
	Prefetch int
	// Handle is called for each delivery, one after the other in the queue's order; it should return soon. Settling
	// later, from any goroutine, is what Prefetch is for.
	Handle func(Delivery)
	// Up is called with the queue's name whenever the subscription stands, before its first delivery; Down when it is
	// gone, with the reason: in the end ctx's error or ErrClosed, before Consume returns. Both may be nil. They
	// alternate, and come from the goroutine that calls Handle.
	Up   func(queue string)
	Down func(error)
}

// Consumer consumes.
type Consumer interface {
	// Consume subscribes and stays subscribed until ctx ends, over any number of connections, and returns when no more
	// Handle call is running. It returns ctx's error, or ErrClosed. When ctx ends the broker is told to send no more;
	// deliveries that Handle never saw go back to the queue, and those that it saw can still be settled, for as long as
	// their connection lasts: a drain is to end ctx, and to go on settling.
	Consume(ctx context.Context, s Subscription) error
}

// BrowseAhead is how many messages a Browse has in memory at most: the one that is looked at, and those that wait for it.
const BrowseAhead = 32

// BrowseLimit ends a Browse.
type BrowseLimit struct {
	// Messages is how many are looked at, no more. Below 1 none is.
	Messages int
	// Bytes: the message with which the bodies that were looked at come to so many is the last one. Below 1 there is no such
	// limit.
	Bytes int
}

// Reached tells whether a number of messages, with bodies of so many bytes in all, is where a Browse ends.
func (l BrowseLimit) Reached(messages, bytes int) bool {
	return messages >= l.Messages || l.Bytes > 0 && bytes >= l.Bytes
}

// Browser looks into queues.
type Browser interface {
	// Browse lends the messages that wait in a queue, up to a limit, from its front, and calls look with each, one after the
	// other. They come in steps of BrowseAhead at most. What look acks is done; what it does not settle goes back to the
	// queue, to either end of it, when Browse returns, and not before: no message is seen twice in one call. Meanwhile nobody
	// else gets it. Browse waits for no message that is not there, and returns how many were looked at. After an error, acks
	// of the last step may be lost. Consumers' prefetch and Health know nothing of it.
	Browse(ctx context.Context, queue string, limit BrowseLimit, look func(Delivery)) (int, error)
}

// Depth is how full a queue is, at one moment.
type Depth struct {
	// Ready messages wait for a consumer; unacknowledged ones are not counted. A consumer that ended may count until
	// all its deliveries are settled.
	Ready, Consumers int
}

// Health is what an implementation knows of its connections without asking the broker.
type Health struct {
	// Connected: both the publishing and the consuming connection stand.
	Connected bool
	// Blocked is the broker's reason while it blocks publishing.
	Blocked string
	// Unsubscribed names the subscriptions that should stand and don't.
	Unsubscribed []string
	// Warning is what an operator should do at a broker that serves, empty where that is nothing.
	Warning string
	// Err is why there is no connection.
	Err error
}

// Broker is the whole seam.
type Broker interface {
	Publisher
	BatchPublisher
	Consumer
	Browser
	// Declare creates what is missing. A queue that exists with other arguments is an error that names it. One that lacks no
	// more than its limit of deliveries, as it comes from an older version of the broker, is taken, with a Health.Warning.
	Declare(ctx context.Context, t topology.Topology) error
	// Delete removes a queue with all that is in it. It is nil where there is none.
	Delete(ctx context.Context, queue string) error
	// Depth asks the broker how full a queue is; ErrUnroutable where there is none.
	Depth(ctx context.Context, queue string) (Depth, error)
	// Ping makes a round trip to the broker.
	Ping(ctx context.Context) error
	Health() Health
	// Close ends all subscriptions and connections. Publishes that wait for their confirm get ErrClosed.
	Close(ctx context.Context) error
}
