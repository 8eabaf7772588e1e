package amqpbroker_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/amqpbroker"
	"github.com/mission-control-dev/mission-control/contracts/broker/brokertest"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver/rabbittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rabbittest.Main(m)) }

func TestConformance(t *testing.T) {
	server := rabbittest.Start(t)
	var proxies sync.Map // broker.Broker -> *proxy
	of := func(b broker.Broker) *proxy {
		p, _ := proxies.Load(b)
		return p.(*proxy)
	}
	brokertest.Run(t, brokertest.Features{
		Durable: true,
		Restart: func(t *testing.T) {
			saveQueues(t, server)
			kill(t, server)
			restart(t, server)
		},
		Disconnect: func(_ *testing.T, b broker.Broker) { of(b).cut() },
		Freeze: func(_ *testing.T, b broker.Broker) func() {
			of(b).freeze()
			return of(b).thaw
		},
	}, func(t *testing.T) broker.Broker {
		p, url := newProxy(t, server.URL())
		b := start(t, amqpbroker.Config{URL: url})
		proxies.Store(broker.Broker(b), p)
		return b
	})
}

// saveQueues has the server save its directory of quorum queues, which it does by itself twice a second: of a queue
// that is younger RabbitMQ forgets the contents when it is killed.
func saveQueues(t *testing.T, server *rabbitserver.Server) {
	t.Helper()
	if _, err := server.Ctl(t.Context(), "eval", "[dets:sync(T) || T <- dets:all()]."); err != nil {
		t.Fatal(err)
	}
}

func kill(t *testing.T, server *rabbitserver.Server) {
	t.Helper()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
}

func restart(t *testing.T, server *rabbitserver.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := server.Restart(ctx); err != nil {
		t.Fatal(err)
	}
}

// start returns a started client.
func start(t testing.TB, cfg amqpbroker.Config) *amqpbroker.Broker {
	t.Helper()
	b, err := amqpbroker.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}
