// Package depths has all who look at the queues' depths share one look.
//
// Each queue costs the broker a question. Dashboards, event streams, scripts and scrapers may ask many times a second, and
// need not be told of the same second anew.
package depths

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// MaxAge is how old what is told may be.
const MaxAge = time.Second

// Broker is asked: a broker.Broker.
type Broker interface {
	Depth(ctx context.Context, queue string) (broker.Depth, error)
}

// Depths remembers for MaxAge how full each queue is. It is safe for concurrent use.
type Depths struct {
	broker Broker

	mu    sync.Mutex
	looks map[string]*look
}

// look is the last one at a queue.
type look struct {
	turn  chan struct{} // who has put something in may ask, and write the rest
	at    time.Time     // before it was asked
	depth broker.Depth
	err   error
}

// New returns depths that know nothing yet.
func New(b Broker) *Depths { return &Depths{broker: b, looks: map[string]*look{}} }

// Depth tells how full a queue was within the last MaxAge, as broker.Broker's Depth does. Only one asks for a queue at a time.
// That the broker is away is not remembered.
func (d *Depths) Depth(ctx context.Context, queue string) (broker.Depth, error) {
	l := d.look(queue)
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return broker.Depth{}, fmt.Errorf("%w: %w", broker.ErrUnavailable, ctx.Err())
	}
	if at := time.Now(); l.at.IsZero() || at.Sub(l.at) >= MaxAge {
		depth, err := d.broker.Depth(ctx, queue)
		if err != nil && !errors.Is(err, broker.ErrUnroutable) {
			return broker.Depth{}, err //nolint:wrapcheck // the broker's own
		}
		l.at, l.depth, l.err = at, depth, err
	}
	return l.depth, l.err
}

func (d *Depths) look(queue string) *look {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.looks[queue]
	if l == nil {
		l = &look{turn: make(chan struct{}, 1)}
		d.looks[queue] = l
	}
	return l
}
