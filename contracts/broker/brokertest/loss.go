package brokertest

import (
	"context"
	"errors"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// testDisconnect: all comes back by itself, nothing acked comes again, all unacked does.
func testDisconnect(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, "acked", "kept")
	c := k.standing(b, queue, 2)
	got := c.want("acked", "kept")
	k.ack(got[0])
	// The prefetch has room for this only once the broker has the ack.
	k.publish(b, queue, "unacked")
	got = append(got, c.want("unacked")...)
	k.features.Disconnect(k.T, b)
	c.down()
	c.up()
	for range 2 {
		d := c.next()
		if string(d.Body) == "acked" || !d.Redelivered {
			k.Errorf("after the loss came %q, redelivered %v", d.Body, d.Redelivered)
		}
		k.ack(d)
	}
	k.publishAgain(b, queue, "new")
	if d := c.next(); string(d.Body) != "new" || d.Redelivered {
		k.Errorf("then came %q, redelivered %v, want a new message", d.Body, d.Redelivered)
	} else {
		k.ack(d)
	}
	for _, d := range got[1:] {
		if err := d.Ack(); !errors.Is(err, broker.ErrStaleDelivery) {
			k.Errorf("Ack of what was delivered before the loss: %v, want ErrStaleDelivery", err)
		}
	}
	k.eventually("health is restored", func() bool {
		h := b.Health()
		return h.Connected && h.Err == nil && len(h.Unsubscribed) == 0
	})
}

// testRestart is testDisconnect with the server gone in between, and messages that nobody consumed yet.
func testRestart(k *kit) {
	b := k.connect()
	queue, waiting := k.queue(b), k.queue(b)
	k.publish(b, queue, "acked", "kept")
	c, inbox := k.standing(b, queue, 2), k.consume(b, "", 1)
	before := inbox.up()
	got := c.want("acked", "kept")
	k.ack(got[0])
	k.publish(b, queue, "unacked")
	c.want("unacked")
	k.publish(b, waiting, bodies(20)...)
	k.features.Restart(k.T)
	c.down()
	inbox.down()
	if !k.features.Durable {
		k.declare(b, plain(queue), plain(waiting))
	}
	c.up()
	if after := inbox.up(); after == before {
		k.Errorf("the inbox is still %q", after)
	}
	if k.features.Durable {
		for range 2 {
			d := c.next()
			if string(d.Body) == "acked" || !d.Redelivered {
				k.Errorf("after the restart came %q, redelivered %v", d.Body, d.Redelivered)
			}
			k.ack(d)
		}
		k.ack(k.consume(b, waiting, 5).want(bodies(5)...)...)
	}
	k.publishAgain(b, queue, "new")
	k.ack(c.want("new")...)
}

func testPingFrozen(k *kit) {
	b := k.connect()
	thaw := k.features.Freeze(k.T, b)
	defer thaw()
	ctx, cancel := context.WithTimeout(k.ctx, 100*time.Millisecond)
	defer cancel()
	if err := b.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		k.Errorf("Ping of a frozen server: %v, want context.DeadlineExceeded", err)
	}
	thaw()
	k.eventually("the server answers again", func() bool { return b.Ping(k.ctx) == nil })
}
