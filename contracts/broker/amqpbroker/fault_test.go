package amqpbroker_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/amqpbroker"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver/rabbittest"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// TestFaults does to one server what happens to servers.
func TestFaults(t *testing.T) {
	server := rabbittest.Start(t)
	for _, fault := range []struct {
		name string
		test func(*testing.T, *rabbitserver.Server)
	}{
		{"ServerComesLater", testServerComesLater},
		{"KilledUnderPublishers", testKilledUnderPublishers},
		{"KilledUnderConsumers", testKilledUnderConsumers},
		{"Stopped", testStopped},
		{"Blocked", testBlocked},
	} {
		t.Run(fault.name, func(t *testing.T) { fault.test(t, server) })
	}
}

// connected returns a client that is connected, and closed at the end.
func connected(t testing.TB, cfg amqpbroker.Config) *amqpbroker.Broker {
	t.Helper()
	b := started(t, cfg)
	eventually(t, "the client is connected", func() bool { return b.Health().Connected })
	return b
}

// started is connected that does not wait for it.
func started(t testing.TB, cfg amqpbroker.Config) *amqpbroker.Broker {
	t.Helper()
	b := start(t, cfg)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return b
}

const patience = time.Minute

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// queueOf declares a queue of the test's own.
func queueOf(t testing.TB, b broker.Broker) string {
	t.Helper()
	name := rabbittest.Name(t, "q")
	q := topology.Queue{Name: name, DeliveryLimit: topology.NoDeliveryLimit}
	if err := b.Declare(t.Context(), topology.Topology{Queues: []topology.Queue{q}}); err != nil {
		t.Fatal(err)
	}
	return name
}

// counts is what a consumer saw, by id.
type counts struct {
	mu   sync.Mutex
	seen map[string]int
	ups  chan string
}

// consumeAll consumes until the test ends, and acks all.
func consumeAll(t testing.TB, b broker.Broker, queue string) *counts {
	c := &counts{seen: make(map[string]int), ups: make(chan string, 100)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = b.Consume(ctx, broker.Subscription{
			Queue:    queue,
			Prefetch: 50,
			Handle: func(d broker.Delivery) {
				c.mu.Lock()
				c.seen[d.ID]++
				c.mu.Unlock()
				_ = d.Ack() // stale where the server was killed just now
			},
			Up: func(queue string) { c.ups <- queue },
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return c
}

func (c *counts) different() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen)
}

func (c *counts) has(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[id] > 0
}

func testServerComesLater(t *testing.T, server *rabbitserver.Server) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	queue := rabbittest.Name(t, "q")
	connects := make(chan struct{}, 10)
	b := started(t, amqpbroker.Config{
		URL:         server.URL(),
		Topology:    &topology.Topology{Queues: []topology.Queue{{Name: queue, DeliveryLimit: topology.NoDeliveryLimit}}},
		OnConnected: func() { connects <- struct{}{} },
	})
	c := consumeAll(t, b, queue)
	eventually(t, "Health says why there is no connection", func() bool {
		h := b.Health()
		return !h.Connected && h.Err != nil && len(h.Unsubscribed) == 1
	})
	_, depthErr := b.Depth(ctx, queue)
	for call, err := range map[string]error{
		"Publish": b.Publish(ctx, queue, broker.Message{}),
		"Declare": b.Declare(ctx, topology.Default()),
		"Depth":   depthErr,
		"Ping":    b.Ping(ctx),
	} {
		if !errors.Is(err, broker.ErrUnavailable) {
			t.Errorf("%s without a server: %v, want ErrUnavailable", call, err)
		}
	}
	restart(t, server)
	<-connects
	<-c.ups
	if err := b.Publish(ctx, queue, broker.Message{ID: "one"}); err != nil {
		t.Errorf("Publish: %v", err)
	}
	eventually(t, "the message comes", func() bool { return c.has("one") })
}

// publishers publish from 8 goroutines until stop is closed; they return the ids whose publish returned nil.
func publishers(t *testing.T, b broker.Broker, queue string, stop <-chan struct{}) <-chan []string {
	t.Helper()
	const goroutines = 8
	confirmed := make(chan []string, 1)
	parts := make(chan []string, goroutines)
	for g := range goroutines {
		go func() {
			var mine []string
			for i := 0; ; i++ {
				select {
				case <-stop:
					parts <- mine
					return
				default:
				}
				id := fmt.Sprintf("%d-%d", g, i)
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				err := b.Publish(ctx, queue, broker.Message{ID: id, Body: []byte(id)})
				if err == nil {
					mine = append(mine, id)
				} else {
					// Not as fast as it goes, while there is no server.
					<-ctx.Done()
				}
				cancel()
				if err != nil && !errors.Is(err, broker.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Publish: %v, want ErrUnavailable or context.DeadlineExceeded", err)
				}
			}
		}()
	}
	go func() {
		var all []string
		for range goroutines {
			all = append(all, <-parts...)
		}
		confirmed <- all
	}()
	return confirmed
}

func testKilledUnderPublishers(t *testing.T, server *rabbitserver.Server) {
	b := connected(t, amqpbroker.Config{URL: server.URL()})
	queue := queueOf(t, b)
	saveQueues(t, server)
	stop := make(chan struct{})
	confirmed := publishers(t, b, queue, stop)
	before := 0
	eventually(t, "publishing is under way", func() bool {
		d, err := b.Depth(t.Context(), queue)
		before = max(before, d.Ready)
		return err == nil && d.Ready > 200
	})
	kill(t, server)
	eventually(t, "the loss is noticed", func() bool { return !b.Health().Connected })
	restart(t, server)
	eventually(t, "publishing goes on", func() bool {
		d, err := b.Depth(t.Context(), queue)
		return err == nil && d.Ready > before+200
	})
	close(stop)
	ids := <-confirmed
	t.Logf("%d publishes were confirmed", len(ids))
	c := consumeAll(t, connected(t, amqpbroker.Config{URL: server.URL()}), queue)
	eventually(t, "every confirmed message comes", func() bool {
		if c.different() < len(ids) {
			return false
		}
		for _, id := range ids {
			if !c.has(id) {
				return false
			}
		}
		return true
	})
}

func testKilledUnderConsumers(t *testing.T, server *rabbitserver.Server) {
	b := connected(t, amqpbroker.Config{URL: server.URL()})
	queue := queueOf(t, b)
	saveQueues(t, server)
	const messages = 3000
	var publishing sync.WaitGroup
	for g := range 30 {
		publishing.Go(func() {
			for i := range messages / 30 {
				if err := b.Publish(t.Context(), queue, broker.Message{ID: fmt.Sprintf("%d-%d", g, i)}); err != nil {
					t.Errorf("Publish: %v", err)
				}
			}
		})
	}
	publishing.Wait()
	c := consumeAll(t, b, queue)
	eventually(t, "consuming is under way", func() bool { return c.different() > 100 })
	kill(t, server)
	restart(t, server)
	eventually(t, "all messages came", func() bool { return c.different() == messages })
	eventually(t, "the queue is empty", func() bool {
		d, err := b.Depth(t.Context(), queue)
		return err == nil && d == broker.Depth{Consumers: 1}
	})
}

// testStopped stops the server with SIGSTOP: connections stand, nothing answers. Nobody waits longer than their context,
// and the loss is noticed by heartbeats.
func testStopped(t *testing.T, server *rabbitserver.Server) {
	downs := make(chan error, 10)
	b := connected(t, amqpbroker.Config{
		URL: server.URL(), Heartbeat: time.Second,
		OnDisconnected: func(err error) { downs <- err },
	})
	queue := queueOf(t, b)
	deliveries := make(chan broker.Delivery, 100)
	consuming, stopConsuming := context.WithCancel(context.Background())
	defer stopConsuming()
	consumed := make(chan error, 1)
	go func() {
		consumed <- b.Consume(consuming, broker.Subscription{Queue: queue, Prefetch: 10, Handle: func(d broker.Delivery) { deliveries <- d }})
	}()
	if err := b.Publish(t.Context(), queue, broker.Message{ID: "one"}); err != nil {
		t.Fatal(err)
	}
	one := <-deliveries
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Resume() }()

	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	results := make(chan error, 100)
	large := broker.Message{Body: make([]byte, 1<<20)}
	for range cap(results) {
		go func() { results <- b.Publish(ctx, queue, large) }()
	}
	if err := b.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ping: %v, want context.DeadlineExceeded", err)
	}
	for range cap(results) {
		if err := <-results; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Publish: %v, want context.DeadlineExceeded", err)
		}
	}
	if err := one.Ack(); err != nil {
		t.Errorf("Ack: %v", err)
	}
	<-downs
	eventually(t, "both connections are given up", func() bool { return !b.Health().Connected })
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "publishing works again", func() bool { return b.Publish(t.Context(), queue, broker.Message{ID: "two"}) == nil })
	for d := range deliveries {
		if err := d.Ack(); err == nil && d.ID == "two" {
			break
		}
	}
	stopConsuming()
	<-consumed
}

// testBlocked has the server short of memory. It tells a connection so when that publishes.
func testBlocked(t *testing.T, server *rabbitserver.Server) {
	b := connected(t, amqpbroker.Config{URL: server.URL()})
	queue := queueOf(t, b)
	c := consumeAll(t, b, queue)
	<-c.ups
	if err := b.Publish(t.Context(), queue, broker.Message{ID: "before"}); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Ctl(t.Context(), "set_vm_memory_high_watermark", "0.000001"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "publishes are refused at once", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		return errors.Is(b.Publish(ctx, queue, broker.Message{ID: "blocked"}), broker.ErrBlocked)
	})
	if h := b.Health(); h.Blocked == "" || !h.Connected {
		t.Errorf("Health is %+v, want connected and blocked", h)
	}
	if err := b.Ping(t.Context()); err != nil {
		t.Errorf("Ping while blocked: %v", err)
	}
	if _, err := server.Ctl(t.Context(), "set_vm_memory_high_watermark", "0.4"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "publishing works again", func() bool { return b.Publish(t.Context(), queue, broker.Message{ID: "after"}) == nil })
	if h := b.Health(); h.Blocked != "" {
		t.Errorf("Health still says %q", h.Blocked)
	}
	eventually(t, "the message comes", func() bool { return c.has("after") })
}
