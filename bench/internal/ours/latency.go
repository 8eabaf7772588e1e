package ours

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/contender"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

// Latencies sees missions' ends on GET /events, and at low rates, in a second pass, by GET /missions/{id} each millisecond.
func (o *Ours) Latencies(ctx context.Context, rate float64, jobs int) (map[string][]time.Duration, error) {
	out := map[string][]time.Duration{}
	var err error
	if out[contender.ByEvent], err = o.byEvent(ctx, rate, jobs); err != nil || rate > readRate {
		return out, err
	}
	out[contender.ByRead], err = o.byRead(ctx, rate, jobs)
	return out, err
}

// readRate is the highest rate at which reading each mission every millisecond does not change what it measures.
const readRate = 300

func (o *Ours) byEvent(ctx context.Context, rate float64, jobs int) ([]time.Duration, error) {
	w := contender.NewWatch(jobs)
	listening, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	open := make(chan struct{})
	go func() { cancel(o.listen(listening, w, open)) }()
	select {
	case <-open:
	case <-listening.Done():
		return nil, context.Cause(listening)
	}
	if err := o.pace(listening, rate, jobs, func(context.Context, string) error { return nil }, w); err != nil {
		return nil, err
	}
	return w.Await(listening)
}

// listen closes open once the stream stands, and lasts as long as the stream.
func (o *Ours) listen(ctx context.Context, w *contender.Watch, open chan<- struct{}) error {
	for e, err := range o.client.Events(ctx, client.EventsOptions{}) {
		if err != nil {
			return err
		}
		switch e.Type {
		case client.EventConnected:
			close(open)
		case client.EventDisconnected:
			return fmt.Errorf("the stream of events broke: %w", e.Err)
		case client.EventMission:
			m, err := e.Mission()
			if err != nil {
				return err
			}
			if m.Status == contracts.StatusCompleted {
				w.Seen(m.MissionID)
			}
		}
	}
	return errors.New("the stream of events ended")
}

func (o *Ours) byRead(ctx context.Context, rate float64, jobs int) ([]time.Duration, error) {
	w := contender.NewWatch(jobs)
	err := o.pace(ctx, rate, jobs, func(ctx context.Context, id string) error {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			m, err := o.client.Get(ctx, id)
			if err != nil {
				return err
			}
			if m.Status == contracts.StatusCompleted {
				w.Seen(id)
				return nil
			}
			<-tick.C
		}
	}, w)
	if err != nil {
		return nil, err
	}
	return w.Await(ctx)
}

// pace posts missions on schedule, and follows each.
func (o *Ours) pace(ctx context.Context, rate float64, jobs int, follow func(context.Context, string) error, w *contender.Watch) error {
	return contender.Pace(ctx, rate, jobs, func(ctx context.Context, _ int, due time.Time) error {
		id, err := o.load.single()
		if err != nil {
			return err
		}
		w.Due(id, due)
		return follow(ctx, id)
	})
}
