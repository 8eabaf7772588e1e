package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

// missions is what the reader needs of a commander: a client.Client.
type missions interface {
	Events(ctx context.Context, o client.EventsOptions) iter.Seq2[client.Event, error]
	List(ctx context.Context, o client.ListOptions) iter.Seq2[contracts.Mission, error]
}

// sink is told of failed missions. An error means that it did not take it, and is told again.
type sink interface {
	Failed(ctx context.Context, m contracts.Mission) error
}

// reader follows missions.
type reader struct {
	missions missions
	sink     sink
	state    *state
	// firstDelay and maxDelay bound the wait before a sink, or a list, that failed is tried again.
	firstDelay, maxDelay time.Duration
	log                  *log.Logger
}

// run follows the stream until ctx ends, which is no error, or the commander refuses for good.
func (r *reader) run(ctx context.Context) error {
	for e, err := range r.missions.Events(ctx, client.EventsOptions{LastEventID: r.state.LastEventID}) {
		if err == nil {
			err = r.handle(ctx, e)
		}
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return errors.Join(err, r.state.write())
		}
	}
	return r.state.write()
}

// handle takes one event, and remembers that it did.
func (r *reader) handle(ctx context.Context, e client.Event) error {
	switch e.Type {
	case client.EventMission:
		m, err := e.Mission()
		if err != nil {
			return err
		}
		if err := r.look(ctx, m); err != nil {
			return err
		}
	case client.EventReset:
		r.log.Print("events were missed that can't be had any more: looking through the failed missions")
		if err := r.catchUp(ctx); err != nil {
			return err
		}
	case client.EventConnected:
		r.log.Print("following events")
	case client.EventDisconnected:
		r.log.Printf("events broke off, connecting again: %v", e.Err)
		return nil
	default: // stats, soldiers, health: nothing for this reader
	}
	return r.state.passed(e.ID, time.Now())
}

// look tells of the mission if it failed and that was not told before.
func (r *reader) look(ctx context.Context, m contracts.Mission) error {
	if m.Status == contracts.StatusFailed && !r.state.told(m) {
		if err := r.insist(ctx, "telling of a failed mission", func() error { return r.sink.Failed(ctx, m) }); err != nil {
			return err
		}
	}
	r.state.saw(m)
	return nil
}

// catchUp looks at all failed missions that changed since the last one that was seen. The list is by creation, so each has
// to be looked at; a reset is rare.
func (r *reader) catchUp(ctx context.Context) error {
	since := r.state.since()
	return r.insist(ctx, "listing the failed missions", func() error {
		var missed []contracts.Mission
		for m, err := range r.missions.List(ctx, client.ListOptions{Status: contracts.StatusFailed, PageSize: contracts.MaxListLimit}) {
			if err != nil {
				return err
			}
			if !m.UpdatedAt.Before(since) {
				missed = append(missed, m)
			}
		}
		for _, m := range slices.Backward(missed) { // oldest first, as events come
			if err := r.look(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// insist does something until it succeeds or ctx ends, or the commander refuses for good.
func (r *reader) insist(ctx context.Context, what string, do func() error) error {
	for delay := r.firstDelay; ; delay = min(2*delay, r.maxDelay) {
		err := do()
		var refused *client.Problem
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &refused) && !client.Temporary(err):
			return fmt.Errorf("%s: %w", what, err)
		}
		r.log.Printf("%s failed, trying again in %v: %v", what, delay, err)
		wait := time.NewTimer(delay)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
	}
}
