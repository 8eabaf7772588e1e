package dispatch

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
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

// parcel is a message and the orders in it.
type parcel struct {
	orders  []order
	message broker.Message
}

// until is when the first of its orders has been tried for long enough.
func (p parcel) until() time.Time {
	until := p.orders[0].until
	for _, o := range p.orders {
		if o.until.Before(until) {
			until = o.until
		}
	}
	return until
}

func ordersQueue(rec store.Record) string {
	return topology.OrdersQueue(rec.Mission.Squad, rec.Mission.Priority)
}

// to is the entry to clear onto a shelf.
func (o order) to(shelf string) store.Due {
	return store.Due{MissionID: o.rec.Mission.MissionID, Dispatch: o.dispatch, Shelf: shelf}
}

func (o order) size() int64 { return int64(len(o.rec.Mission.Payload)) }

// outlet is what waits for the publishers of a queue.
type outlet struct {
	*fifo[order]
	// stop ends its publishers.
	stop context.CancelFunc
}

// open starts the publishers of all queues that have orders, and from now on of each that gets its first one.
func (d *Dispatcher) open(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.publishing = ctx
	for queue, orders := range d.outlets {
		d.startPublishers(queue, orders)
	}
}

// outlet returns that of a queue, which has a place for an order, so that it is not closed meanwhile.
func (d *Dispatcher) outlet(queue string) *outlet {
	d.mu.Lock()
	defer d.mu.Unlock()
	orders := d.outlets[queue]
	if orders == nil {
		orders = &outlet{fifo: newFIFO[order](room), stop: func() {}}
		d.outlets[queue] = orders
		d.startPublishers(queue, orders)
	}
	return orders
}

// outletRoom is how many more orders may wait for the publishers of a queue.
func (d *Dispatcher) outletRoom(queue string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if orders := d.outlets[queue]; orders != nil {
		return orders.room()
	}
	return room
}

func (d *Dispatcher) startPublishers(queue string, orders *outlet) {
	if d.publishing == nil {
		return
	}
	ctx, stop := context.WithCancel(d.publishing)
	orders.stop = stop
	for range publishers {
		d.done.Go(func() { d.publishLoop(ctx, queue, orders.fifo) })
	}
}

// Queues returns the orders queues that are looked after. What is no queue of a squad any more is forgotten.
func (d *Dispatcher) Queues() []string {
	names := d.Config.Queues()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, gone := range d.queues.keep(names) {
		if orders := d.outlets[gone]; orders != nil {
			orders.stop()
			delete(d.outlets, gone)
		}
	}
	return names
}

// publishLoop publishes orders of a queue, those together that have gathered.
func (d *Dispatcher) publishLoop(ctx context.Context, queue string, orders *fifo[order]) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-orders.some:
			d.publish(ctx, queue, orders.take(maxTogether))
		}
	}
}

// publish publishes orders of one queue. While the broker is away it tries each again until its due entry's hold is nearly
// over: then others may take the entry, and so may we.
func (d *Dispatcher) publish(ctx context.Context, queue string, orders []order) {
	var messages []broker.Message
	var left []parcel // what is in the messages
	for _, group := range d.group(queue, orders) {
		for _, p := range d.wrap(group) {
			messages, left = append(messages, p.message), append(left, p)
		}
	}
	keep := func(again func(i int) bool) {
		n := 0
		for i := range left {
			if again(i) {
				left[n], messages[n] = left[i], messages[i]
				n++
			}
		}
		left, messages = left[:n], messages[:n]
	}
	for {
		keep(func(i int) bool {
			late := ctx.Err() != nil || !time.Now().Before(left[i].until())
			if late {
				d.answeredAll(left[i], context.DeadlineExceeded)
			}
			return !late
		})
		if len(left) == 0 {
			return
		}
		results := d.try(ctx, queue, left, messages)
		keep(func(i int) bool {
			if away(results[i]) {
				return true
			}
			d.answeredAll(left[i], results[i])
			return false
		})
		if len(left) == 0 {
			return
		}
		background.Pause(ctx, retryEvery)
	}
}

// try hands messages to the broker, and waits for its answers until the first of them has been tried for long enough.
func (d *Dispatcher) try(ctx context.Context, queue string, parcels []parcel, messages []broker.Message) []error {
	until := parcels[0].until()
	for _, p := range parcels {
		if u := p.until(); u.Before(until) {
			until = u
		}
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return d.Broker.PublishAll(ctx, queue, messages)
}

// away tells whether an order may be taken if it is tried again soon.
func away(err error) bool {
	return errors.Is(err, broker.ErrUnavailable) || errors.Is(err, broker.ErrBlocked)
}

// answeredAll settles the orders in a message: one answer is for all of them.
func (d *Dispatcher) answeredAll(p parcel, err error) {
	for _, o := range p.orders {
		d.answered(o, err)
	}
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
		d.Gone(o.queue)
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

// wrap makes a message of orders: of each of them, where one can't be encoded, and none of that.
func (d *Dispatcher) wrap(orders []order) []parcel {
	first := orders[0].rec.Mission.MissionID
	message := broker.Message{ID: first, Type: string(contracts.TypeOrder)}
	var err error
	if len(orders) == 1 {
		message.Body, err = d.write(orders[0]).Encode()
	} else {
		pack := make([]contracts.Order, len(orders))
		for i, o := range orders {
			pack[i] = d.write(o)
		}
		message.Type = string(contracts.TypeOrders)
		message.Body, err = contracts.NewOrderPack(pack...).Encode()
	}
	switch {
	case err == nil:
		return []parcel{{orders, message}}
	case len(orders) == 1:
		d.log.Error("order can't be encoded", zap.String("mission_id", first), zap.Error(err))
		d.ended(orders[0], notPublished)
		return nil
	}
	var parcels []parcel
	for i := range orders {
		parcels = append(parcels, d.wrap(orders[i:i+1])...)
	}
	return parcels
}

// write returns the order as it is published. What can't be sealed goes without: it would not be adopted after a wipe.
func (d *Dispatcher) write(o order) contracts.Order {
	m := o.rec.Mission
	order := contracts.NewOrder(m, o.dispatch, d.Now())
	var err error
	if order.Seal, err = mission.Seal(m, d.SealKey); err != nil {
		d.log.Warn("order goes without a seal: if redis is wiped it can't be adopted", zap.String("mission_id", m.MissionID), zap.Error(err))
	}
	return order
}
