package brokertest

import (
	"errors"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

func testInbox(k *kit) {
	owner, sender := k.connect(), k.connect()
	one, two := k.consume(owner, "", 10), k.consume(owner, "", 10)
	first, second := one.up(), two.up()
	if first == "" || first == second {
		k.Fatalf("the inboxes are %q and %q", first, second)
	}
	k.publish(sender, first, "one")
	k.publish(sender, second, "two")
	got := one.want("one")
	if got[0].Queue != first {
		k.Errorf("delivered from %q, want %q", got[0].Queue, first)
	}
	k.ack(got...)
	k.ack(two.want("two")...)
	// Exclusive: nobody else may take from it.
	thief := k.consume(sender, first, 1)
	k.eventually("Health lists the subscription to somebody else's inbox", func() bool { return len(sender.Health().Unsubscribed) == 1 })
	k.publish(sender, first, "three")
	k.ack(one.want("three")...)
	thief.ended()
	if len(thief.ups) > 0 {
		k.Error("somebody else consumes from the inbox")
	}
}

// awaitUnroutable waits until the queue is gone.
func (k *kit) awaitUnroutable(b broker.Broker, queue string) {
	k.Helper()
	k.eventually("the inbox is gone", func() bool {
		err := b.Publish(k.ctx, queue, text("too late"))
		if err != nil && !errors.Is(err, broker.ErrUnroutable) {
			k.Fatalf("Publish: %v, want ErrUnroutable", err)
		}
		return err != nil
	})
}

func testInboxGoes(k *kit) {
	owner, sender := k.connect(), k.connect()
	ended, closed := k.consume(owner, "", 1), k.consume(owner, "", 1)
	first, second := ended.up(), closed.up()
	k.publish(sender, first, "one")
	ended.want("one")
	ended.ended()
	k.awaitUnroutable(sender, first)
	k.publish(sender, second, "two")
	if err := owner.Close(k.ctx); err != nil {
		k.Fatalf("Close: %v", err)
	}
	k.awaitUnroutable(sender, second)
}

func testInboxReconnect(k *kit) {
	owner, sender := k.connect(), k.connect()
	c := k.consume(owner, "", 1)
	before := c.up()
	k.publish(sender, before, "one")
	c.want("one")
	k.features.Disconnect(k.T, owner)
	c.down()
	after := c.up()
	if after == before {
		k.Errorf("the inbox is still %q", after)
	}
	k.awaitUnroutable(sender, before)
	k.publish(sender, after, "two")
	k.ack(c.want("two")...)
}
