package amqpbroker

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

var errConnectionClosed = errors.New("the connection was closed")

// consumerTag names the consumer within its channel, which has no other.
const consumerTag = "mission-control"

// lease is a subscription on one session: one channel, its consumer, and the deliveries that came over it. A delivery
// is settled on the lease it came from or not at all; so no ack can reach another connection.
//
//	stands ──(ctx ends, broker cancels)──> retired ──(all settled, or Close)──> over
//	   └──────────────(channel or connection gone)──────────────────────────────^
//
// A clerk goroutine writes what is settled, so that Settle never waits for a socket.
type lease struct {
	broker  *Broker
	socket  *socket
	channel *amqp.Channel
	queue   string
	buffer  chan amqp.Delivery // what came and was not handled; has room for all of the prefetch

	fallen chan struct{} // closed when the subscription no longer stands though nobody ended it
	reason error         // why; read after fallen
	quiet  chan struct{} // closed when the broker sends no more, and what was not handled was given back
	wake   chan struct{} // tells the clerk
	gone   chan struct{} // closed when the clerk is done

	retiring sync.Once

	mu       sync.Mutex
	over     bool // nothing can be settled any more
	retired  bool // close the channel once all is settled
	ending   bool // close the channel once what was settled is written
	lent     map[uint64]struct{}
	settled  []settlement
	highest  uint64 // the highest tag that was lent
	standing bool
}

type settlement struct {
	tag     uint64
	outcome broker.Outcome
}

func newLease(b *Broker, on *session, channel *amqp.Channel, prefetch int) *lease {
	return &lease{
		broker:   b,
		socket:   on.socket,
		channel:  channel,
		buffer:   make(chan amqp.Delivery, prefetch),
		fallen:   make(chan struct{}),
		quiet:    make(chan struct{}),
		wake:     make(chan struct{}, 1),
		gone:     make(chan struct{}),
		lent:     make(map[uint64]struct{}),
		standing: true,
	}
}

// start starts the pump and the clerk. It asks to be told of the channel's end only now, which is not too late: the
// library tells at once if it was before. A basic.cancel shows as the end of the deliveries.
func (l *lease) start(deliveries <-chan amqp.Delivery) error {
	closes := l.channel.NotifyClose(make(chan *amqp.Error, 1))
	l.broker.mu.Lock()
	l.broker.leases[l] = struct{}{}
	l.broker.mu.Unlock()
	// We are in a goroutine that Close waits for, so it is never too late.
	return errors.Join(
		l.broker.spawn(func() { l.pump(deliveries) }),
		l.broker.spawn(func() { l.clerk(closes) }),
	)
}

// pump moves deliveries from the library, which hands them over one by one, into the buffer. They end when the
// consumer or the channel does.
func (l *lease) pump(deliveries <-chan amqp.Delivery) {
	for d := range deliveries {
		l.buffer <- d
	}
	if !l.channel.IsClosed() { // else the clerk knows why
		l.fall(errCanceled)
	}
	l.drain()
	close(l.quiet)
}

// drain gives back what nobody handled. Who takes the deliveries at the same time does the same.
func (l *lease) drain() {
	for {
		select {
		case d := <-l.buffer:
			l.giveBack(d.DeliveryTag)
		default:
			l.mu.Lock()
			l.retired = true
			l.mu.Unlock()
			l.nudge()
			return
		}
	}
}

// fall ends the subscription's standing, unless it was ended before.
func (l *lease) fall(reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.standing {
		l.standing = false
		l.reason = reason
		close(l.fallen)
	}
}

// retire tells the broker to send no more, without waiting; pump does the rest.
func (l *lease) retire() {
	l.retiring.Do(func() {
		l.mu.Lock()
		l.standing = false
		l.mu.Unlock()
		// Too late only when the connections are closed already. An error means that the channel is gone.
		_ = l.broker.spawn(func() { _ = l.channel.Cancel(consumerTag, awaitReply) })
	})
}

// awaitQuiet waits until retiring is done.
func (l *lease) awaitQuiet(patience time.Duration) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-l.quiet:
	case <-timer.C:
	}
}

// lend notes that the delivery is about to be handled; false if it must not be: the lease no longer stands.
func (l *lease) lend(tag uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.standing || l.over {
		return false
	}
	l.lent[tag] = struct{}{}
	l.highest = max(l.highest, tag)
	return true
}

// giveBack returns a delivery that was never handled to its queue.
func (l *lease) giveBack(tag uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(settlement{tag, broker.Requeued})
}

// Settle implements broker.Settler. It notes the outcome, which then goes to the broker without delay.
func (l *lease) Settle(tag uint64, o broker.Outcome) error {
	if o < broker.Acked || o > broker.DeadLettered {
		return fmt.Errorf("settling a delivery: there is no outcome %d", o)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, lent := l.lent[tag]; !lent {
		return broker.ErrSettled
	}
	if l.over || l.ending {
		return broker.ErrStaleDelivery
	}
	delete(l.lent, tag)
	l.note(settlement{tag, o})
	return nil
}

func (l *lease) note(s settlement) {
	if l.over {
		return
	}
	l.settled = append(l.settled, s)
	l.nudge()
}

func (l *lease) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// end lets the clerk write what was settled, and then closes the channel, whatever is still lent.
func (l *lease) end() {
	l.mu.Lock()
	l.ending = true
	l.mu.Unlock()
	l.nudge()
}

// clerk writes what was settled, and closes the channel when its time has come.
func (l *lease) clerk(closes <-chan *amqp.Error) {
	defer func() {
		l.broker.mu.Lock()
		delete(l.broker.leases, l)
		l.broker.mu.Unlock()
		l.fall(broker.ErrClosed)
		close(l.gone)
	}()
	for {
		select {
		case <-l.wake:
			if l.write() {
				continue
			}
			// Either all is settled or it can't be any more. The answer, if any, is of no use.
			_ = l.channel.Close()
			return
		case reason := <-closes:
			l.lose(reason)
			return
		}
	}
}

// lose marks the lease as over: the channel or the connection is gone.
func (l *lease) lose(reason *amqp.Error) {
	err := errConnectionClosed
	if reason != nil {
		err = reason
	}
	l.mu.Lock()
	l.over, l.settled = true, nil
	l.mu.Unlock()
	l.fall(err)
}

// write sends what was settled since; it returns false when nothing more will come, and the lease is over then.
func (l *lease) write() bool {
	l.mu.Lock()
	batch := l.settled
	l.settled = nil
	below := l.settledBelow()
	if l.ending || l.retired && len(l.lent) == 0 {
		l.over = true
	}
	over := l.over
	l.mu.Unlock()

	// The library writes each frame by itself.
	l.socket.hold()
	defer l.socket.release()
	// Errors mean that the channel is gone, which closes will tell.
	acks := make([]uint64, 0, len(batch))
	for _, s := range batch {
		switch s.outcome {
		case broker.Acked:
			acks = append(acks, s.tag)
		case broker.Requeued:
			_ = l.channel.Nack(s.tag, one, requeue)
		case broker.DeadLettered:
			_ = l.channel.Nack(s.tag, one, deadLetter)
		}
	}
	slices.Sort(acks)
	together, found := slices.BinarySearch(acks, below)
	if found {
		together++
	}
	if together > 1 {
		// All that is older was settled and written before, or just now.
		_ = l.channel.Ack(acks[together-1], upTo)
		acks = acks[together:]
	}
	for _, tag := range acks {
		_ = l.channel.Ack(tag, one)
	}
	return !over
}

// settledBelow returns the tag up to which, itself included, nothing is lent. Deliveries are lent in the order of their
// tags, and none is lent after one was given back; so all these are settled.
func (l *lease) settledBelow() uint64 {
	below := l.highest
	for tag := range l.lent {
		below = min(below, tag-1)
	}
	return below
}

// endLeases has all leases write their last acks, and waits for the broker to have read them (it says so by closing
// the channel): a connection that is closed under what it has not read may lose it. RabbitMQ 3.10 may yet lose acks
// that it holds back itself, when a quorum queue is slower than they came; their messages come again.
func (b *Broker) endLeases() {
	b.mu.Lock()
	leases := slices.Collect(maps.Keys(b.leases))
	b.mu.Unlock()
	for _, l := range leases {
		l.end()
	}
	for _, l := range leases {
		select {
		case <-l.gone:
		case <-b.farewell.Done():
			return
		}
	}
}
