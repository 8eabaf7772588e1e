// Package dispatch publishes orders: the outbox's other half.
//
// A mission that is QUEUED has a due entry in the store until its order is confirmed by the broker. Whoever wrote the
// entry publishes at once (Dispatch), or has the mission wait where there is no room. If that fails, or the commander dies,
// the entry stays, its time comes, and any commander takes it (the loop here). So an order may be published twice, and
// never none.
//
// Taking pushes an entry on and makes it a newer one; a confirm clears it only if it is still the one that was published.
//
// # Where a QUEUED mission is
//
//	              published and confirmed
//	due entry ──────────────────────────────> shelf "sent" of its queue: the order lies at the broker
//	 │    ^ ^      lost, or the broker wiped        │
//	 │    │ └───────────────────────────────────────┘  (package custody)
//	 v    │ room again
//	shelf "waiting" of its queue: as many orders as it may have lie at the broker, or on their way there
//
// The broker holds a bounded window of orders; the rest of a backlog, and all of a squad that is paused (package squads),
// waits in the store, where it costs nothing but its place: it is not taken, loaded or looked at until there is room. Each
// commander asks the broker once a second how full the queues are, and counts what it adds. So with many commanders a queue
// may get over its window, by what they publish in a second, and stays within it on the whole. As long as missions wait, new
// ones go behind them. What lies at the broker is counted in messages, of which some may be packs of orders (see packs.go);
// what is on its way there in orders.
//
// A mission whose concurrency key or squad has no place for it is QUEUED, too, and none of these: the store gives it a due entry when its turn
// comes (store.Gates), and TakeDue finds it.
//
// What lies at the broker is on record, so that it can be sent again where the broker loses it. How far a queue has come
// (Passed) tells custody what must have been delivered long ago.
package dispatch

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// Each queue has so many publishers, so that one which does not confirm holds up no other. A publisher waits for the
	// confirms of some orders, which travel together: as many as have gathered. RabbitMQ and its clients cost least with
	// about four batches under way.
	publishers  = 4
	maxTogether = 64
	// room is how many orders of a queue may wait for a publisher; more wait in the store.
	room = 4096
	// maxClearing is how many entries may wait to be cleared before further missions that find no room are left to theirs:
	// some ten megabytes.
	maxClearing = 100_000
	// patience is how long an order is tried: it leaves time to clear the entry before its hold ends.
	patience   = contracts.DispatchHold - 2*time.Second
	retryEvery = 200 * time.Millisecond
	takeLimit  = 500
	// takeEvery is how late a due mission may be noticed.
	takeEvery  = 250 * time.Millisecond
	clearLimit = 1000
	// maxHeld bounds the orders that wait or are on their way, in bytes of their payloads; more wait in the store. That is
	// 160 of the largest ones. Each may be there twice, as it is and encoded.
	maxHeld = 40 << 20
)

// Store is what the dispatcher needs of a store.
type Store interface {
	store.Outbox
	Load(ctx context.Context, ids ...string) ([]store.Record, error)
	Peek(ctx context.Context, ids ...string) ([]store.Record, error)
	Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error)
	ListSessions(ctx context.Context) ([]store.Session, store.Source, error)
}

// Broker is what the dispatcher needs of a broker.
type Broker interface {
	broker.BatchPublisher
	Depth(ctx context.Context, queue string) (broker.Depth, error)
}

// Config of a Dispatcher. All fields are required.
type Config struct {
	Store  Store
	Broker Broker
	// Queues returns the orders queues, those of all squads.
	Queues func() []string
	// Open tells whether orders may be published to a queue now. Of one that is not, missions wait as for room. It must not block.
	Open func(queue string) bool
	// Awaited is told which queue a mission waits for: it may be that of a squad which is not there. It must not block.
	Awaited func(queue string)
	// Gone is told that a queue which is open is not there. It must not block.
	Gone func(queue string)
	// Window is at how many messages in a queue the rest waits in the store, at least 1. A message is an order, or a pack of them.
	Window int
	// SealKey seals orders (mission.Seal); all commanders share it.
	SealKey []byte
	// Connected tells whether the broker can be reached. While it can't, due entries are left alone.
	Connected func() bool
	// Unbroken tells for how long all that claims come through has been there, and no clock was set: an uptime.Tracker's.
	Unbroken func() time.Duration
	Now      func() contracts.Time
	// Observe counts orders: published, unroutable, failed, or waiting for room in their queue.
	Observe func(outcome string)
	Logger  *zap.Logger
}

// Dispatcher publishes orders. It is safe for concurrent use.
type Dispatcher struct {
	Config
	log   *zap.Logger
	clear *fifo[store.Due]
	wake  chan struct{}
	// held are bytes of payloads, of which there may be maxHeld.
	held    atomic.Int64
	maxHeld int64
	queues  *queues
	packer  *packer

	start, end sync.Once
	stop       context.CancelFunc
	done       sync.WaitGroup

	mu sync.Mutex
	// outlets have the orders of each queue that wait for a publisher.
	outlets map[string]*outlet
	// publishing is the publishers' context: nil before Start and after Stop.
	publishing context.Context //nolint:containedctx // publishers start when a queue gets its first order
}

// New returns a dispatcher.
func New(c Config) *Dispatcher {
	return &Dispatcher{
		Config: c, log: c.Logger.Named("dispatch"), clear: newFIFO[store.Due](maxClearing), outlets: map[string]*outlet{},
		wake: make(chan struct{}, 1), stop: func() {}, queues: newQueues(c.Window, c.Open),
		packer: newPacker(), maxHeld: maxHeld,
	}
}

// Dispatch publishes the order of a QUEUED mission in the background, under the given due entry's number, or leaves it to
// wait its turn where its queue is full.
func (d *Dispatcher) Dispatch(rec store.Record, dispatch int64) { d.send(rec, dispatch, isNew) }

func (d *Dispatcher) send(rec store.Record, dispatch int64, turn turn) {
	o := order{rec: rec, dispatch: dispatch, queue: ordersQueue(rec), until: time.Now().Add(patience)}
	if !d.queues.enter(o.queue, turn) {
		d.wait(o)
		return
	}
	if d.held.Add(o.size()) <= d.maxHeld && d.outlet(o.queue).offer(o) {
		return
	}
	d.held.Add(-o.size())
	d.queues.crowded(o.queue)
	d.wait(o)
}

// wait has a mission wait its turn in the store.
func (d *Dispatcher) wait(o order) {
	d.Awaited(o.queue)
	if d.clear.offer(o.to(waiting(o.queue))) {
		d.Observe("waiting")
	} // else the due entry's time will come
}

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
		d.open(ctx)
		d.done.Go(func() { d.clearLoop(ctx) })
		d.done.Go(func() { d.takeLoop(ctx) })
		d.done.Go(func() { background.Every(ctx, measureEvery, d.measureAll) })
	})
	return nil
}

// Stop ends it. Orders that were not published keep their due entries.
func (d *Dispatcher) Stop(context.Context) error {
	d.end.Do(func() {
		d.stop()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.publishing = nil
	})
	d.done.Wait()
	return nil
}

// clearLoop clears the entries of orders that were confirmed or that wait, as many at a time as have gathered.
func (d *Dispatcher) clearLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.clear.some:
		}
		entries := d.clear.take(clearLimit)
		if len(entries) == 0 {
			continue
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
		for d.take(ctx) || d.refill(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-d.wake:
		}
	}
}

// room is how many entries may be taken now. It is 0 while as many orders wait as would be dropped for lack of room, and
// while the broker is away: what was taken would only be loaded again and again.
func (d *Dispatcher) room(ctx context.Context) int {
	if d.held.Load() >= d.maxHeld/2 || !d.Connected() || ctx.Err() != nil {
		return 0
	}
	return takeLimit
}

// take takes due entries once and tells whether there may be more.
func (d *Dispatcher) take(ctx context.Context) bool {
	limit := d.room(ctx)
	if limit == 0 {
		return false
	}
	taken, err := d.Store.TakeDue(ctx, limit, contracts.DispatchHold)
	if err != nil || len(taken) == 0 {
		return false
	}
	entries, err := d.setAside(ctx, taken)
	if err != nil {
		return false
	}
	entries, recs, err := d.read(ctx, entries, d.Store.Load)
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
			d.send(rec, entries[i].Dispatch, isNext)
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
	return len(taken) == limit
}

// setAside has missions wait whose queue is full, without loading their payloads, and returns the entries of the others.
func (d *Dispatcher) setAside(ctx context.Context, entries []store.Due) ([]store.Due, error) {
	if !d.queues.anyFull() {
		return entries, nil
	}
	entries, recs, err := d.read(ctx, entries, d.Store.Peek)
	if err != nil {
		return nil, err
	}
	var others, aside []store.Due
	for i, rec := range recs {
		action, _ := mission.Come(rec, d.Now())
		if queue := ordersQueue(rec); action == mission.DuePublish && d.queues.room(queue) == 0 {
			entries[i].Shelf = waiting(queue)
			aside = append(aside, entries[i])
			d.Awaited(queue)
			d.queues.noteBacklog(queue, true)
			d.Observe("waiting")
			continue
		}
		others = append(others, entries[i])
	}
	return others, d.Store.ClearDue(ctx, aside...)
}

// read returns the records of entries: one by one where one of them can't be read, so that it holds up nobody else. Such an
// entry is left out, and comes again when its hold ends.
func (d *Dispatcher) read(ctx context.Context, entries []store.Due, load func(context.Context, ...string) ([]store.Record, error),
) ([]store.Due, []store.Record, error) {
	recs, err := load(ctx, missionIDs(entries)...)
	if err == nil || errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
		return entries, recs, err
	}
	var sound []store.Due
	recs = nil
	for _, e := range entries {
		one, err := load(ctx, e.MissionID)
		switch {
		case err == nil:
			sound, recs = append(sound, e), append(recs, one...)
		case errors.Is(err, store.ErrUnavailable), ctx.Err() != nil:
			return nil, nil, err
		default:
			d.log.Error("a mission can't be read, its order is not sent", zap.String("mission_id", e.MissionID), zap.Error(err))
		}
	}
	return sound, recs, nil
}

func missionIDs(entries []store.Due) []string {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.MissionID
	}
	return ids
}

// refill has missions taken that wait for room in their queue, as many as there is room for, and tells whether there were
// any.
func (d *Dispatcher) refill(ctx context.Context) bool {
	limit, some := d.room(ctx), false
	for _, queue := range d.Queues() {
		n := min(limit, d.queues.room(queue), d.outletRoom(queue))
		if n == 0 || !d.queues.mayWait(queue) {
			continue
		}
		// All of them, now, whatever our clock and the store's say, or said when they were put there.
		now := d.Now()
		got, err := d.Store.Unshelve(ctx, waiting(queue), contracts.At(now.AddDate(100, 0, 0)), n, contracts.At(now.Add(-time.Minute)))
		if err != nil {
			return false
		}
		d.queues.noteBacklog(queue, got == n)
		some = some || got > 0
	}
	return some
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
		if o.Code == store.Applied && o.Dispatch != 0 { // else it waits at its gate
			rec := changes[i].Record
			rec.Mission.Version = changes[i].Version()
			d.Dispatch(rec, o.Dispatch)
		}
	}
}
