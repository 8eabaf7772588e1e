package brokertest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// kit is what one subtest works with.
type kit struct {
	*testing.T
	suite
	ctx context.Context // ends shortly before the watchdog barks
}

func newKit(t *testing.T, s suite, limit time.Duration) *kit {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	watchdog := time.AfterFunc(limit+limit/2, func() {
		panic(fmt.Sprintf("brokertest: %s hangs since %v", t.Name(), limit+limit/2))
	})
	t.Cleanup(func() { cancel(); watchdog.Stop() })
	return &kit{T: t, suite: s, ctx: ctx}
}

// connect returns a connected client that is closed at the end.
func (k *kit) connect() broker.Broker {
	k.Helper()
	b := k.newBroker(k.T)
	k.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			k.Errorf("Close: %v", err)
		}
	})
	k.eventually("the client is connected", func() bool { return b.Health().Connected })
	return b
}

// eventually polls until the condition holds.
func (k *kit) eventually(what string, holds func() bool) {
	k.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-k.ctx.Done():
			k.Fatalf("waited in vain until %s", what)
		}
	}
}

var unfit = regexp.MustCompile(`[^a-z0-9]+`)

// name returns a queue's name that was never used.
func (k *kit) name() string {
	return unfit.ReplaceAllString(strings.ToLower(k.Name()), "_") + "." + rand.Text()[:10]
}

// plain is a queue without limits.
func plain(name string) topology.Queue {
	return topology.Queue{Name: name, DeliveryLimit: topology.NoDeliveryLimit}
}

// queue declares a queue without limits and returns its name.
func (k *kit) queue(b broker.Broker) string {
	k.Helper()
	name := k.name()
	k.declare(b, plain(name))
	return name
}

func (k *kit) declare(b broker.Broker, queues ...topology.Queue) {
	k.Helper()
	k.eventually("the queues are declared", func() bool {
		err := b.Declare(k.ctx, topology.Topology{Queues: queues})
		if err != nil && !errors.Is(err, broker.ErrUnavailable) {
			k.Fatalf("Declare: %v", err)
		}
		return err == nil
	})
}

// text is a persistent message with this body.
func text(body string) broker.Message {
	return broker.Message{ID: body, Type: "test", Body: []byte(body)}
}

// publish publishes one message for each body, in turn.
func (k *kit) publish(b broker.Broker, queue string, bodies ...string) {
	k.Helper()
	for _, body := range bodies {
		if err := b.Publish(k.ctx, queue, text(body)); err != nil {
			k.Fatalf("Publish: %v", err)
		}
	}
}

// publishAgain publishes until the broker is back.
func (k *kit) publishAgain(b broker.Broker, queue, body string) {
	k.Helper()
	k.eventually("publishing works again", func() bool {
		err := b.Publish(k.ctx, queue, text(body))
		if err != nil && !errors.Is(err, broker.ErrUnavailable) {
			k.Fatalf("Publish while the broker is away: %v, want ErrUnavailable", err)
		}
		return err == nil
	})
}

// awaitReady waits until the queue has so many messages ready.
func (k *kit) awaitReady(b broker.Broker, queue string, want int) {
	k.Helper()
	k.awaitDepth(b, queue, func(d broker.Depth) bool { return d.Ready == want }, fmt.Sprintf("%d messages ready", want))
}

// awaitDepth waits until the queue's depth is right.
func (k *kit) awaitDepth(b broker.Broker, queue string, right func(broker.Depth) bool, want string) {
	k.Helper()
	var last broker.Depth
	var lastErr error
	defer func() {
		if k.Failed() {
			k.Logf("the depth of %s is %+v (%v), want %s", queue, last, lastErr, want)
		}
	}()
	k.eventually(want, func() bool {
		d, err := b.Depth(k.ctx, queue)
		if k.ctx.Err() == nil {
			last, lastErr = d, err
		}
		return err == nil && right(d)
	})
}

// bodies numbers n message bodies.
func bodies(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("message-%04d", i)
	}
	return list
}
