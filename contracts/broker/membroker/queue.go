package membroker

import (
	"cmp"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// queue is a durable queue, or an inbox. Its server's mutex guards it.
type queue struct {
	topology.Queue
	server *Server
	// owner is the connection whose inbox this is; nil for a durable queue.
	owner *connection
	// ready messages in the order in which they were published: what is given back has its old place.
	ready []*message
	// consumers take turns; the first is next.
	consumers []*lease
	// stranded messages wait for the dead-letter queue to exist.
	stranded []broker.Message
	// alarm rings when the head expires; only where somebody may wait for that at the dead-letter queue.
	alarm *time.Timer
}

// full tells whether the queue refuses messages. One that dead-letters, or is bounded in bytes, does, as its messages
// must not be dropped; others drop their oldest.
func (q *queue) full() bool {
	q.expire()
	if q.MaxBytes > 0 {
		size := 0
		for _, m := range q.ready {
			size += len(m.Body)
		}
		return size >= q.MaxBytes
	}
	return q.MaxLength > 0 && q.DeadLetterTo != "" && len(q.ready) >= q.MaxLength
}

// put takes a new message, which is not copied.
func (q *queue) put(m broker.Message) {
	q.server.sequence++
	kept := &message{Message: m, sequence: q.server.sequence}
	kept.Expiration = wholeMilliseconds(m.Expiration)
	if m.Expiration > 0 {
		kept.expires = time.Now().Add(kept.Expiration)
	}
	q.ready = append(q.ready, kept)
	q.move()
}

// giveBack returns messages that were on loan. Those that came back too often are dead-lettered.
func (q *queue) giveBack(messages ...*message) {
	for _, m := range messages {
		m.returned++
		if q.DeliveryLimit != topology.NoDeliveryLimit && m.returned > q.DeliveryLimit {
			q.deadLetter(m, "delivery_limit")
			continue
		}
		at, _ := slices.BinarySearchFunc(q.ready, m, func(a, b *message) int { return cmp.Compare(a.sequence, b.sequence) })
		q.ready = slices.Insert(q.ready, at, m)
	}
	q.move()
}

// move does all that can be done now: expire, deliver, drop what is too much.
func (q *queue) move() {
	q.expire()
	for len(q.ready) > 0 && !q.server.away {
		l := q.turn()
		if l == nil {
			break
		}
		l.take(q.pop())
		q.expire()
	}
	for q.MaxLength > 0 && q.DeadLetterTo == "" && len(q.ready) > q.MaxLength {
		q.pop()
	}
	q.setAlarm()
}

// turn returns the next consumer that has room, or nil.
func (q *queue) turn() *lease {
	for i, l := range q.consumers {
		if l.room() {
			q.consumers = append(slices.Delete(q.consumers, i, i+1), l)
			return l
		}
	}
	return nil
}

func (q *queue) pop() *message {
	m := q.ready[0]
	q.ready[0] = nil
	q.ready = q.ready[1:]
	return m
}

// expire removes messages that waited too long, from the head: behind one that did not, they wait on, as in RabbitMQ.
func (q *queue) expire() {
	for len(q.ready) > 0 {
		if at := q.ready[0].expires; at.IsZero() || time.Now().Before(at) {
			return
		}
		q.deadLetter(q.pop(), "expired")
	}
}

func (q *queue) setAlarm() {
	if q.alarm != nil {
		q.alarm.Stop()
		q.alarm = nil
	}
	if q.DeadLetterTo == "" || len(q.ready) == 0 || q.ready[0].expires.IsZero() {
		return
	}
	q.alarm = time.AfterFunc(time.Until(q.ready[0].expires), func() {
		q.server.mu.Lock()
		defer q.server.mu.Unlock()
		q.move()
	})
}

// deadLetter moves a message to the dead-letter queue, however full that is, or drops it where there is none. It is a
// new message there, which does not expire again, and says in RabbitMQ's headers where it first died and why.
func (q *queue) deadLetter(m *message, reason string) {
	if q.DeadLetterTo == "" {
		return
	}
	dead := clone(m.Message)
	dead.Expiration = 0
	if _, died := dead.Headers["x-first-death-reason"]; !died {
		if dead.Headers == nil {
			dead.Headers = make(map[string]string)
		}
		dead.Headers["x-first-death-reason"] = reason
		dead.Headers["x-first-death-queue"] = q.Name
		dead.Headers["x-first-death-exchange"] = ""
	}
	q.stranded = append(q.stranded, dead)
	q.deadLetterStranded()
}

// deadLetterStranded moves what can be moved: RabbitMQ keeps dead messages until their queue exists.
func (q *queue) deadLetterStranded() {
	target := q.server.queues[q.DeadLetterTo]
	if target == nil {
		return
	}
	dead := q.stranded
	q.stranded = nil
	for _, m := range dead {
		target.put(m)
	}
}

// forgetTransient is what a restart does to the queue. All messages are back in it, as nobody is connected.
func (q *queue) forgetTransient() {
	q.ready = slices.DeleteFunc(q.ready, func(m *message) bool { return m.Durability == broker.Transient })
	q.stranded = slices.DeleteFunc(q.stranded, func(m broker.Message) bool { return m.Durability == broker.Transient })
	q.setAlarm()
}

// forget is the end of the queue, with all that is in it.
func (q *queue) forget() {
	q.stranded = nil
	q.server.drop(q)
	q.setAlarm()
}

func (q *queue) removeConsumer(l *lease) {
	q.consumers = slices.DeleteFunc(q.consumers, func(other *lease) bool { return other == l })
}
