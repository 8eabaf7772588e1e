// Package dispatch publishes orders: the outbox's other half.
//
// A mission that is QUEUED has a due entry in the store until its order is confirmed by the broker. Whoever wrote the
// entry publishes at once (Dispatch). If that fails, or the commander dies, or there is no room, the entry stays, its
// time comes, and any commander takes it (the loop here). So an order may be published twice, and never none.
//
// Taking pushes an entry on and makes it a newer one; a confirm clears it only if it is still the one that was published.
package dispatch

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	publishers = 64   // orders that wait for their confirm at once
	room       = 4096 // orders that wait for a publisher; more are left to their due entries
	// patience is how long an order is tried: it leaves time to clear the entry before its hold ends.
	patience   = contracts.DispatchHold - 2*time.Second
	retryEvery = 200 * time.Millisecond
	takeLimit  = 500
	// takeEvery is how late a due mission may be noticed.
	takeEvery  = 250 * time.Millisecond
	clearLimit = 256
	// maxHeld bounds the orders that wait or are on their way, in bytes of their payloads; more are left to their due
	// entries. That is 256 of the largest ones.
	maxHeld = 64 << 20
)

// Store is what the dispatcher needs of a store.
type Store interface {
	store.Outbox
	Load(ctx context.Context, ids ...string) ([]store.Record, error)
	Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error)
}

// Config of a Dispatcher. All fields are required.
type Config struct {
	Store     Store
	Publisher broker.Publisher
	// Connected tells whether the broker can be reached. While it can't, due entries are left alone.
	Connected func() bool
	Now       func() contracts.Time
	// Observe counts orders: published, unroutable or failed.
	Observe func(outcome string)
	Logger  *zap.Logger
}

// Dispatcher publishes orders. It is safe for concurrent use.
type Dispatcher struct {
	Config
	log    *zap.Logger
	orders chan order
	clear  chan store.Due
	wake   chan struct{}
	held   atomic.Int64

	start, end sync.Once
	stop       context.CancelFunc
	done       sync.WaitGroup
}

type order struct {
	rec      store.Record
	dispatch int64
	until    time.Time
}

// New returns a dispatcher.
func New(c Config) *Dispatcher {
	return &Dispatcher{
		Config: c, log: c.Logger.Named("dispatch"), orders: make(chan order, room), clear: make(chan store.Due, room),
		wake: make(chan struct{}, 1), stop: func() {},
	}
}

// Dispatch publishes the order of a QUEUED mission in the background, under the given due entry's number.
func (d *Dispatcher) Dispatch(rec store.Record, dispatch int64) {
	o := order{rec, dispatch, time.Now().Add(patience)}
	if d.held.Add(o.size()) <= maxHeld {
		select {
		case d.orders <- o:
			return
		default:
		}
	}
	d.held.Add(-o.size()) // no room: the due entry's time will come
}

func (o order) size() int64 { return int64(len(o.rec.Mission.Payload)) }

// Wake has the loop look for due entries now: the broker or the store came back.
func (d *Dispatcher) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Start begins. It returns at once.
func (d *Dispatcher) Start(context.Context) error {
	d.start.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		d.stop = cancel
		for range publishers {
			d.done.Go(func() { d.publishLoop(ctx) })
		}
		d.done.Go(func() { d.clearLoop(ctx) })
		d.done.Go(func() { d.takeLoop(ctx) })
	})
	return nil
}

// Stop ends it. Orders that were not published keep their due entries.
func (d *Dispatcher) Stop(context.Context) error {
	d.end.Do(func() { d.stop() })
	d.done.Wait()
	return nil
}

func (d *Dispatcher) publishLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-d.orders:
			d.publish(ctx, o)
			d.held.Add(-o.size())
		}
	}
}

// publish publishes one order. While the broker is away it tries again until the due entry's hold is nearly over: then
// others may take the entry, and so may we.
func (d *Dispatcher) publish(ctx context.Context, o order) {
	m := o.rec.Mission
	body, err := contracts.NewOrder(m, o.dispatch, d.Now()).Encode()
	if err != nil {
		d.log.Error("order can't be encoded", zap.String("mission_id", m.MissionID), zap.Error(err))
		return
	}
	publishCtx, cancel := context.WithDeadline(ctx, o.until)
	defer cancel()
	queue := topology.OrdersQueue(m.Squad, m.Priority)
	for {
		err = d.Publisher.Publish(publishCtx, queue, broker.Message{ID: m.MissionID, Type: string(contracts.TypeOrder), Body: body})
		if !errors.Is(err, broker.ErrUnavailable) && !errors.Is(err, broker.ErrBlocked) {
			break
		}
		select {
		case <-publishCtx.Done():
		case <-time.After(retryEvery):
			continue
		}
		break
	}
	switch {
	case err == nil:
		d.Observe("published")
		select {
		case d.clear <- store.Due{MissionID: m.MissionID, Dispatch: o.dispatch}:
		case <-ctx.Done():
		}
	case errors.Is(err, broker.ErrUnroutable):
		d.Observe("unroutable")
		d.log.Warn("no queue took the order, it will be sent again", zap.String("mission_id", m.MissionID), zap.String("queue", queue))
	default:
		d.Observe("failed")
		d.log.Debug("order not published, it will be sent again", zap.String("mission_id", m.MissionID), zap.Error(err))
	}
}

// clearLoop clears the entries of confirmed orders, as many at a time as have gathered.
func (d *Dispatcher) clearLoop(ctx context.Context) {
	for {
		var entries []store.Due
		select {
		case <-ctx.Done():
			return
		case e := <-d.clear:
			entries = append(entries, e)
		}
		for len(entries) < clearLimit {
			select {
			case e := <-d.clear:
				entries = append(entries, e)
				continue
			default:
			}
			break
		}
		if err := d.Store.ClearDue(ctx, entries...); err != nil && ctx.Err() == nil {
			// The orders go out once more when the entries' time comes; their claims are refused.
			d.log.Debug("due entries not cleared", zap.Int("entries", len(entries)), zap.Error(err))
		}
	}
}

func (d *Dispatcher) takeLoop(ctx context.Context) {
	tick := time.NewTicker(takeEvery)
	defer tick.Stop()
	for {
		for d.take(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-d.wake:
		}
	}
}

// take takes due entries once and tells whether there may be more. It takes none while as many orders wait as would be
// dropped for lack of room, and none while the broker is away: what was taken would only be loaded again and again.
func (d *Dispatcher) take(ctx context.Context) bool {
	limit := min(takeLimit, cap(d.orders)-len(d.orders))
	if limit == 0 || d.held.Load() >= maxHeld/2 || !d.Connected() || ctx.Err() != nil {
		return false
	}
	entries, err := d.Store.TakeDue(ctx, limit, contracts.DispatchHold)
	if err != nil || len(entries) == 0 {
		return false
	}
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.MissionID
	}
	recs, err := d.Store.Load(ctx, ids...)
	if err != nil {
		return false
	}
	var done []store.Due
	var changes []store.Change
	for i, rec := range recs {
		switch action, decision := mission.Come(rec, d.Now()); action {
		case mission.DueClear:
			done = append(done, entries[i])
		case mission.DuePublish:
			d.Dispatch(rec, entries[i].Dispatch)
		case mission.DueQueue:
			changes = append(changes, *decision.Change)
		case mission.DueLater:
		}
	}
	d.queue(ctx, changes)
	if len(done) > 0 {
		if err := d.Store.ClearDue(ctx, done...); err != nil {
			return false
		}
	}
	return len(entries) == limit
}

// queue commits what makes missions QUEUED, and publishes those. A conflict leaves the entry for later.
func (d *Dispatcher) queue(ctx context.Context, changes []store.Change) {
	if len(changes) == 0 {
		return
	}
	outcomes, err := d.Store.Commit(ctx, changes...)
	if err != nil {
		return
	}
	for i, o := range outcomes {
		if o.Code == store.Applied {
			rec := changes[i].Record
			rec.Mission.Version = changes[i].Version()
			d.Dispatch(rec, o.Dispatch)
		}
	}
}
