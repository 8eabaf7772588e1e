package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

const (
	// depthLimit bounds the time that the depths of all queues may take.
	depthLimit = time.Second
	// depthsFor is how old depths may be when they are told. Each costs the broker a question, whoever asks for them: so however
	// many ask, and how often, the broker is asked once in that time.
	depthsFor = 500 * time.Millisecond
)

// depths is how full the queues were a moment ago.
type depths struct {
	names []string
	ask   Depths
	// turn has an item while somebody holds the rest.
	turn chan struct{}
	at   time.Time
	last []queue
}

func newDepths(names []string, ask Depths) *depths {
	return &depths{names: names, ask: ask, turn: make(chan struct{}, 1)}
}

// look returns the queues whose depth can be had. That RabbitMQ is away is the health's to say, not an error here.
func (d *depths) look(ctx context.Context) []queue {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return []queue{}
	}
	if !d.at.IsZero() && time.Since(d.at) < depthsFor {
		return d.last
	}
	limited, cancel := context.WithTimeout(ctx, depthLimit)
	defer cancel()
	found := make([]queue, 0, len(d.names))
	for _, name := range d.names {
		is, err := d.ask.Depth(limited, name)
		if err == nil {
			found = append(found, queue{Name: name, Ready: is.Ready, Consumers: is.Consumers})
		} else if !errors.Is(err, broker.ErrUnroutable) {
			break // the others would fail, or wait, as well
		}
	}
	if ctx.Err() == nil { // else it is this caller who had no patience
		d.at, d.last = time.Now(), found
	}
	return found
}
