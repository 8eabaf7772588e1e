package topology_test

import (
	"slices"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

func TestOrdersQueuesAreNotTheDeadOnes(t *testing.T) {
	all := topology.Default()
	gpu := topology.OrdersQueue("gpu", contracts.PriorityHigh)
	all.Queues = append(all.Queues, topology.Queue{Name: gpu}, topology.Marker("id"))
	want := []string{topology.Orders, "orders_queue.default.high", "orders_queue.default.low", gpu}
	if got := all.OrdersQueues(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
