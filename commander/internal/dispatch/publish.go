package dispatch

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

type order struct {
	rec      store.Record
	dispatch int64
	queue    string
	until    time.Time
}

func ordersQueue(rec store.Record) string {
	return topology.OrdersQueue(rec.Mission.Squad, rec.Mission.Priority)
}

// to is the entry to clear onto a shelf.
func (o order) to(shelf string) store.Due {
	return store.Due{MissionID: o.rec.Mission.MissionID, Dispatch: o.dispatch, Shelf: shelf}
}

func (o order) size() int64 { return int64(len(o.rec.Mission.Payload)) }

// publishLoop publishes orders, those of a queue together that have gathered.
func (d *Dispatcher) publishLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-d.orders:
			for queue, orders := range d.gather(o) {
				d.publish(ctx, queue, orders)
			}
		}
	}
}

// gather takes what waits behind an order, by queue.
func (d *Dispatcher) gather(first order) map[string][]order {
	together := map[string][]order{first.queue: {first}}
	for n, size := 1, first.size(); n < maxTogether && size < maxTogetherBytes; n++ {
		select {
		case o := <-d.orders:
			together[o.queue] = append(together[o.queue], o)
			size += o.size()
			continue
		default:
		}
		break
	}
	return together
}

// publish publishes orders of one queue. While the broker is away it tries again until their due entries' hold is nearly
// over: then others may take the entries, and so may we.
func (d *Dispatcher) publish(ctx context.Context, queue string, orders []order) {
	var messages []broker.Message
	var sent []order // what the messages are
	until := orders[0].until
	for _, o := range orders {
		m := o.rec.Mission
		body, err := d.write(o)
		if err != nil {
			d.log.Error("order can't be encoded", zap.String("mission_id", m.MissionID), zap.Error(err))
			d.ended(o, notPublished)
			continue
		}
		messages = append(messages, broker.Message{ID: m.MissionID, Type: string(contracts.TypeOrder), Body: body})
		sent = append(sent, o)
		if o.until.Before(until) {
			until = o.until
		}
	}
	publishCtx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for len(sent) > 0 {
		var again []int
		for i, err := range d.Broker.PublishAll(publishCtx, queue, messages) {
			if away(err) && publishCtx.Err() == nil {
				again = append(again, i)
				continue
			}
			d.answered(sent[i], err)
		}
		// Those that are tried again are the first of the same slices.
		for k, i := range again {
			sent[k], messages[k] = sent[i], messages[i]
		}
		sent, messages = sent[:len(again)], messages[:len(again)]
		if len(again) > 0 {
			select {
			case <-publishCtx.Done():
			case <-time.After(retryEvery):
			}
		}
	}
}

// away tells whether an order may be taken if it is tried again soon.
func away(err error) bool {
	return errors.Is(err, broker.ErrUnavailable) || errors.Is(err, broker.ErrBlocked)
}

// answered settles an order that the broker answered, or that was tried for long enough.
func (d *Dispatcher) answered(o order, err error) {
	id := o.rec.Mission.MissionID
	switch {
	case err == nil:
		d.ended(o, published)
		d.Observe("published")
		d.clear.add(o.to(Sent(o.queue)))
		return
	case errors.Is(err, broker.ErrUnroutable):
		d.Observe("unroutable")
		d.log.Warn("no queue took the order, it will be sent again", zap.String("mission_id", id), zap.String("queue", o.queue))
	default:
		d.Observe("failed")
		d.log.Debug("order not published, it will be sent again", zap.String("mission_id", id), zap.Error(err))
	}
	d.ended(o, notPublished)
}

// ended gives back an order's places.
func (d *Dispatcher) ended(o order, e ending) {
	d.queues.leave(o.queue, e)
	d.held.Add(-o.size())
}

// write returns the order as it is published. What can't be sealed goes without: it would not be adopted after a wipe.
func (d *Dispatcher) write(o order) ([]byte, error) {
	m := o.rec.Mission
	order := contracts.NewOrder(m, o.dispatch, d.Now())
	var err error
	if order.Seal, err = mission.Seal(m, d.SealKey); err != nil {
		d.log.Warn("order goes without a seal: if redis is wiped it can't be adopted", zap.String("mission_id", m.MissionID), zap.Error(err))
	}
	return order.Encode()
}
