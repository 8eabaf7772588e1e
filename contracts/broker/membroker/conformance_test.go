package membroker_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/brokertest"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	server := membroker.New()
	brokertest.Run(t, brokertest.Features{
		Durable:    true,
		Restart:    func(*testing.T) { server.Restart() },
		Disconnect: func(_ *testing.T, b broker.Broker) { b.(*membroker.Client).Cut() },
		Freeze:     func(_ *testing.T, b broker.Broker) func() { return b.(*membroker.Client).Freeze() },
	}, func(*testing.T) broker.Broker { return server.Connect(membroker.Config{}) })
}
