package membroker

import (
	"context"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// subscription is one Consume call. Its server's mutex guards stands.
type subscription struct {
	broker.Subscription
	stands bool
}

func (s *subscription) name() string {
	if s.Queue == "" {
		return "inbox"
	}
	return s.Queue
}

// Consume implements broker.Consumer. Prefetch is at most 65535.
func (c *Client) Consume(ctx context.Context, wanted broker.Subscription) error {
	if wanted.Handle == nil || wanted.Prefetch < 1 || wanted.Prefetch > maxPrefetch || len(wanted.Queue) > maxName {
		return fmt.Errorf("consuming %q: needs a Handle, a Prefetch from 1 to %d, and a name of at most %d bytes",
			wanted.Queue, maxPrefetch, maxName)
	}
	s := &subscription{Subscription: wanted}
	if err := c.enter(s); err != nil {
		return err
	}
	defer c.leave(s)
	for {
		l, changed := c.subscribe(s)
		if l != nil {
			c.run(ctx, s, l)
			changed = nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if changed == nil {
			if c.over() {
				return broker.ErrClosed
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.closed:
			return broker.ErrClosed
		}
	}
}

// subscribe makes a lease, or returns what to wait for before it tries again.
func (c *Client) subscribe(s *subscription) (*lease, <-chan struct{}) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.conn == nil {
		return nil, c.server.changed
	}
	if s.Queue == "" {
		s.stands = true
		return newLease(c.server, c.conn, c.server.inbox(c.conn), s.Prefetch), nil
	}
	q, err := c.server.open(s.Queue, c.conn)
	if err != nil {
		return nil, c.server.changed
	}
	s.stands = true
	return newLease(c.server, c.conn, q, s.Prefetch), nil
}

// run delivers until ctx ends or the lease falls.
func (c *Client) run(ctx context.Context, s *subscription, l *lease) {
	// The server is told even while a Handle call still runs.
	stop := context.AfterFunc(ctx, l.retire)
	defer stop()
	if s.Up != nil {
		s.Up(l.queue.Name)
	}
	for {
		d, err := l.await(ctx)
		if err != nil {
			l.retire()
			c.down(s)
			if s.Down != nil {
				s.Down(err)
			}
			return
		}
		s.Handle(d)
	}
}

func (c *Client) down(s *subscription) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	s.stands = false
}

// enter counts a Consume call, which Close waits for.
func (c *Client) enter(s *subscription) error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if c.ended {
		return broker.ErrClosed
	}
	c.subscriptions[s] = struct{}{}
	return nil
}

func (c *Client) leave(s *subscription) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	delete(c.subscriptions, s)
	if c.ended && len(c.subscriptions) == 0 {
		close(c.idle)
	}
}

func (c *Client) over() bool {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	return c.ended
}
