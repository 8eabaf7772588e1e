package membroker

import (
	"context"
	"fmt"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// lease is a subscription on one connection, and the messages that it has on loan. Its server's mutex guards it.
type lease struct {
	server   *Server
	conn     *connection
	queue    *queue
	prefetch int
	wake     chan struct{} // tells the Consume call to look

	tags   uint64 // the last one given out
	loans  map[uint64]*message
	buffer []uint64            // on loan, not handled yet
	lent   map[uint64]struct{} // handled, and not settled by the client

	standing bool  // deliveries come
	browsing bool  // this is no subscription: what is given back stays on loan until its end
	gone     bool  // the connection is gone: nothing can be settled any more
	why      error // once it no longer stands though nobody retired it
}

// newLease subscribes. What is ready is delivered before it returns.
func newLease(s *Server, k *connection, q *queue, prefetch int) *lease {
	l := &lease{
		server: s, conn: k, queue: q, prefetch: prefetch, wake: make(chan struct{}, 1),
		loans: make(map[uint64]*message), lent: make(map[uint64]struct{}), standing: true,
	}
	k.leases = append(k.leases, l)
	q.consumers = append(q.consumers, l)
	q.move()
	return l
}

func (l *lease) room() bool { return len(l.loans) < l.prefetch && !l.conn.frozen }

// take lends a message to the client.
func (l *lease) take(m *message) {
	l.tags++
	l.loans[l.tags] = m
	l.buffer = append(l.buffer, l.tags)
	l.nudge()
}

func (l *lease) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// await returns the next delivery to handle, or why there will be none: ctx ended, or the lease fell.
func (l *lease) await(ctx context.Context) (broker.Delivery, error) {
	for {
		if d, ok, err := l.next(ctx); ok || err != nil {
			return d, err
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
		}
	}
}

func (l *lease) next(ctx context.Context) (d broker.Delivery, ok bool, err error) {
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	switch {
	case l.why != nil:
		return d, false, l.why
	case ctx.Err() != nil:
		return d, false, context.Cause(ctx)
	case len(l.buffer) == 0:
		return d, false, nil
	}
	tag := l.buffer[0]
	l.buffer = l.buffer[1:]
	l.lent[tag] = struct{}{}
	m := l.loans[tag]
	redelivered := broker.FirstDelivery
	if m.returned > 0 {
		redelivered = broker.Redelivered
	}
	return broker.NewDelivery(clone(m.Message), l.queue.Name, redelivered, l, tag), true, nil
}

// Settle implements broker.Settler.
func (l *lease) Settle(tag uint64, o broker.Outcome) error {
	if o < broker.Acked || o > broker.DeadLettered {
		return fmt.Errorf("settling a delivery: there is no outcome %d", o)
	}
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	if _, lent := l.lent[tag]; !lent {
		return broker.ErrSettled
	}
	if l.gone {
		return broker.ErrStaleDelivery
	}
	delete(l.lent, tag)
	l.conn.send(func() { l.settle(tag, o) })
	return nil
}

// settle is the server's part of Settle.
func (l *lease) settle(tag uint64, o broker.Outcome) {
	if l.browsing && o == broker.Requeued {
		return // with all the others, so that it is not seen twice
	}
	m := l.loans[tag]
	delete(l.loans, tag)
	l.leaveWhenDone()
	switch o {
	case broker.Acked:
	case broker.Requeued:
		l.queue.giveBack(m)
		return
	case broker.DeadLettered:
		l.queue.deadLetter(m, "rejected")
	}
	l.queue.move()
}

// retire tells the server to send no more. What was not handled goes back; what was can still be settled.
func (l *lease) retire() {
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	if !l.standing {
		return
	}
	l.standing = false
	unseen := l.buffer
	l.buffer = nil
	l.conn.send(func() {
		l.queue.removeConsumer(l)
		var back []*message
		for _, tag := range unseen {
			back = append(back, l.loans[tag])
			delete(l.loans, tag)
		}
		l.leaveWhenDone()
		if l.queue.owner != nil && len(l.queue.consumers) == 0 {
			l.server.drop(l.queue) // an inbox goes with its last consumer
			return
		}
		l.queue.giveBack(back...)
	})
}

// leaveWhenDone forgets a lease that has nothing left to settle.
func (l *lease) leaveWhenDone() {
	if !l.standing && len(l.loans) == 0 {
		l.conn.leases = slices.DeleteFunc(l.conn.leases, func(other *lease) bool { return other == l })
	}
}

// fall ends the lease with its connection. Its loans are the connection's to give back.
func (l *lease) fall(why error) {
	l.queue.removeConsumer(l)
	if l.standing {
		l.standing, l.why = false, why
	}
	l.gone, l.buffer, l.loans = true, nil, nil
	l.nudge()
}
