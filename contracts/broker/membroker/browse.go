package membroker

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// Browse implements broker.Browser, over a lease that is no consumer.
func (c *Client) Browse(ctx context.Context, queue string, limit broker.BrowseLimit, look func(broker.Delivery)) (int, error) {
	seen, err := c.browse(ctx, queue, limit, look)
	if err != nil {
		return seen, fmt.Errorf("browsing %s: %w", queue, err)
	}
	return seen, nil
}

func (c *Client) browse(ctx context.Context, queue string, limit broker.BrowseLimit, look func(broker.Delivery)) (int, error) {
	opened := make(chan *lease, 1)
	if err := c.ask(ctx, func(k *connection) error {
		q, err := c.server.open(queue, k)
		if err != nil {
			return err
		}
		l := &lease{
			server: c.server, conn: k, queue: q, wake: make(chan struct{}, 1),
			loans: make(map[uint64]*message), lent: make(map[uint64]struct{}), standing: true, browsing: true,
		}
		k.leases = append(k.leases, l)
		opened <- l
		return nil
	}); err != nil {
		return 0, err
	}
	l := <-opened
	defer l.endBrowsing()
	seen, size := 0, 0
	for !limit.Reached(seen, size) {
		if err := c.ask(ctx, func(*connection) error { l.get(); return nil }); err != nil {
			return seen, err
		}
		d, ok, err := l.next(ctx)
		if err != nil {
			return seen, fmt.Errorf("%w (%w)", broker.ErrUnavailable, err)
		}
		if !ok {
			return seen, nil
		}
		look(d)
		seen, size = seen+1, size+len(d.Body)
	}
	return seen, nil
}

// get lends the next message, if there is one.
func (l *lease) get() {
	l.queue.expire()
	if len(l.queue.ready) > 0 && !l.gone {
		l.take(l.queue.pop())
	}
}

// endBrowsing gives back what was not settled, in the old order. Nothing can be settled after that.
func (l *lease) endBrowsing() {
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	if l.gone {
		return
	}
	l.gone, l.standing, l.buffer = true, false, nil
	l.conn.send(func() {
		var back []*message
		for _, m := range l.loans {
			back = append(back, m)
		}
		slices.SortFunc(back, func(a, b *message) int { return cmp.Compare(a.sequence, b.sequence) })
		clear(l.loans)
		l.leaveWhenDone()
		l.queue.giveBack(back...)
	})
}
