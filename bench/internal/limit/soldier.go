package limit

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

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
	if err := taking.Qos(l.cfg.Slots, 0, false); err != nil {
		return "", fmt.Errorf("setting the prefetch: %w", err)
	}
	deliveries, err := taking.ConsumeWithContext(ctx, orders, "", false, false, false, false, nil)
	if err != nil {
		return "", fmt.Errorf("consuming orders: %w", err)
	}
	s := &soldier{limit: l, updates: make(chan update, 2*l.cfg.Slots), claimed: map[uint64]amqp.Delivery{}}
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
	claimed map[uint64]amqp.Delivery // where claims are answered
}

func (s *soldier) takeOrders(deliveries <-chan amqp.Delivery) {
	for d := range deliveries {
		id := binary.BigEndian.Uint64(d.Body)
		if s.limit.cfg.Protocol == Claimed {
			s.mu.Lock()
			s.claimed[id] = d
			s.mu.Unlock()
		}
		s.updates <- update{id: id, what: claim}
		if s.limit.cfg.Protocol != Claimed {
			s.finish(id, d)
		}
	}
}

func (s *soldier) takeGrants(grants <-chan amqp.Delivery) {
	for g := range grants {
		for _, granted := range decode(g.Body, grantsSize) {
			s.mu.Lock()
			d := s.claimed[granted.id]
			delete(s.claimed, granted.id)
			s.mu.Unlock()
			s.finish(granted.id, d)
		}
	}
}

// finish reports the final, and acks the order once the broker has that.
func (s *soldier) finish(id uint64, d amqp.Delivery) {
	s.updates <- update{id: id, what: final, taken: func() error { return d.Ack(false) }}
}
