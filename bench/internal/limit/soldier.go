package limit

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"
)

// startSoldier takes orders and returns the name of the inbox for its grants.
func (l *Limit) startSoldier(ctx context.Context) (string, error) {
	to, err := l.newOutlet(status)
	if err != nil {
		return "", err
	}
	ch, err := l.channel()
	if err != nil {
		return "", err
	}
	inbox, err := ch.QueueDeclare("", false, true, true, false, nil)
	if err != nil {
		return "", fmt.Errorf("declaring the inbox: %w", err)
	}
	grants, err := ch.ConsumeWithContext(ctx, inbox.Name, "", true, true, false, false, nil)
	if err != nil {
		return "", fmt.Errorf("consuming the inbox: %w", err)
	}
	taking, err := l.channel()
	if err != nil {
		return "", err
	}
	if err := taking.Qos(max(1, l.cfg.Slots/max(1, l.cfg.OrdersTogether)), 0, false); err != nil {
		return "", fmt.Errorf("setting the prefetch: %w", err)
	}
	deliveries, err := taking.ConsumeWithContext(ctx, orders, "", false, false, false, false, nil)
	if err != nil {
		return "", fmt.Errorf("consuming orders: %w", err)
	}
	s := &soldier{limit: l, updates: make(chan update, 2*l.cfg.Slots), claimed: map[uint64]*loan{}}
	most := packMost
	if l.cfg.Protocol == Single {
		most = 1
	}
	go l.pack(ctx, s.updates, most, to)
	go s.takeGrants(grants)
	go s.takeOrders(deliveries)
	return inbox.Name, nil
}

type soldier struct {
	limit   *Limit
	updates chan update

	mu      sync.Mutex
	claimed map[uint64]*loan // where claims are answered
}

// loan is a message of orders, acked once all of them are done.
type loan struct {
	delivery amqp.Delivery
	left     atomic.Int64
}

func (l *loan) done() error {
	if l.left.Add(-1) > 0 {
		return nil
	}
	return l.delivery.Ack(false)
}

func (s *soldier) takeOrders(deliveries <-chan amqp.Delivery) {
	for d := range deliveries {
		from := &loan{delivery: d}
		from.left.Store(int64(len(d.Body) / orderSize))
		for order := range slices.Chunk(d.Body, orderSize) {
			id := binary.BigEndian.Uint64(order)
			if s.limit.cfg.Protocol == Claimed {
				s.mu.Lock()
				s.claimed[id] = from
				s.mu.Unlock()
			}
			s.updates <- update{id: id, what: claim}
			if s.limit.cfg.Protocol != Claimed {
				s.finish(id, from)
			}
		}
	}
}

func (s *soldier) takeGrants(grants <-chan amqp.Delivery) {
	for g := range grants {
		for _, granted := range decode(g.Body, grantsSize) {
			s.mu.Lock()
			from := s.claimed[granted.id]
			delete(s.claimed, granted.id)
			s.mu.Unlock()
			s.finish(granted.id, from)
		}
	}
}

// finish reports the final, and acks the order once the broker has that.
func (s *soldier) finish(id uint64, from *loan) {
	s.updates <- update{id: id, what: final, taken: from.done}
}
