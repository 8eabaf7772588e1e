package amqpbroker_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/amqpbroker"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver/rabbittest"
)

// BenchmarkPublish publishes persistent messages of 1 KiB to a quorum queue and waits for each confirm.
func BenchmarkPublish(b *testing.B) {
	for _, inFlight := range []int{1, 64} {
		b.Run(fmt.Sprintf("in-flight=%d", inFlight), func(b *testing.B) {
			client := connected(b, amqpbroker.Config{URL: rabbittest.Shared(b).URL()})
			queue := queueOf(b, client)
			b.ReportAllocs()
			b.ResetTimer()
			publishN(b, client, queue, b.N, inFlight)
		})
	}
}

// BenchmarkPublishAll publishes the same, 64 at once.
func BenchmarkPublishAll(b *testing.B) {
	client := connected(b, amqpbroker.Config{URL: rabbittest.Shared(b).URL()})
	queue := queueOf(b, client)
	messages := make([]broker.Message, 64)
	for i := range messages {
		messages[i] = broker.Message{ID: "id", Type: "test", Body: make([]byte, 1<<10)}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= len(messages) {
		if err := errors.Join(client.PublishAll(b.Context(), queue, messages[:min(left, len(messages))])...); err != nil {
			b.Fatal(err)
		}
	}
}

func publishN(b *testing.B, client broker.Broker, queue string, n, inFlight int) {
	b.Helper()
	m := broker.Message{ID: "id", Type: "test", Body: make([]byte, 1<<10)}
	work := make(chan struct{})
	var publishing sync.WaitGroup
	for range inFlight {
		publishing.Go(func() {
			for range work {
				if err := client.Publish(b.Context(), queue, m); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range n {
		work <- struct{}{}
	}
	close(work)
	publishing.Wait()
}

// BenchmarkConsume delivers and acks messages of 1 KiB, with a prefetch of 100.
func BenchmarkConsume(b *testing.B) {
	client := connected(b, amqpbroker.Config{URL: rabbittest.Shared(b).URL()})
	queue := queueOf(b, client)
	publishN(b, client, queue, b.N, 64)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ResetTimer()
	got := 0
	_ = client.Consume(ctx, broker.Subscription{Queue: queue, Prefetch: 100, Handle: func(d broker.Delivery) {
		if err := d.Ack(); err != nil {
			b.Error(err)
		}
		if got++; got == b.N {
			cancel()
		}
	}})
}
