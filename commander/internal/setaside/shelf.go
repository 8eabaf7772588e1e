package setaside

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

const (
	// scanMessages and scanBytes are how much of a queue one call looks at, from its front, whichever is reached first: of
	// submissions of the largest size that are 32.
	scanMessages = 10_000
	scanBytes    = 256 << 20
	// tries and again are for an action by id: another call may have the message on loan just now.
	tries = 4
	again = 400 * time.Millisecond
)

// Errors of a Shelf.
var (
	// ErrNotFound: no message has the id, or another call has it just now.
	ErrNotFound = errors.New("no set-aside message has that id")
	// ErrNoTarget: it is not known where the message came from, or that queue is no more.
	ErrNoTarget = errors.New("the message came from no queue that is known and still there")
	// ErrBusy: the time was up before other calls were done. Nothing was done.
	ErrBusy = errors.New("another call has what is set aside")
	// ErrUnavailable: the broker did not do it. It may have been done, or be done in part.
	ErrUnavailable = errors.New("the broker is not available")
)

// Broker is what a Shelf needs of a broker.
type Broker interface {
	broker.Publisher
	broker.Browser
	Depth(ctx context.Context, queue string) (broker.Depth, error)
}

// Action is what becomes of messages.
type Action string

// The actions.
const (
	Resend Action = "resend"
	Drop   Action = "drop"
)

// Filter chooses messages: the ones with an ID, or those of a queue, and there of a reason. Empty fields choose all.
type Filter struct {
	ID, Queue, Reason string
}

func (f Filter) fits(m Message) bool {
	return (f.ID == "" || f.ID == m.ID) && (f.Reason == "" || f.Reason == m.Reason)
}

func (f Filter) queues() []string {
	if f.Queue != "" {
		return []string{f.Queue}
	}
	return Queues()
}

// Count is how many messages of a queue have a reason.
type Count struct {
	Queue    string `json:"queue"`
	Reason   string `json:"reason"`
	Messages int    `json:"messages"`
}

// Listing is what a List saw.
type Listing struct {
	// Messages are those that fit, of each queue the oldest first, as a rule: what was looked at before may come first.
	Messages []Message `json:"messages"`
	// Counts are of all that fits.
	Counts []Count `json:"counts"`
	// Complete: all that waited was looked at, and all that fits is in Messages. What another call holds is never seen. What lies behind
	// the first scanMessages messages of a queue, or its first scanBytes, is not looked at, nor counted.
	Complete bool `json:"complete"`
}

// Done is what an action did.
type Done struct {
	// Messages were sent again, or dropped.
	Messages int `json:"messages"`
	// Skipped fit, but can't be sent again: it is not known where they came from, or that queue is no more.
	Skipped int `json:"skipped"`
	// Complete: all was looked at, and nothing that fits was left for another call.
	Complete bool `json:"complete"`
}

// Shelf gives access to what was set aside.
type Shelf struct {
	broker Broker
	did    func(a Action, messages int)
	log    *zap.Logger
	limit  broker.BrowseLimit
	// turn has an item while a call is under way.
	turn chan struct{}
}

// New returns a shelf. did counts what was acted upon.
func New(b Broker, did func(a Action, messages int), log *zap.Logger) *Shelf {
	return &Shelf{
		broker: b, did: did, log: log.Named("setaside"), turn: make(chan struct{}, 1),
		limit: broker.BrowseLimit{Messages: scanMessages, Bytes: scanBytes},
	}
}

// List looks at what fits, and returns up to limit of it.
func (s *Shelf) List(ctx context.Context, f Filter, limit int) (Listing, error) {
	release, err := s.take(ctx)
	if err != nil {
		return Listing{}, err
	}
	defer release()
	l := Listing{Complete: true}
	counts := map[Count]int{}
	for _, queue := range f.queues() {
		complete, err := s.scan(ctx, queue, func(d broker.Delivery) {
			m := describe(d)
			if !f.fits(m) {
				return
			}
			counts[Count{Queue: queue, Reason: m.Reason}]++
			if len(l.Messages) == limit {
				l.Complete = false
				return
			}
			m.show(d.Body)
			l.Messages = append(l.Messages, m)
		})
		if err != nil {
			return Listing{}, err
		}
		l.Complete = l.Complete && complete
	}
	for c, n := range counts {
		c.Messages = n
		l.Counts = append(l.Counts, c)
	}
	slices.SortFunc(l.Counts, func(a, b Count) int { return cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Reason, b.Reason)) })
	return l, nil
}

// Act acts upon all that fits. By id it is ErrNotFound where nothing does, and ErrNoTarget where it can't be sent again.
func (s *Shelf) Act(ctx context.Context, a Action, f Filter) (Done, error) {
	release, err := s.take(ctx)
	if err != nil {
		return Done{}, err
	}
	defer release()
	done, err := s.act(ctx, a, f)
	for try := 1; err == nil && f.ID != "" && done.Messages+done.Skipped == 0 && try < tries; try++ {
		select {
		case <-ctx.Done():
			return Done{}, fmt.Errorf("%w: %s: %w", ErrBusy, a, ctx.Err())
		case <-time.After(again):
		}
		done, err = s.act(ctx, a, f)
	}
	if done.Messages > 0 {
		s.did(a, done.Messages)
		s.log.Info("set-aside messages acted upon", zap.String("action", string(a)), zap.String("queue", f.Queue),
			zap.String("reason", f.Reason), zap.String("id", f.ID), zap.Int("messages", done.Messages))
	}
	switch {
	case err != nil:
		return done, err
	case f.ID != "" && done.Skipped > 0:
		return done, ErrNoTarget
	case f.ID != "" && done.Messages == 0:
		return done, ErrNotFound
	}
	return done, nil
}

// act goes through the queues once. What was sent may be refused again at once, and then lies here as the same message: sent
// once more it could go round and round, and acked without that it would be lost. So it is left for another call.
func (s *Shelf) act(ctx context.Context, a Action, f Filter) (Done, error) {
	done := Done{Complete: true}
	sent := map[string]bool{}
	for _, queue := range f.queues() {
		var failed error
		complete, err := s.scan(ctx, queue, func(d broker.Delivery) {
			m := describe(d)
			if failed != nil || !f.fits(m) {
				return
			}
			if a == Resend {
				if sent[m.ID] {
					done.Complete = false
					return
				}
				to, known := m.target()
				if !known {
					done.Skipped++
					return
				}
				err := s.broker.Publish(ctx, to, original(d))
				if errors.Is(err, broker.ErrUnroutable) {
					done.Skipped++
					return
				}
				if err != nil {
					failed = fmt.Errorf("%w: send again to %s: %w", ErrUnavailable, to, err)
					return
				}
				sent[m.ID] = true
			}
			if err := d.Ack(); err != nil {
				failed = fmt.Errorf("%w: take from %s: %w", ErrUnavailable, queue, err)
				return
			}
			done.Messages++
		})
		if err := cmp.Or(failed, err); err != nil {
			return done, err
		}
		done.Complete = done.Complete && complete
	}
	return done, nil
}

// scan looks through a queue, and tells whether it saw all of it: what was ready and did not come has somebody else.
func (s *Shelf) scan(ctx context.Context, queue string, look func(broker.Delivery)) (complete bool, err error) {
	before, err := s.broker.Depth(ctx, queue)
	n, size := 0, 0
	if err == nil {
		n, err = s.broker.Browse(ctx, queue, s.limit, func(d broker.Delivery) {
			size += len(d.Body)
			look(d)
		})
	}
	switch {
	case errors.Is(err, broker.ErrUnroutable):
		return true, nil // the broker was wiped: it has nothing
	case err != nil:
		return false, fmt.Errorf("%w: look through %s: %w", ErrUnavailable, queue, err)
	}
	return n >= before.Ready && !s.limit.Reached(n, size), nil
}

// take waits for the call's turn.
func (s *Shelf) take(ctx context.Context) (release func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
}
