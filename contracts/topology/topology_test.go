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

func TestAQueueTellsItsSquad(t *testing.T) {
	for _, squad := range []string{contracts.DefaultSquad, "gpu", "team.a", "high"} {
		queues := topology.OfSquads(squad).OrdersQueues()
		if len(queues) != 3 {
			t.Errorf("squad %s has the queues %q, want one for each priority", squad, queues)
		}
		for _, q := range queues {
			if got := topology.SquadOf(q); got != squad {
				t.Errorf("%s is of squad %q, want %q", q, got, squad)
			}
		}
	}
}
