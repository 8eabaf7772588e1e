// Package topology is the AMQP topology of Mission Control as data: which queues there are, and with what arguments.
//
// All messages go through the default exchange, whose routing key is the name of the queue: there are no exchanges and
// bindings to lose. Only commanders declare durable queues. Soldiers must not: a soldier that declares would hide from
// the commanders that the broker was wiped.
//
//	orders_queue[.<squad>.<priority>]  commander -> soldiers    quorum; after 1,000 deliveries to orders_dead_queue
//	status_queue                       soldiers -> commander    quorum; no delivery limit, no dead-lettering
//	status_refused_queue               set aside by commanders  quorum; the newest 100,000 are kept
//	telemetry_queue                    soldiers -> commander    quorum; lossy: the newest 1,000 are kept
//	submissions_queue                  commander -> commander   quorum; no delivery limit; refuses more at 512 MiB
//	submissions_refused_queue          set aside by commanders  quorum; refuses more at 512 MiB
//	orders_dead_queue                  undeliverable orders     quorum; the newest 100,000 are kept
//	mc.epoch.<id>                        says which broker it is quorum; always empty
//	(server-named)                     commander -> one soldier exclusive, lives as long as its connection
//
// The arguments of a queue can't change once it exists (the broker answers 406 PRECONDITION_FAILED); a changed queue
// gets a new name.
package topology

import (
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Names of the queues that every installation has.
const (
	Orders        = "orders_queue"
	Status        = "status_queue"
	StatusRefused = "status_refused_queue"
	OrdersDead    = "orders_dead_queue"
	Telemetry     = "telemetry_queue"
	// Submissions holds missions that were accepted while the store was away, SubmissionsRefused those of them that
	// could not be created.
	Submissions        = "submissions_queue"
	SubmissionsRefused = "submissions_refused_queue"
)

// Limits of the queues.
const (
	// OrderDeliveryLimit is a fuse against an order that kills whoever touches it, not a retry policy.
	OrderDeliveryLimit = 1000
	// SetAsideLength is how many messages a set-aside queue keeps; beyond it the oldest go.
	SetAsideLength = 100_000
	// TelemetryLength is how many packs of reports wait, at most; beyond it the oldest go. Some seconds of a large fleet's.
	TelemetryLength = 1000
	// SubmissionsSize is how many bytes a queue of submissions takes. They are promised: beyond it nothing is dropped,
	// and more are refused.
	SubmissionsSize = 512 << 20
	// NoDeliveryLimit switches the limit off also where RabbitMQ 4 would set 20.
	NoDeliveryLimit = -1
)

// Queue is one durable quorum queue. Every queue of Mission Control but the inboxes is one.
type Queue struct {
	Name string
	// DeliveryLimit is how often a message may be delivered, NoDeliveryLimit for no limit.
	DeliveryLimit int
	// DeadLetterTo is the queue for messages past their delivery limit and rejected ones; empty drops them. They are
	// moved at least once, which needs that this queue rejects publishes rather than dropping its head.
	DeadLetterTo string
	// MaxLength bounds the queue; beyond it the oldest messages go. 0 is unbounded.
	MaxLength int
	// MaxBytes bounds the bodies in the queue together; beyond it publishes are rejected, and no message goes. 0 is
	// unbounded. A queue has MaxLength or MaxBytes.
	MaxBytes int
}

// Topology is a set of queues.
type Topology struct{ Queues []Queue }

// Default returns the topology that every commander declares. The queues of other squads (OfSquads) come as they are used.
func Default() Topology {
	orders := OfSquads(contracts.DefaultSquad).Queues
	return Topology{Queues: append(append([]Queue{
		{Name: OrdersDead, DeliveryLimit: NoDeliveryLimit, MaxLength: SetAsideLength},
	}, orders...), []Queue{
		{Name: StatusRefused, DeliveryLimit: NoDeliveryLimit, MaxLength: SetAsideLength},
		{Name: Status, DeliveryLimit: NoDeliveryLimit},
		{Name: Telemetry, DeliveryLimit: NoDeliveryLimit, MaxLength: TelemetryLength},
		{Name: SubmissionsRefused, DeliveryLimit: NoDeliveryLimit, MaxBytes: SubmissionsSize},
		{Name: Submissions, DeliveryLimit: NoDeliveryLimit, MaxBytes: SubmissionsSize},
	}...)}
}

// OfSquads returns the orders queues of squads, one for each priority. Default has those of the default squad.
func OfSquads(squads ...string) Topology {
	var t Topology
	for _, s := range squads {
		for _, p := range []contracts.Priority{contracts.PriorityNormal, contracts.PriorityHigh, contracts.PriorityLow} {
			t.Queues = append(t.Queues, Queue{Name: OrdersQueue(s, p), DeliveryLimit: OrderDeliveryLimit, DeadLetterTo: OrdersDead})
		}
	}
	return t
}

// Marker returns the queue that tells a broker from any other, also from itself before it lost all it had: it is
// declared once, under an id that is never used again, and nothing is ever in it. Where it is missing, everything is.
func Marker(id string) Queue {
	return Queue{Name: "mc.epoch." + id, DeliveryLimit: NoDeliveryLimit}
}

// OrdersQueues returns the names of the orders queues among t.
func (t Topology) OrdersQueues() []string {
	var names []string
	for _, q := range t.Queues {
		if q.Name == Orders || strings.HasPrefix(q.Name, Orders+".") {
			names = append(names, q.Name)
		}
	}
	return names
}

// OrdersQueue returns the orders queue of a squad and priority.
func OrdersQueue(squad string, p contracts.Priority) string {
	if squad == contracts.DefaultSquad && p == contracts.PriorityNormal {
		return Orders
	}
	return Orders + "." + squad + "." + string(p)
}

// SquadOf returns the squad of an orders queue.
func SquadOf(queue string) string {
	rest, named := strings.CutPrefix(queue, Orders+".")
	if !named {
		return contracts.DefaultSquad
	}
	return rest[:max(0, strings.LastIndexByte(rest, '.'))] // a squad's name may have dots, a priority has none
}
