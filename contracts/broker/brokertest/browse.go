package brokertest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// browse returns the bodies that one Browse sees.
func (k *kit) browse(b broker.Broker, queue string, limit broker.BrowseLimit) []string {
	k.Helper()
	var seen []string
	n, err := b.Browse(k.ctx, queue, limit, func(d broker.Delivery) {
		seen = append(seen, string(d.Body))
		if d.Queue != queue {
			k.Errorf("a message from %q, want %q", d.Queue, queue)
		}
	})
	if err != nil || n != len(seen) {
		k.Fatalf("Browse: %d of %d messages, %v", n, len(seen), err)
	}
	return seen
}

func testBrowse(k *kit) {
	b, other := k.connect(), k.connect()
	queue := k.queue(b)
	if seen := k.browse(b, queue, broker.BrowseLimit{Messages: 10}); len(seen) > 0 {
		k.Errorf("an empty queue has %v", seen)
	}
	all := bodies(20)
	k.publish(b, queue, all...)
	if seen := k.browse(b, queue, broker.BrowseLimit{Messages: 5}); !slices.Equal(seen, all[:5]) {
		k.Errorf("saw %v, want the first five", seen)
	}
	k.awaitReady(b, queue, len(all))
	// While one looks, others get what is left, and nothing of what it looks at.
	var others []string
	seenOnce := map[string]int{}
	n, err := b.Browse(k.ctx, queue, broker.BrowseLimit{Messages: 10}, func(d broker.Delivery) {
		seenOnce[string(d.Body)]++
		if len(seenOnce) == 10 {
			others = k.browse(other, queue, broker.BrowseLimit{Messages: 100})
		}
	})
	if err != nil || n != 10 {
		k.Errorf("Browse: %d, %v", n, err)
	}
	for _, body := range others {
		seenOnce[body]++
	}
	if len(others) != 10 || len(seenOnce) != 20 {
		k.Errorf("two saw %v, want each message once", seenOnce)
	}
	k.awaitReady(b, queue, len(all))
	c := k.consume(b, queue, len(all))
	got := map[string]bool{}
	for range all {
		d := c.next()
		got[string(d.Body)] = true
		k.ack(d)
	}
	if len(got) != len(all) {
		k.Errorf("%d different messages were delivered, want %d", len(got), len(all))
	}
}

func testBrowseSettles(k *kit) {
	b := k.connect()
	queue, dead := k.name(), k.name()
	k.declare(b, plain(dead), topology.Queue{Name: queue, DeliveryLimit: topology.NoDeliveryLimit, DeadLetterTo: dead})
	k.publish(b, queue, "ack", "leave", "dead-letter", "requeue")
	var late broker.Delivery
	_, err := b.Browse(k.ctx, queue, broker.BrowseLimit{Messages: 10}, func(d broker.Delivery) {
		switch string(d.Body) {
		case "ack":
			k.ack(d)
			if err := d.Ack(); !errors.Is(err, broker.ErrSettled) {
				k.Errorf("the second Ack: %v, want ErrSettled", err)
			}
		case "dead-letter":
			if err := d.Nack(broker.DeadLettered); err != nil {
				k.Errorf("Nack: %v", err)
			}
		case "requeue":
			if err := d.Nack(broker.Requeued); err != nil {
				k.Errorf("Nack: %v", err)
			}
		default:
			late = d
		}
	})
	if err != nil {
		k.Fatalf("Browse: %v", err)
	}
	if err := late.Ack(); !errors.Is(err, broker.ErrStaleDelivery) {
		k.Errorf("Ack after Browse: %v, want ErrStaleDelivery", err)
	}
	k.awaitReady(b, queue, 2)
	k.awaitReady(b, dead, 1)
	seen := k.browse(b, queue, broker.BrowseLimit{Messages: 10})
	if slices.Sort(seen); !slices.Equal(seen, []string{"leave", "requeue"}) {
		k.Errorf("left are %v", seen)
	}
}

func testBrowseMissing(k *kit) {
	b := k.connect()
	if _, err := b.Browse(k.ctx, k.name(), broker.BrowseLimit{Messages: 1}, func(broker.Delivery) {}); !errors.Is(err, broker.ErrUnroutable) {
		k.Errorf("Browse of a queue that does not exist: %v, want ErrUnroutable", err)
	}
	ended, cancel := context.WithCancel(k.ctx)
	cancel()
	queue := k.queue(b)
	k.publish(b, queue, "one")
	if n, err := b.Browse(ended, queue, broker.BrowseLimit{Messages: 1}, func(broker.Delivery) {}); n > 0 || !errors.Is(err, context.Canceled) {
		k.Errorf("Browse with an ended context: %d, %v", n, err)
	}
	k.awaitReady(b, queue, 1)
}

// testBrowseSteps: a long queue is looked through in steps, each message once.
func testBrowseSteps(k *kit) {
	b, other := k.connect(), k.connect()
	queue := k.queue(b)
	all := bodies(4 * broker.BrowseAhead)
	k.publish(b, queue, all...)
	var seen []string
	left := 0
	n, err := b.Browse(k.ctx, queue, broker.BrowseLimit{Messages: len(all)}, func(d broker.Delivery) {
		seen = append(seen, string(d.Body))
		if len(seen) == 1 {
			left = len(k.browse(other, queue, broker.BrowseLimit{Messages: len(all)}))
		}
		if len(seen) == 5 {
			k.ack(d)
		}
	})
	if err != nil || n != len(all) || !slices.Equal(slices.Sorted(slices.Values(seen)), slices.Sorted(slices.Values(all))) {
		k.Errorf("Browse: %d messages, %v: %v", n, err, seen)
	}
	if left < len(all)-broker.BrowseAhead {
		k.Errorf("while one looks at the first message, others see %d of %d", left, len(all))
	}
	k.awaitReady(b, queue, len(all)-1)
}

// testBrowseActs: what is acked and dead-lettered makes way, and yet all that waited is looked at in one call.
func testBrowseActs(k *kit) {
	b := k.connect()
	queue, dead := k.name(), k.name()
	k.declare(b, plain(dead), topology.Queue{Name: queue, DeliveryLimit: topology.NoDeliveryLimit, DeadLetterTo: dead})
	all := bodies(4 * broker.BrowseAhead)
	k.publish(b, queue, all...)
	seen := map[string]int{}
	n, err := b.Browse(k.ctx, queue, broker.BrowseLimit{Messages: 2 * len(all)}, func(d broker.Delivery) {
		seen[string(d.Body)]++
		if len(seen)%4 == 0 {
			if err := d.Nack(broker.DeadLettered); err != nil {
				k.Errorf("Nack: %v", err)
			}
			return
		}
		k.ack(d)
	})
	if err != nil || n != len(all) || len(seen) != len(all) {
		k.Errorf("Browse: %d messages, %d different ones of %d, %v", n, len(seen), len(all), err)
	}
	k.awaitReady(b, queue, 0)
	k.awaitReady(b, dead, len(all)/4)
}

// testBrowseBytes: large messages end a Browse sooner.
func testBrowseBytes(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	for range 20 {
		if err := b.Publish(k.ctx, queue, broker.Message{Body: []byte(strings.Repeat("x", 1000))}); err != nil {
			k.Fatalf("Publish: %v", err)
		}
	}
	for want, limit := range map[int]broker.BrowseLimit{
		1:  {Messages: 100, Bytes: 1},
		3:  {Messages: 100, Bytes: 2500},
		4:  {Messages: 100, Bytes: 4000},
		5:  {Messages: 5, Bytes: 10_000},
		20: {Messages: 100, Bytes: 20_001},
		0:  {Bytes: 5000},
	} {
		if seen := k.browse(b, queue, limit); len(seen) != want {
			k.Errorf("up to %+v: %d messages, want %d", limit, len(seen), want)
		}
		k.awaitReady(b, queue, 20)
	}
}

// testBrowseDisconnect: what was on loan comes back with the connection, and can't be acked over another one.
func testBrowseDisconnect(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, "one", "two", "three")
	_, err := b.Browse(k.ctx, queue, broker.BrowseLimit{Messages: 10}, func(d broker.Delivery) {
		if string(d.Body) == "two" {
			k.features.Disconnect(k.T, b)
			k.eventually("the client is connected again", func() bool { return b.Ping(k.ctx) == nil })
			if err := d.Ack(); !errors.Is(err, broker.ErrStaleDelivery) {
				k.Errorf("Ack over a lost connection: %v, want ErrStaleDelivery", err)
			}
		}
	})
	if !errors.Is(err, broker.ErrUnavailable) {
		k.Errorf("Browse: %v, want ErrUnavailable", err)
	}
	k.awaitReady(b, queue, 3)
}
