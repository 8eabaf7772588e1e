package membroker_test

import (
	"os"
	"reflect"
	"strings"
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

// TestReadmeSaysWhatIsLost: each feature that implementations may differ in has its line.
func TestReadmeSaysWhatIsLost(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[brokertest.Features]()) {
		if !strings.Contains(string(readme), "\n| `"+field.Name+"` |") {
			t.Errorf("README.md has no line about %s", field.Name)
		}
	}
}
