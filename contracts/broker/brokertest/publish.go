package brokertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

func testPublish(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.publish(b, queue, "one", "two")
	k.awaitReady(b, queue, 2)
	c := k.consume(b, queue, 10)
	k.ack(c.want("one", "two")...)
}

func testRoundTrip(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	c := k.consume(b, queue, 10)
	for name, m := range map[string]broker.Message{
		"empty":   {Body: []byte{}},
		"full":    {ID: "an id, not a UUID", Type: "order", Body: []byte(`{"a":1}`), Headers: map[string]string{"authorization": "Bearer x", "empty": "", "Ünicode": "✓"}, Expiration: time.Hour},
		"binary":  {ID: "b", Type: "t", Body: []byte{0, 1, 0xff, 0xce, 0}},
		"large":   {ID: "l", Type: "t", Body: []byte(strings.Repeat("0123456789abcdef", 1<<16))},
		"fleeing": {ID: "f", Type: "t", Body: []byte("x"), Durability: broker.Transient},
	} {
		if err := b.Publish(k.ctx, queue, m); err != nil {
			k.Fatalf("%s: Publish: %v", name, err)
		}
		d := c.next()
		if diff := cmp.Diff(m, d.Message); diff != "" {
			k.Errorf("%s: the message changed on its way (-sent +delivered):\n%.2000s", name, diff)
		}
		if d.Queue != queue || d.Redelivered {
			k.Errorf("%s: delivered from %q, redelivered %v", name, d.Queue, d.Redelivered)
		}
		k.ack(d)
	}
}

func testUnroutable(k *kit) {
	b := k.connect()
	if err := b.Publish(k.ctx, k.name(), text("x")); !errors.Is(err, broker.ErrUnroutable) {
		k.Errorf("Publish to a queue that does not exist: %v, want ErrUnroutable", err)
	}
}

// testUnroutableAmongOthers has the right publish learn of it, though all messages look alike.
func testUnroutableAmongOthers(k *kit) {
	b := k.connect()
	queue, missing := k.queue(b), k.name()
	const pairs = 200
	same := text("same")
	results := make(chan error, 2*pairs)
	expect := func(queue string, want error) {
		if err := b.Publish(k.ctx, queue, same); !errors.Is(err, want) {
			results <- fmt.Errorf("publishing to %s: got %w, want %w", queue, err, want)
			return
		}
		results <- nil
	}
	for range pairs {
		go expect(queue, nil)
		go expect(missing, broker.ErrUnroutable)
	}
	for range 2 * pairs {
		if err := <-results; err != nil {
			k.Error(err)
		}
	}
	k.awaitReady(b, queue, pairs)
}

func testConcurrentPublishers(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	const publishers, each = 16, 50
	var publishing sync.WaitGroup
	for p := range publishers {
		publishing.Go(func() {
			for i := range each {
				if err := b.Publish(k.ctx, queue, text(fmt.Sprintf("%d-%d", p, i))); err != nil {
					k.Errorf("Publish: %v", err)
					return
				}
			}
		})
	}
	publishing.Wait()
	k.awaitReady(b, queue, publishers*each)
	c := k.consume(b, queue, 100)
	seen := make(map[string]int)
	last := make(map[string]int)
	for range publishers * each {
		d := c.next()
		seen[string(d.Body)]++
		var p, i int
		if _, err := fmt.Sscanf(string(d.Body), "%d-%d", &p, &i); err != nil {
			k.Fatalf("delivered %q: %v", d.Body, err)
		}
		publisher := fmt.Sprint(p)
		if before, ok := last[publisher]; ok && i <= before {
			k.Errorf("message %d of publisher %d came after message %d", i, p, before)
		}
		last[publisher] = i
		k.ack(d)
	}
	if len(seen) != publishers*each {
		k.Errorf("%d different messages came, want %d", len(seen), publishers*each)
	}
}

// testConfirmedIsKept: while connections break, each publish that returns nil is in the queue, and no other error than
// ErrUnavailable comes.
func testConfirmedIsKept(k *kit) {
	b, other := k.connect(), k.connect()
	queue := k.queue(other)
	const publishers, cuts = 8, 5
	ctx, stop := context.WithCancel(k.ctx)
	var (
		publishing sync.WaitGroup
		mu         sync.Mutex
		confirmed  = map[string]bool{}
		news       = make(chan struct{}, 1)
	)
	for p := range publishers {
		publishing.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				body := fmt.Sprintf("%d-%d", p, i)
				err := b.Publish(ctx, queue, text(body))
				switch {
				case err == nil:
					mu.Lock()
					confirmed[body] = true
					mu.Unlock()
					select {
					case news <- struct{}{}:
					default:
					}
				case ctx.Err() == nil && !errors.Is(err, broker.ErrUnavailable):
					k.Errorf("Publish while connections break: %v, want ErrUnavailable", err)
					return
				case ctx.Err() == nil: // away: it says so at once
					k.eventually("the client is back", func() bool { return b.Health().Connected || ctx.Err() != nil })
				}
			}
		})
	}
	for range cuts {
		for range 20 { // publishing goes on
			select {
			case <-news:
			case <-ctx.Done():
				k.Error("nothing is published any more")
			}
		}
		k.features.Disconnect(k.T, b)
	}
	stop()
	publishing.Wait()
	c := k.consumeWith(other, queue, 100, func(d broker.Delivery) { k.ack(d) })
	for missing := len(confirmed); missing > 0; {
		if d := c.next(); confirmed[string(d.Body)] {
			delete(confirmed, string(d.Body))
			missing--
		}
	}
}

func testPublishEndedContext(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	ctx, cancel := context.WithCancel(k.ctx)
	cancel()
	if err := b.Publish(ctx, queue, text("x")); !errors.Is(err, context.Canceled) {
		k.Errorf("Publish with an ended context: %v, want context.Canceled", err)
	}
}

// testPublishFrozen: no publish waits longer than its context, however many wait, and publishing works afterwards.
func testPublishFrozen(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	thaw := k.features.Freeze(k.T, b)
	defer thaw()
	ctx, cancel := context.WithTimeout(k.ctx, 300*time.Millisecond)
	defer cancel()
	const publishers = 64
	results := make(chan error, publishers)
	large := broker.Message{Body: make([]byte, 1<<20)} // to fill all buffers on the way
	for range publishers {
		go func() { results <- b.Publish(ctx, queue, large) }()
	}
	for range publishers {
		select {
		case err := <-results:
			if !errors.Is(err, context.DeadlineExceeded) {
				k.Errorf("Publish to a frozen server: %v, want context.DeadlineExceeded", err)
			}
		case <-k.ctx.Done():
			k.Fatal("a publish outlives its context")
		}
	}
	thaw()
	k.publishAgain(b, queue, "after")
}
