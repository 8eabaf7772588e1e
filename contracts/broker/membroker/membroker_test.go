package membroker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

func plain(name string) topology.Queue {
	return topology.Queue{Name: name, DeliveryLimit: topology.NoDeliveryLimit}
}

// connect returns a client that declared the queues.
func connect(t *testing.T, s *membroker.Server, queues ...topology.Queue) *membroker.Client {
	c := s.Connect(membroker.Config{Topology: &topology.Topology{Queues: queues}})
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func publish(t *testing.T, c *membroker.Client, queue string, messages ...broker.Message) {
	t.Helper()
	for _, m := range messages {
		if err := c.Publish(t.Context(), queue, m); err != nil {
			t.Fatal(err)
		}
	}
}

func text(body string) broker.Message { return broker.Message{Body: []byte(body)} }

// consume collects deliveries until the test ends.
func consume(t *testing.T, c *membroker.Client, queue string, prefetch int) <-chan broker.Delivery {
	got := make(chan broker.Delivery, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Consume(ctx, broker.Subscription{Queue: queue, Prefetch: prefetch, Handle: func(d broker.Delivery) { got <- d }})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return got
}

func bodies(deliveries []broker.Delivery) []string {
	var list []string
	for _, d := range deliveries {
		list = append(list, string(d.Body))
	}
	return list
}

// take returns all that was delivered by now.
func take(got <-chan broker.Delivery) []broker.Delivery {
	synctest.Wait()
	var list []broker.Delivery
	for len(got) > 0 {
		list = append(list, <-got)
	}
	return list
}

func wantReady(t *testing.T, c *membroker.Client, queue string, want int) {
	t.Helper()
	if d, err := c.Depth(t.Context(), queue); err != nil || d.Ready != want {
		t.Fatalf("depth of %s: %+v, %v, want %d ready", queue, d, err, want)
	}
}

func TestACutGivesBackAllThatIsUnsettledInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := membroker.New()
		c := connect(t, s, plain("q"))
		for i := range 6 {
			publish(t, c, "q", text(fmt.Sprint(i)))
		}
		got := consume(t, c, "q", 4)
		first := take(got)
		if err := first[1].Ack(); err != nil {
			t.Fatal(err)
		}
		if more := take(got); !slices.Equal(bodies(more), []string{"4"}) {
			t.Fatalf("room for one more gave %q", bodies(more))
		}
		c.Cut()
		again := take(got)
		if want := []string{"0", "2", "3", "4"}; !slices.Equal(bodies(again), want) {
			t.Fatalf("after the cut came %q, want %q", bodies(again), want)
		}
		for _, d := range again {
			if !d.Redelivered {
				t.Errorf("%s comes again without the flag", d.Body)
			}
		}
		if err := first[0].Ack(); !errors.Is(err, broker.ErrStaleDelivery) {
			t.Errorf("Ack of a delivery of the lost connection: %v", err)
		}
		if err := first[1].Ack(); !errors.Is(err, broker.ErrSettled) {
			t.Errorf("second Ack, after the cut: %v", err)
		}
	})
}

func TestARestartKeepsWhatIsPersistent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := membroker.New()
		c := connect(t, s, plain("q"))
		transient := text("transient")
		transient.Durability = broker.Transient
		publish(t, c, "q", text("persistent"), transient)
		s.Down()
		if err := c.Publish(t.Context(), "q", text("x")); !errors.Is(err, broker.ErrUnavailable) {
			t.Fatalf("Publish while the server is away: %v", err)
		}
		if h := c.Health(); h.Connected || h.Err == nil {
			t.Fatalf("health while the server is away: %+v", h)
		}
		late := connect(t, s)
		got := consume(t, late, "q", 5)
		if early := take(got); len(early) > 0 {
			t.Fatalf("delivered while the server is away: %q", bodies(early))
		}
		s.Up()
		if all := take(got); !slices.Equal(bodies(all), []string{"persistent"}) {
			t.Fatalf("after the restart came %q", bodies(all))
		}
		if h := late.Health(); !h.Connected || h.Err != nil || len(h.Unsubscribed) > 0 {
			t.Fatalf("health after the restart: %+v", h)
		}
	})
}

func TestAnAckToAFrozenServerIsLostWithTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := membroker.New()
		c := connect(t, s, plain("q"))
		publish(t, c, "q", text("one"), text("two"))
		got := consume(t, c, "q", 2)
		deliveries := take(got)
		thaw := c.Freeze()
		if err := deliveries[0].Ack(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Publish(ctx, "q", text("three")); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Publish to a frozen server: %v", err)
		}
		c.Cut()
		thaw()
		if again := take(got); !slices.Equal(bodies(again), []string{"one", "two"}) {
			t.Fatalf("after the cut came %q", bodies(again))
		}
		// Given up, and taken all the same.
		thaw = c.Freeze()
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = c.Publish(ctx, "q", text("four"))
		thaw()
		wantReady(t, c, "q", 1)
	})
}

func TestExpiredMessagesAreDeadLetteredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := membroker.New()
		source := plain("q")
		source.DeadLetterTo = "dead"
		c := connect(t, s, source)
		short, long := text("short"), text("long")
		short.Expiration, long.Expiration = time.Second, time.Minute
		short.Headers = map[string]string{"a": "b"}
		publish(t, c, "q", short, long)
		time.Sleep(2 * time.Second)
		wantReady(t, c, "q", 1)
		// The dead one waits for its queue to exist.
		if err := c.Declare(t.Context(), topology.Topology{Queues: []topology.Queue{plain("dead")}}); err != nil {
			t.Fatal(err)
		}
		got := consume(t, c, "dead", 5)
		dead := take(got)
		want := map[string]string{
			"a": "b", "x-first-death-reason": "expired", "x-first-death-queue": "q", "x-first-death-exchange": "",
		}
		if len(dead) != 1 || dead[0].Expiration != 0 || !cmp.Equal(dead[0].Headers, want) || dead[0].Redelivered {
			t.Fatalf("dead-lettered as %+v", dead)
		}
		// Nobody touches q, and yet its message moves on.
		time.Sleep(58 * time.Second)
		if dead := take(got); !slices.Equal(bodies(dead), []string{"long"}) {
			t.Fatalf("a minute later: %q", bodies(dead))
		}
	})
}

func TestOnlyTheHeadExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, membroker.New(), plain("q"))
		short := text("short")
		short.Expiration = time.Second
		publish(t, c, "q", text("lasting"), short)
		time.Sleep(time.Hour)
		wantReady(t, c, "q", 2)
		got := consume(t, c, "q", 1)
		if d := take(got); !slices.Equal(bodies(d), []string{"lasting"}) {
			t.Fatalf("delivered %q", bodies(d))
		}
		wantReady(t, c, "q", 0)
	})
}

func TestAFullQueueThatDeadLettersRejects(t *testing.T) {
	source := plain("q")
	source.DeadLetterTo, source.MaxLength = "dead", 1
	c := connect(t, membroker.New(), plain("dead"), source)
	publish(t, c, "q", text("one"))
	if err := c.Publish(t.Context(), "q", text("two")); !errors.Is(err, broker.ErrRejected) {
		t.Fatalf("Publish to a full queue: %v", err)
	}
	wantReady(t, c, "q", 1)
}

func TestMessagesAreCopied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := membroker.New()
		c := connect(t, s, plain("q"))
		m := broker.Message{Body: []byte("body"), Headers: map[string]string{"a": "b"}}
		publish(t, c, "q", m)
		m.Body[0], m.Headers["a"] = 'X', "X"
		got := consume(t, c, "q", 1)
		first := take(got)[0]
		first.Body[1], first.Headers["a"] = 'Y', "Y"
		c.Cut()
		if again := take(got)[0]; string(again.Body) != "body" || again.Headers["a"] != "b" {
			t.Fatalf("delivered again as %s with %v", again.Body, again.Headers)
		}
	})
}

func TestInboxesHaveNamesOfTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := membroker.New()
		c, other := connect(t, s), connect(t, s)
		inbox := make(chan string, 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			_ = c.Consume(ctx, broker.Subscription{
				Prefetch: 1, Handle: func(broker.Delivery) {}, Up: func(queue string) { inbox <- queue },
			})
		}()
		name := <-inbox
		if !contracts.ValidInbox(name) {
			t.Fatalf("the inbox is %q", name)
		}
		if _, err := other.Depth(t.Context(), name); err == nil || errors.Is(err, broker.ErrUnroutable) {
			t.Fatalf("Depth of somebody else's inbox: %v", err)
		}
		if err := other.Declare(t.Context(), topology.Topology{Queues: []topology.Queue{plain(name)}}); err == nil {
			t.Fatal("a name of the broker can be declared")
		}
	})
}

func TestHooksAlternate(t *testing.T) {
	s := membroker.New()
	var told []string
	c := s.Connect(membroker.Config{
		OnConnected:    func() { told = append(told, "connected") },
		OnDisconnected: func(err error) { told = append(told, err.Error()) },
	})
	c.Cut()
	s.Restart()
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"connected", "the connection was cut", "connected", "the server is away", "connected", broker.ErrClosed.Error(),
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Fatal(diff)
	}
}

func TestAMismatchOfTheTopologyIsHealths(t *testing.T) {
	s := membroker.New()
	connect(t, s, plain("q"))
	other := plain("q")
	other.MaxLength = 10
	c := connect(t, s, other)
	if h := c.Health(); h.Connected || h.Err == nil {
		t.Fatalf("health: %+v", h)
	}
	if err := c.Publish(t.Context(), "q", text("x")); !errors.Is(err, broker.ErrUnavailable) {
		t.Fatalf("Publish: %v", err)
	}
}
