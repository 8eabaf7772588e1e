package client

import (
	"context"
	"fmt"
	"time"
)

// safetyNet is how often Wait reads the mission though no event came.
const safetyNet = 15 * time.Second

// Wait returns the mission once it is COMPLETED, FAILED or CANCELLED. It follows the mission's events, and reads it when
// the stream stands, when it was reset, and every 15 s. A commander that is away is waited for; bound the wait by ctx.
func (c *Client) Wait(ctx context.Context, id string) (Mission, error) {
	followCtx, cancel := context.WithCancel(ctx)
	look := make(chan error, 1) // nil: read the mission; an error ends the stream
	done := make(chan struct{})
	defer func() { cancel(); <-done }()
	go func() {
		defer close(done)
		c.nudge(followCtx, id, look)
	}()

	tick := time.NewTicker(safetyNet)
	defer tick.Stop()
	for {
		select {
		case err := <-look:
			if err != nil {
				return Mission{}, err
			}
		case <-tick.C:
		case <-ctx.Done():
			return Mission{}, fmt.Errorf("waiting for mission %s: %w", id, context.Cause(ctx))
		}
		m, err := c.Get(ctx, id)
		switch {
		case err == nil && m.Status.Terminal():
			return m, nil
		case err != nil && !Temporary(err):
			return Mission{}, err
		}
	}
}

// nudge sends nil whenever the mission may have ended, and at last the stream's error.
func (c *Client) nudge(ctx context.Context, id string, look chan error) {
	for e, err := range c.Events(ctx, EventsOptions{MissionID: id}) {
		switch {
		case err != nil:
			select {
			case look <- err:
			case <-ctx.Done():
			}
			return
		case e.Type == EventConnected, e.Type == EventReset, e.Type == EventMission && ended(e):
			select {
			case look <- nil:
			default: // a look is already asked for, and will see this change too
			}
		}
	}
}

func ended(e Event) bool {
	m, err := e.Mission()
	return err != nil || m.Status.Terminal() // what can't be read is worth a look
}
