package brokertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// texts is a persistent message for each body.
func texts(bodies []string) []broker.Message {
	messages := make([]broker.Message, len(bodies))
	for i, body := range bodies {
		messages[i] = text(body)
	}
	return messages
}

// taken insists on an answer to each message, and that it is nil.
func (k *kit) taken(answers []error, messages int) {
	k.Helper()
	if err := errors.Join(answers...); err != nil || len(answers) != messages {
		k.Errorf("PublishAll: %d answers to %d messages: %v", len(answers), messages, err)
	}
}

func testPublishAll(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	k.taken(b.PublishAll(k.ctx, queue, nil), 0)
	all := bodies(1500) // more than travel together
	k.taken(b.PublishAll(k.ctx, queue, texts(all)), len(all))
	k.awaitReady(b, queue, len(all))
	k.ack(k.consume(b, queue, 100).want(all[:1]...)...)
	k.publish(b, queue, "last")
	k.awaitDepth(b, queue, func(d broker.Depth) bool { return d.Ready == len(all)-100 }, "all but the prefetch and the acked one")
}

// testPublishAllUnroutable has messages to a queue and to none go at once, though all look alike.
func testPublishAllUnroutable(k *kit) {
	b := k.connect()
	queue, missing := k.queue(b), k.name()
	const calls, each = 20, 50
	same := make([]broker.Message, each)
	for i := range same {
		same[i] = text("same")
	}
	var publishing sync.WaitGroup
	for range calls {
		publishing.Go(func() { k.taken(b.PublishAll(k.ctx, queue, same), each) })
		publishing.Go(func() {
			for _, err := range b.PublishAll(k.ctx, missing, same) {
				if !errors.Is(err, broker.ErrUnroutable) {
					k.Errorf("PublishAll to a queue that does not exist: %v, want ErrUnroutable", err)
				}
			}
		})
	}
	publishing.Wait()
	k.awaitReady(b, queue, calls*each)
}

// testPublishAllUnfit: a message that can't be sent holds up no other.
func testPublishAllUnfit(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	messages := texts([]string{"one", "unfit", "two"})
	messages[1].Expiration = -1
	answers := b.PublishAll(k.ctx, queue, messages)
	if len(answers) != len(messages) || answers[0] != nil || answers[1] == nil || answers[2] != nil {
		k.Errorf("PublishAll: %v, want an error for the second message alone", answers)
	}
	k.ack(k.consume(b, queue, 2).want("one", "two")...)
}

// testPublishAllConcurrent: many calls share what is bounded, and each keeps its order.
func testPublishAllConcurrent(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	const publishers, each = 12, 300
	var publishing sync.WaitGroup
	for p := range publishers {
		publishing.Go(func() {
			messages := make([]broker.Message, each)
			for i := range messages {
				messages[i] = text(fmt.Sprintf("%d-%d", p, i))
			}
			k.taken(b.PublishAll(k.ctx, queue, messages), each)
		})
	}
	publishing.Wait()
	k.awaitReady(b, queue, publishers*each)
	c := k.consumeWith(b, queue, 500, func(d broker.Delivery) { k.ack(d) })
	next := make([]int, publishers)
	for range publishers * each {
		d := c.next()
		var p, i int
		if _, err := fmt.Sscanf(string(d.Body), "%d-%d", &p, &i); err != nil {
			k.Fatalf("delivered %q: %v", d.Body, err)
		}
		if i != next[p] {
			k.Errorf("message %d of publisher %d came, want %d", i, p, next[p])
		}
		next[p] = i + 1
	}
}

// testPublishAllKept: while connections break, each message whose answer is nil is in the queue, and no other error than
// ErrUnavailable comes.
func testPublishAllKept(k *kit) {
	b, other := k.connect(), k.connect()
	queue := k.queue(other)
	confirmed := map[string]bool{}
	const calls, each = 10, 200
	for call := range calls {
		messages := make([]broker.Message, each)
		for i := range messages {
			messages[i] = text(fmt.Sprintf("%d-%d", call, i))
		}
		answers := make(chan []error, 1)
		go func() { answers <- b.PublishAll(k.ctx, queue, messages) }()
		k.features.Disconnect(k.T, b)
		for i, err := range <-answers {
			switch {
			case err == nil:
				confirmed[string(messages[i].Body)] = true
			case !errors.Is(err, broker.ErrUnavailable):
				k.Errorf("PublishAll while connections break: %v, want ErrUnavailable", err)
			}
		}
		k.eventually("the client is back", func() bool { return b.Health().Connected })
	}
	k.publishAgain(b, queue, "last")
	confirmed["last"] = true
	c := k.consumeWith(other, queue, 100, func(d broker.Delivery) { k.ack(d) })
	for len(confirmed) > 0 {
		delete(confirmed, string(c.next().Body))
	}
}

// testPublishAllFrozen: no call waits longer than its context, and publishing works afterwards.
func testPublishAllFrozen(k *kit) {
	b := k.connect()
	queue := k.queue(b)
	thaw := k.features.Freeze(k.T, b)
	defer thaw()
	ctx, cancel := context.WithTimeout(k.ctx, 300*time.Millisecond)
	defer cancel()
	const publishers = 8
	large := make([]broker.Message, 8)
	for i := range large {
		large[i].Body = make([]byte, 1<<20) // to fill all buffers on the way
	}
	results := make(chan []error, publishers)
	for range publishers {
		go func() { results <- b.PublishAll(ctx, queue, large) }()
	}
	for range publishers {
		select {
		case answers := <-results:
			for _, err := range answers {
				if !errors.Is(err, context.DeadlineExceeded) {
					k.Errorf("PublishAll to a frozen server: %v, want context.DeadlineExceeded", err)
				}
			}
		case <-k.ctx.Done():
			k.Fatal("a call outlives its context")
		}
	}
	thaw()
	k.publishAgain(b, queue, "after")
}
