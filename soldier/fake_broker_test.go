package soldier_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// fakeBroker is a broker in memory whose connections break when a test says so. Every user of it has a connection of
// its own: see link.
type fakeBroker struct {
	mu     sync.Mutex
	queues map[string][]fakeMessage
	inbox  int
	wake   chan struct{} // closed and replaced with each change
}

type fakeMessage struct {
	broker.Message
	redelivered bool
}

func newFakeBroker() *fakeBroker {
	b := &fakeBroker{queues: map[string][]fakeMessage{}, wake: make(chan struct{})}
	for _, q := range topology.Default().Queues {
		b.queues[q.Name] = nil
	}
	return b
}

// changed wakes all who wait. b.mu is held.
func (b *fakeBroker) changed() {
	close(b.wake)
	b.wake = make(chan struct{})
}

func (b *fakeBroker) put(queue string, m broker.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.queues[queue]; !ok {
		return broker.ErrUnroutable
	}
	b.queues[queue] = append(b.queues[queue], fakeMessage{Message: m})
	b.changed()
	return nil
}

// each looks at the messages that are ready.
func (b *fakeBroker) each(queue string, look func(broker.Message)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.queues[queue] {
		look(m.Message)
	}
}

func (b *fakeBroker) ready(queue string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.queues[queue])
}

// link is one process's connection; it implements broker.Broker.
type link struct {
	b *fakeBroker
	// publish, where set, is asked first; its error is the publish's, and taken says whether the broker has the message.
	publish func(queue string, m broker.Message) (taken bool, err error)

	mu    sync.Mutex // after b.mu where both are held
	up    bool
	epoch int
	down  chan struct{} // closed when the connection of this epoch breaks
}

func newLink(b *fakeBroker) *link { return &link{b: b, up: true, down: make(chan struct{})} }

// cut breaks the connection; restore brings a new one.
func (l *link) cut() {
	l.mu.Lock()
	if l.up {
		l.up = false
		close(l.down)
	}
	l.mu.Unlock()
	l.b.mu.Lock()
	l.b.changed()
	l.b.mu.Unlock()
}

func (l *link) restore() {
	l.mu.Lock()
	if !l.up {
		l.up = true
		l.epoch++
		l.down = make(chan struct{})
	}
	l.mu.Unlock()
	l.b.mu.Lock()
	l.b.changed()
	l.b.mu.Unlock()
}

func (l *link) state() (bool, chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up, l.down
}

func (l *link) Publish(ctx context.Context, queue string, m broker.Message) error {
	if up, _ := l.state(); !up {
		return broker.ErrUnavailable
	}
	if l.publish != nil {
		taken, err := l.publish(queue, m)
		if taken {
			_ = l.b.put(queue, m)
		}
		if err != nil {
			return err
		}
		if taken {
			return ctx.Err()
		}
	}
	return l.b.put(queue, m)
}

type fakeLease struct {
	l       *link
	queue   string
	mu      sync.Mutex
	gone    bool
	unacked map[uint64]fakeMessage
}

func (f *fakeLease) Settle(tag uint64, o broker.Outcome) error {
	f.mu.Lock()
	m, ok := f.unacked[tag]
	gone := f.gone
	delete(f.unacked, tag)
	f.mu.Unlock()
	if gone || !ok {
		return broker.ErrStaleDelivery
	}
	b := f.l.b
	b.mu.Lock()
	defer b.mu.Unlock()
	switch o {
	case broker.Requeued:
		m.redelivered = true
		b.queues[f.queue] = append([]fakeMessage{m}, b.queues[f.queue]...)
	case broker.DeadLettered:
		b.queues[topology.OrdersDead] = append(b.queues[topology.OrdersDead], m)
	}
	b.changed()
	return nil
}

// fall returns what is unacked to the queue.
func (f *fakeLease) fall() {
	f.mu.Lock()
	f.gone = true
	back := f.unacked
	f.unacked = map[uint64]fakeMessage{}
	f.mu.Unlock()
	tags := make([]uint64, 0, len(back))
	for t := range back {
		tags = append(tags, t)
	}
	slices.Sort(tags)
	b := f.l.b
	b.mu.Lock()
	defer b.mu.Unlock()
	var again []fakeMessage
	for _, t := range tags {
		m := back[t]
		m.redelivered = true
		again = append(again, m)
	}
	if _, ok := b.queues[f.queue]; ok {
		b.queues[f.queue] = append(again, b.queues[f.queue]...)
	}
	b.changed()
}

func (l *link) PublishAll(ctx context.Context, queue string, messages []broker.Message) []error {
	answers := make([]error, len(messages))
	for i, m := range messages {
		answers[i] = l.Publish(ctx, queue, m)
	}
	return answers
}

func (l *link) Consume(ctx context.Context, s broker.Subscription) error {
	for {
		up, down := l.state()
		l.b.mu.Lock()
		wake := l.b.wake
		l.b.mu.Unlock()
		if up {
			if err := l.serve(ctx, s, down); err != nil {
				return err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		}
	}
}

// serve delivers until the connection breaks (nil) or ctx ends.
func (l *link) serve(ctx context.Context, s broker.Subscription, down chan struct{}) error {
	b := l.b
	f := &fakeLease{l: l, queue: s.Queue, unacked: map[uint64]fakeMessage{}}
	if s.Queue == "" {
		b.mu.Lock()
		b.inbox++
		f.queue = fmt.Sprintf("amq.gen-%d", b.inbox)
		b.queues[f.queue] = nil
		b.mu.Unlock()
	}
	if s.Up != nil {
		s.Up(f.queue)
	}
	tag := uint64(0)
	for {
		b.mu.Lock()
		wake := b.wake
		f.mu.Lock()
		var d *broker.Delivery
		select {
		case <-down:
		default:
			if q := b.queues[f.queue]; ctx.Err() == nil && len(q) > 0 && len(f.unacked) < s.Prefetch {
				tag++
				b.queues[f.queue] = q[1:]
				f.unacked[tag] = q[0]
				r := broker.FirstDelivery
				if q[0].redelivered {
					r = broker.Redelivered
				}
				x := broker.NewDelivery(q[0].Message, f.queue, r, f, tag)
				d = &x
			}
		}
		f.mu.Unlock()
		b.mu.Unlock()
		if d != nil {
			s.Handle(*d)
			continue
		}
		select {
		case <-down:
			if s.Queue == "" {
				b.mu.Lock()
				delete(b.queues, f.queue)
				b.mu.Unlock()
			}
			f.fall()
			if s.Down != nil {
				s.Down(broker.ErrUnavailable)
			}
			return nil
		case <-ctx.Done():
			go func() { // what it saw can be settled for as long as the connection lasts
				<-down
				f.fall()
			}()
			if s.Down != nil {
				s.Down(ctx.Err())
			}
			return ctx.Err()
		case <-wake:
		}
	}
}

func (l *link) Declare(context.Context, topology.Topology) error { return nil }
func (l *link) Delete(context.Context, string) error             { return nil }
func (l *link) Depth(_ context.Context, queue string) (broker.Depth, error) {
	return broker.Depth{Ready: l.b.ready(queue)}, nil
}
func (l *link) Browse(context.Context, string, broker.BrowseLimit, func(broker.Delivery)) (int, error) {
	return 0, broker.ErrUnavailable // soldiers don't
}
func (l *link) Ping(context.Context) error { return nil }
func (l *link) Health() broker.Health {
	up, _ := l.state()
	return broker.Health{Connected: up}
}
func (l *link) Close(context.Context) error { l.cut(); return nil }

var _ broker.Broker = (*link)(nil)
var _ = time.Second
