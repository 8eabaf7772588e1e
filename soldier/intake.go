package soldier

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
	"github.com/mission-control-dev/mission-control/soldier/internal/renew"
)

// hear listens to the inbox until ctx ends.
func (s *Soldier) hear(ctx context.Context) {
	err := s.broker.Consume(ctx, broker.Subscription{
		Prefetch: inboxPrefetch,
		Handle:   s.heard,
		Up: func(queue string) {
			s.engine.Do(func(m *protocol.Machine, now time.Time) { m.InboxUp(now, queue) })
			s.renewer.Connected(renew.Present)
			s.reporter.Wake()
		},
		Down: func(error) {
			s.engine.Do(func(m *protocol.Machine, _ time.Time) { m.InboxDown() })
			s.renewer.Connected(renew.Away)
		},
	})
	if ctx.Err() == nil {
		s.log.Error("inbox is closed for good: the broker was closed", zap.Error(err))
	}
}

// inboxPrefetch keeps a burst of answers flowing; they are acked as they are heard.
const inboxPrefetch = 256

func (s *Soldier) heard(d broker.Delivery) {
	pack, err := contracts.DecodeAnswerPack(d.Body)
	if err != nil {
		s.log.Warn("answer can't be read, left out", zap.String("queue", d.Queue), zap.Error(err))
	}
	s.engine.Do(func(m *protocol.Machine, now time.Time) {
		for _, a := range pack.Answers {
			m.Answer(now, a)
		}
	})
	if err := d.Ack(); err != nil && !errors.Is(err, broker.ErrStaleDelivery) && !errors.Is(err, broker.ErrClosed) {
		s.log.Warn("answer could not be acked", zap.String("queue", d.Queue), zap.Error(err))
	}
}

// takeOrders takes the squads' orders of all priorities until ctx ends.
func (s *Soldier) takeOrders(ctx context.Context) {
	var wg sync.WaitGroup
	for _, squad := range s.cfg.Squads {
		for _, p := range contracts.Priorities() {
			wg.Go(func() { s.takeFrom(ctx, topology.OrdersQueue(squad, p), p) })
		}
	}
	wg.Wait()
}

// takeFrom is subscribed to a queue for as long as there is a ration, with the ration as its prefetch: in messages. That is the
// number of slots, as long as missions are short and all is well. A soldier that commanders don't let in, or whose lease
// is not renewed, holds no orders, and one whose slots are taken by long missions (their orders are acked after 60 s)
// does not draw others to wait behind them while another soldier is free. Each queue has a ration of its own: what waits
// behind orders of higher priorities is given back after a while.
func (s *Soldier) takeFrom(ctx context.Context, queue string, p contracts.Priority) {
	for ctx.Err() == nil {
		ration := 0
		if s.engine.Until(ctx, func(m *protocol.Machine, now time.Time) bool {
			ration = m.Ration(now, p)
			return ration > 0
		}) != nil {
			return
		}
		s.engine.Do(func(m *protocol.Machine, now time.Time) { m.OrdersAsked(now, p, ration) })
		taking, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			defer stop()
			s.consumeOrders(taking, queue, p, ration)
		}()
		next := s.nextRation(taking, p, ration)
		closed := taking.Err() != nil // ctx ended, or the broker was closed
		stop()
		<-ended
		if closed {
			return
		}
		if next < ration {
			s.engine.Do(func(m *protocol.Machine, _ time.Time) { m.GiveBack(queue) })
		}
	}
}

// rationSettles is how long another ration must last before the subscription follows it. None at all, or half of what it was
// or less, is followed at once: what came beyond it would be given back as it comes. So is twice as much or more: slots are free.
const rationSettles = 5 * time.Second

// nextRation waits until the ration is another one, and returns it; or until ctx ends.
func (s *Soldier) nextRation(ctx context.Context, p contracts.Priority, ration int) int {
	next := ration
	differs := func(m *protocol.Machine, now time.Time) bool {
		next = m.Ration(now, p)
		return next != ration
	}
	for s.engine.Until(ctx, differs) == nil {
		if 2*next <= ration || next >= 2*ration {
			return next
		}
		settled := time.NewTimer(rationSettles)
		select {
		case <-ctx.Done():
			settled.Stop()
			return ration
		case <-settled.C:
		}
		s.engine.Read(func(m *protocol.Machine, now time.Time) { differs(m, now) })
		if next != ration {
			return next
		}
	}
	return ration
}

func (s *Soldier) consumeOrders(ctx context.Context, queue string, p contracts.Priority, prefetch int) {
	err := s.broker.Consume(ctx, broker.Subscription{
		Queue:    queue,
		Prefetch: prefetch,
		Handle:   s.ordered,
		Up: func(string) {
			s.engine.Do(func(m *protocol.Machine, now time.Time) {
				m.OrdersUp(queue)
				m.OrdersComing(now, p, prefetch)
			})
		},
		Down: func(error) {
			// A subscription that was ended on purpose leaves its deliveries on loan.
			if ctx.Err() == nil {
				s.engine.Do(func(m *protocol.Machine, _ time.Time) { m.OrdersDown(queue) })
			}
		},
	})
	if ctx.Err() == nil {
		s.log.Error("orders are closed for good: the broker was closed", zap.String("queue", queue), zap.Error(err))
	}
}

// ordered takes one message of orders. One that can't be read is dead-lettered: reading it again would fail again.
func (s *Soldier) ordered(d broker.Delivery) {
	orders, err := contracts.DecodeOrders(d.Body)
	if err != nil {
		s.unreadable.Add(1)
		s.log.Warn("order can't be read, set aside", zap.String("queue", d.Queue), zap.Error(err))
		if err := d.Nack(broker.DeadLettered); err != nil && !errors.Is(err, broker.ErrStaleDelivery) {
			s.log.Warn("order could not be set aside, it will come again", zap.String("queue", d.Queue), zap.Error(err))
		}
		return
	}
	s.engine.Do(func(m *protocol.Machine, now time.Time) { m.OrdersTaken(now, orders, d) })
}
