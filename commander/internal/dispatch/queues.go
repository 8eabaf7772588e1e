package dispatch

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// Sent is the shelf of missions whose order lies in the queue.
func Sent(queue string) string { return "sent:" + queue }

// waiting is the shelf of missions whose order waits until the queue has room.
func waiting(queue string) string { return "waiting:" + queue }

const (
	measureEvery   = time.Second
	measureTimeout = 2 * time.Second
	// emptyFor is for how long a queue must have been found empty before that is believed: a queue whose leader is slow
	// or is being elected says that it is empty, too (RabbitMQ waits 250 ms for it), and that it has no consumers.
	emptyFor = time.Minute
)

// turn says which order comes first where others wait.
type turn int

const (
	isNew  turn = iota // goes behind those that wait
	isNext             // has waited, or is the store's to send: goes where there is room
)

// ending says how a try to publish ended.
type ending int

const (
	notPublished ending = iota
	published
)

// queues is what is known of the orders queues. It is safe for concurrent use.
type queues struct {
	window int
	open   func(name string) bool

	mu    sync.Mutex
	known map[string]*queueState
}

type queueState struct {
	// ready messages were at the broker when it was asked last, recent orders were published by us since, and under way are
	// those that have a place and are not published yet.
	ready, recent, underWay int
	// backlog: missions wait for room.
	backlog bool
	// lookedAt is when it was looked whether some wait; zero where the queue was closed since.
	lookedAt time.Time
	// passed is a moment: what was published before it has left the queue. It was learnt at passedAt.
	passed   contracts.Time
	passedAt time.Time
	// emptySince is since when the queue has been found empty without a break; zero where it has not.
	emptySince time.Time
}

func newQueues(window int, open func(string) bool) *queues {
	return &queues{window: window, open: open, known: map[string]*queueState{}}
}

// keep forgets all queues but some and those with orders under way, and returns what it forgot.
func (q *queues) keep(names []string) (gone []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, name := range names {
		q.of(name)
	}
	if len(q.known) == len(names) {
		return nil
	}
	for name, s := range q.known {
		if s.underWay == 0 && !slices.Contains(names, name) {
			delete(q.known, name)
			gone = append(gone, name)
		}
	}
	return gone
}

// of returns the state of a queue. Callers hold mu.
func (q *queues) of(name string) *queueState {
	s := q.known[name]
	if s == nil {
		s = &queueState{}
		q.known[name] = s
	}
	return s
}

// roomIn is how many more orders a queue may get: none where it is closed. Callers hold mu.
func (q *queues) roomIn(name string, s *queueState) int {
	if !q.open(name) {
		s.lookedAt = time.Time{}
		return 0
	}
	return max(q.window-s.ready-s.recent-s.underWay, 0)
}

// enter gives an order a place in its queue, or tells that it has to wait.
func (q *queues) enter(name string, t turn) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.of(name)
	full := q.roomIn(name, s) == 0
	s.backlog = s.backlog || full
	if full || t == isNew && s.backlog {
		return false
	}
	s.underWay++
	return true
}

// crowded ends what enter began where there was no room here: what comes now waits in the store, behind what does already.
func (q *queues) crowded(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.of(name)
	s.underWay--
	s.backlog = true
}

// leave ends what enter began.
func (q *queues) leave(name string, e ending) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.of(name)
	s.underWay--
	if e == published {
		s.recent++
	}
}

func (q *queues) room(name string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.roomIn(name, q.of(name))
}

// deep tells whether so much lies in the queue that every soldier has as many messages as it may have.
func (q *queues) deep(name string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.of(name).ready >= packFrom
}

func (q *queues) anyFull() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for name, s := range q.known {
		if q.roomIn(name, s) == 0 {
			return true
		}
	}
	return false
}

// lookEvery is how often it is looked whether other commanders have missions wait for a queue, where none of ours do.
const lookEvery = time.Second

// mayWait tells whether it is time to look for missions that wait for room in a queue.
func (q *queues) mayWait(name string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.of(name)
	if !s.backlog && time.Since(s.lookedAt) < lookEvery {
		return false
	}
	s.lookedAt = time.Now()
	return true
}

// noteBacklog notes whether there may be missions that wait.
func (q *queues) noteBacklog(name string, some bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.of(name).backlog = some
}

// measured notes how full a queue was after recent orders of ours had been published.
func (q *queues) measured(name string, ready, recent int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.of(name)
	s.ready, s.recent = ready, s.recent-recent
}

func (q *queues) recent(name string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.of(name).recent
}

// pass notes a moment, unless a later one is known that was learnt after since.
func (q *queues) pass(name string, moment contracts.Time, since time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if s := q.of(name); moment.After(s.passed.Time) || s.passedAt.Before(since) {
		s.passed, s.passedAt = moment, time.Now()
	}
}

// notEmpty notes that a queue is not known to be empty.
func (q *queues) notEmpty(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.of(name).emptySince = time.Time{}
}

// empty notes that a queue was found empty at a moment, and returns for how long it has been.
func (q *queues) empty(name string, at time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.of(name)
	if s.emptySince.IsZero() {
		s.emptySince = at
	}
	return at.Sub(s.emptySince)
}

// Claimed says that an order which the queue delivered for the first time was dispatched at a moment: what was published
// before has left the queue.
func (d *Dispatcher) Claimed(queue string, dispatched contracts.Time) {
	if now := d.Now(); dispatched.After(now.Time) {
		dispatched = now // whatever a soldier says: no order comes from the future
	}
	d.pass(queue, dispatched)
}

// Passed returns a moment: what was published to the queue before it was delivered to somebody, or is lost. It is zero
// until something is known, and again after a break: what was learnt before may hang on a clock that was set since.
func (d *Dispatcher) Passed(queue string) contracts.Time {
	since := d.unbrokenSince()
	d.queues.mu.Lock()
	defer d.queues.mu.Unlock()
	if s := d.queues.of(queue); !s.passedAt.Before(since) {
		return s.passed
	}
	return contracts.Time{}
}

func (d *Dispatcher) unbrokenSince() time.Time { return time.Now().Add(-d.Unbroken()) }

// measureAll asks the broker how full the queues are. What is not known counts as it was.
func (d *Dispatcher) measureAll(ctx context.Context) {
	d.readSoldiers(ctx)
	for _, name := range d.Queues() {
		if d.Connected() {
			d.measure(ctx, name)
		} else {
			d.queues.notEmpty(name)
		}
	}
}

func (d *Dispatcher) measure(ctx context.Context, name string) {
	askCtx, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	recent, asked, at := d.queues.recent(name), d.Now(), time.Now()
	depth, err := d.Broker.Depth(askCtx, name)
	if err != nil || depth.Ready > 0 || depth.Consumers == 0 {
		d.queues.notEmpty(name)
	} else if d.queues.empty(name, at) >= emptyFor {
		d.pass(name, asked)
	}
	switch {
	case errors.Is(err, broker.ErrUnroutable):
		depth = broker.Depth{} // no queue, no orders
	case err != nil:
		d.log.Debug("queue not measured", zap.String("queue", name), zap.Error(err))
		return
	}
	d.queues.measured(name, depth.Ready, recent)
}

func (d *Dispatcher) pass(queue string, moment contracts.Time) {
	d.queues.pass(queue, moment, d.unbrokenSince())
}
