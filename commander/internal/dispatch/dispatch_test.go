package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/dispatch"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counting is a store that counts how often missions are loaded.
type counting struct {
	*memstore.Store
	loads  atomic.Int32 // calls
	loaded atomic.Int32 // missions
	// damaged is the id of a mission that can't be read.
	damaged atomic.Pointer[string]
}

var errDamaged = errors.New("damaged")

func (c *counting) broken(ids []string) bool {
	id := c.damaged.Load()
	return id != nil && slices.Contains(ids, *id)
}

func (c *counting) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	if c.broken(ids) {
		return nil, errDamaged
	}
	return c.Store.Peek(ctx, ids...)
}

func (c *counting) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	c.loads.Add(int32(min(len(ids), 1)))
	c.loaded.Add(int32(len(ids)))
	if c.broken(ids) {
		return nil, errDamaged
	}
	return c.Store.Load(ctx, ids...)
}

// rig is a dispatcher over a broker in memory, in a bubble.
type rig struct {
	*dispatch.Dispatcher
	t      *testing.T
	broker *membroker.Server
	client *membroker.Client
	store  *counting
	// lag is how far the commander's clock is behind the store's.
	lag  atomic.Int64
	made int
	slow atomic.Bool
	// closed is a queue that no orders may be published to.
	closed atomic.Pointer[string]
	// gone: there is no squad gpu any more.
	gone atomic.Bool
	// brokenAt is when something was away last.
	brokenAt time.Time

	mu      sync.Mutex
	before  func(context.Context) error // called before each publish
	counted map[string]int
	awaited map[string]int // missions that waited, by queue
	lacking map[string]int // those whose queue was not there
}

// held is how many bytes of payloads a rig holds.
const held = 1 << 20

func newRig(t *testing.T) *rig { return newWindowRig(t, 100_000) }

// newWindowRig has a window of so many orders.
func newWindowRig(t *testing.T, window int) *rig {
	all := topology.Default()
	r := &rig{t: t, broker: membroker.New(), store: &counting{Store: memstore.New(memstore.Config{})}, counted: map[string]int{}, awaited: map[string]int{}, lacking: map[string]int{}}
	r.client = r.broker.Connect(membroker.Config{Topology: &all})
	t.Cleanup(func() { _ = r.client.Close(context.Background()) })
	r.Dispatcher = dispatch.New(dispatch.Config{
		Store: r.store, Broker: r, Queues: func() []string {
			if r.gone.Load() {
				return all.OrdersQueues()
			}
			return append(all.OrdersQueues(), topology.OrdersQueue("gpu", contracts.PriorityNormal))
		},
		Open: func(queue string) bool { return r.closed.Load() == nil || *r.closed.Load() != queue }, Awaited: func(queue string) { r.note(func() { r.awaited[queue]++ }) }, Gone: func(queue string) { r.note(func() { r.lacking[queue]++ }) }, Window: window, Connected: func() bool { return r.client.Health().Connected },
		Unbroken: func() time.Duration { return time.Since(r.brokenAt) }, Now: r.now, Logger: zap.NewNop(),
		Observe: func(outcome string) { r.note(func() { r.counted[outcome]++ }) },
	})
	r.HoldAtMost(held)
	for range 2 {
		r.must(r.Start(t.Context()))
	}
	t.Cleanup(func() {
		for range 2 {
			r.must(r.Stop(context.Background()))
		}
	})
	return r
}

func (r *rig) note(f func()) { r.mu.Lock(); defer r.mu.Unlock(); f() }

func (r *rig) now() contracts.Time { return contracts.At(time.Now().Add(-time.Duration(r.lag.Load()))) }

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// PublishAll implements broker.BatchPublisher.
func (r *rig) PublishAll(ctx context.Context, queue string, messages []broker.Message) []error {
	var before func(context.Context) error
	r.note(func() { before = r.before })
	results := make([]error, len(messages))
	for i := range messages {
		if before != nil {
			results[i] = before(ctx)
		}
		if results[i] == nil {
			results[i] = r.client.PublishAll(ctx, queue, messages[i:i+1])[0]
		}
	}
	return results
}

// Depth implements dispatch.Broker. There is a soldier, unless the queue's leader is slow: then it is all zero.
func (r *rig) Depth(ctx context.Context, queue string) (broker.Depth, error) {
	if r.slow.Load() {
		return broker.Depth{}, nil
	}
	d, err := r.client.Depth(ctx, queue)
	d.Consumers++
	return d, err
}

// fail has the next publishes, so many, fail with err.
func (r *rig) fail(times int, err error) {
	r.note(func() {
		r.before = func(context.Context) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if times--; times < 0 {
				return nil
			}
			return err
		}
	})
}

// accept stores a mission as POST /missions does, and returns it with its due entry.
func (r *rig) accept(change func(*contracts.MissionRequest)) (store.Record, store.Due) {
	r.t.Helper()
	r.made++
	request := contracts.MissionRequest{Name: "m", Payload: []byte(`{"a":1}`)}
	change(&request)
	request.Normalize()
	d := mission.Accept(request, fmt.Sprintf("a0000000-0000-7000-8000-%012d", r.made), nil, contracts.At(time.Now()))
	outcomes, err := r.store.Commit(r.t.Context(), *d.Change)
	r.must(err)
	rec := d.Change.Record
	rec.Mission.Version = 1
	return rec, store.Due{MissionID: rec.Mission.MissionID, Dispatch: outcomes[0].Dispatch}
}

func plain(*contracts.MissionRequest) {}

// orders takes all orders that wait in a queue.
func (r *rig) orders(queue string) []contracts.Order {
	r.t.Helper()
	var got []contracts.Order
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.client.Consume(ctx, broker.Subscription{Queue: queue, Prefetch: 1000, Handle: func(d broker.Delivery) {
			o, err := contracts.DecodeOrder(d.Body)
			if err != nil || d.Type != string(contracts.TypeOrder) || d.ID != o.Mission.MissionID || d.Durability != broker.Persistent {
				r.t.Errorf("order %s of type %s, %v: %v", d.ID, d.Type, d.Durability, err)
			}
			got = append(got, o)
			if err := d.Ack(); err != nil {
				r.t.Error(err)
			}
		}})
	}()
	synctest.Wait()
	cancel()
	<-done
	return got
}

// wantOrders checks how many orders came since the last call.
func (r *rig) wantOrders(want int, why string) []contracts.Order {
	r.t.Helper()
	got := r.orders(topology.Orders)
	if len(got) != want {
		r.t.Fatalf("%d orders, want %d: %s", len(got), want, why)
	}
	return got
}

func (r *rig) wantCounted(want map[string]int) {
	r.t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !maps.Equal(r.counted, want) {
		r.t.Errorf("counted %v, want %v", r.counted, want)
	}
}

func (r *rig) load(id string) store.Record {
	r.t.Helper()
	recs, err := r.store.Load(context.Background(), id)
	r.must(err)
	return recs[0]
}

func TestAConfirmedOrderNeedsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		rec, due := r.accept(plain)
		r.Dispatch(rec, due.Dispatch)
		o := r.wantOrders(1, "dispatched")[0]
		if o.Dispatch != due.Dispatch || o.Mission.MissionID != due.MissionID || string(o.Mission.Payload) != `{"a":1}` ||
			o.DispatchedAt != contracts.At(time.Now()) {
			t.Errorf("ordered %+v", o)
		}
		time.Sleep(time.Minute)
		r.wantOrders(0, "the confirm cleared the due entry")
		r.wantCounted(map[string]int{"published": 1})
	})
}

func TestAnOrderThatNobodyPublishedGoesOutAfterTheHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.accept(plain) // its commander died before it dispatched
		time.Sleep(contracts.DispatchHold - time.Millisecond)
		r.wantOrders(0, "it is its commander's to publish")
		time.Sleep(250 * time.Millisecond)
		r.wantOrders(1, "its commander did not")
		time.Sleep(time.Minute)
		r.wantOrders(0, "it is cleared")
	})
}

func TestARejectedOrderGoesOutAgainAfterTheHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		rec, due := r.accept(plain)
		r.fail(2, broker.ErrRejected)
		r.Dispatch(rec, due.Dispatch)
		time.Sleep(contracts.DispatchHold - time.Millisecond)
		r.wantOrders(0, "the broker said no")
		r.wantCounted(map[string]int{"failed": 1})
		time.Sleep(contracts.DispatchHold + time.Second)
		o := r.wantOrders(1, "said no twice, then yes")[0]
		if o.Dispatch <= due.Dispatch {
			t.Errorf("ordered under the number %d, want one above %d: who takes an entry makes it a newer one", o.Dispatch, due.Dispatch)
		}
		time.Sleep(time.Minute)
		r.wantOrders(0, "it is cleared")
		r.wantCounted(map[string]int{"failed": 2, "published": 1})
	})
}

func TestOrdersWaitForTheBroker(t *testing.T) {
	for _, away := range []time.Duration{time.Second, 9 * time.Second, time.Minute} {
		t.Run(away.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.broker.Down()
				const missions = 200 // more than publish at once
				for range missions {
					rec, due := r.accept(plain)
					r.Dispatch(rec, due.Dispatch)
				}
				time.Sleep(away)
				r.broker.Up()
				r.Wake()
				time.Sleep(contracts.DispatchHold + time.Second)
				ids := map[string]bool{}
				for _, o := range r.orders(topology.Orders) {
					ids[o.Mission.MissionID] = true
				}
				if len(ids) != missions {
					t.Fatalf("%d of %d missions were ordered", len(ids), missions)
				}
				time.Sleep(time.Minute)
				r.wantOrders(0, "all are cleared")
			})
		})
	}
}

// TestABrokerThatHangsTakesCopies: the order that was given up is published all the same once the broker
// goes on, and by then another one was.
func TestABrokerThatHangsTakesCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		rec, due := r.accept(plain)
		thaw := r.client.Freeze()
		r.Dispatch(rec, due.Dispatch)
		time.Sleep(15 * time.Second)
		r.wantCounted(map[string]int{"failed": 1})
		thaw()
		r.wantOrders(2, "two were under way")
		time.Sleep(time.Minute)
		r.wantOrders(0, "the second one's confirm cleared the entry")
		r.wantCounted(map[string]int{"failed": 1, "published": 1})
	})
}

func TestAnOrderThatNoQueueTakesGoesOutOnceThereIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		rec, due := r.accept(func(m *contracts.MissionRequest) { m.Squad = "gpu" })
		r.Dispatch(rec, due.Dispatch)
		time.Sleep(25 * time.Second)
		r.wantCounted(map[string]int{"unroutable": 3})
		queue := topology.OrdersQueue("gpu", contracts.PriorityNormal)
		r.note(func() {
			if r.lacking[queue] != 3 {
				t.Errorf("told of the lacking queues %v", r.lacking)
			}
		})
		r.must(r.client.Declare(t.Context(), topology.Topology{Queues: []topology.Queue{
			{Name: queue, DeliveryLimit: topology.NoDeliveryLimit},
		}}))
		time.Sleep(contracts.DispatchHold)
		if got := r.orders(queue); len(got) != 1 {
			t.Fatalf("%d orders, want 1", len(got))
		}
		r.wantOrders(0, "it is another squad's")
	})
}

// TestAnOldConfirmClearsNothing: while the confirm is under way the mission is granted and handed back; the entry that
// stands behind it now is a newer one.
func TestAnOldConfirmClearsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		rec, due := r.accept(plain)
		confirm := make(chan struct{})
		r.note(func() { r.before = func(context.Context) error { <-confirm; return nil } })
		r.Dispatch(rec, due.Dispatch)
		synctest.Wait()
		again := r.load(due.MissionID)
		outcomes, err := r.store.Commit(t.Context(), store.Change{
			Record: again, IfVersion: again.Mission.Version, Due: store.DueSet, DueAt: contracts.At(time.Now().Add(contracts.DispatchHold)),
		})
		r.must(err)
		// Its commander dies before it publishes.
		close(confirm)
		o := r.wantOrders(1, "the first dispatch")[0]
		if o.Dispatch != due.Dispatch {
			t.Fatalf("dispatch %d came first, want %d", o.Dispatch, due.Dispatch)
		}
		time.Sleep(contracts.DispatchHold + time.Second)
		if o := r.wantOrders(1, "the newer entry was not cleared")[0]; o.Dispatch <= outcomes[0].Dispatch {
			t.Errorf("dispatch %d, want one above %d", o.Dispatch, outcomes[0].Dispatch)
		}
	})
}

func TestAScheduledMissionIsOrderedInTime(t *testing.T) {
	for name, lag := range map[string]time.Duration{
		"the clocks agree": 0, "our clock is behind": 20 * time.Millisecond, "our clock is ahead": -20 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.lag.Store(int64(lag))
				// Due just before the dispatcher looks: a lagging clock says that it is not yet.
				at := contracts.At(time.Now().Add(time.Hour - 10*time.Millisecond))
				_, due := r.accept(func(m *contracts.MissionRequest) { m.RunAt = &at })
				time.Sleep(time.Until(at.Time) - time.Millisecond)
				r.wantOrders(0, "its time has not come")
				if got := r.load(due.MissionID).Mission.Status; got != contracts.StatusScheduled {
					t.Fatalf("mission is %s, want SCHEDULED", got)
				}
				time.Sleep(300 * time.Millisecond)
				o := r.wantOrders(1, "its time came")[0]
				if o.Mission.Status != contracts.StatusQueued {
					t.Errorf("ordered as %s", o.Mission.Status)
				}
				if got := r.load(due.MissionID).Mission; got.Status != contracts.StatusQueued || got.Version != 2 {
					t.Errorf("mission is %s in version %d", got.Status, got.Version)
				}
				time.Sleep(time.Minute)
				r.wantOrders(0, "it is cleared")
			})
		})
	}
}

// TestABurstIsOrderedAsFastAsTheBrokerTakesIt: what finds no room in the commander waits in the store, and not for a hold to end.
func TestABurstIsOrderedAsFastAsTheBrokerTakesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		open := make(chan struct{})
		r.note(func() { r.before = func(context.Context) error { <-open; return nil } })
		const missions = 6000
		for range missions {
			rec, due := r.accept(plain)
			r.Dispatch(rec, due.Dispatch)
		}
		time.Sleep(time.Second)
		if n := len(r.onShelf("waiting:" + topology.Orders)); n == 0 || n > missions-4096 {
			t.Fatalf("%d missions wait in the store, want those that have no room", n)
		}
		close(open)
		time.Sleep(time.Second) // far less than the hold
		ids := map[string]bool{}
		for _, o := range r.wantOrders(missions, "all are ordered once") {
			ids[o.Mission.MissionID] = true
		}
		if len(ids) != missions {
			t.Fatalf("%d of %d missions were ordered", len(ids), missions)
		}
	})
}

func TestEntriesOfMissionsThatNeedNoOrderAreCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		rec, _ := r.accept(plain)
		rec.Mission.Status = contracts.StatusCompleted
		_, err := r.store.Commit(t.Context(), store.Change{Record: rec, IfVersion: 1})
		r.must(err)
		time.Sleep(contracts.DispatchHold + time.Second)
		r.must(r.Stop(t.Context()))
		time.Sleep(time.Minute)
		left, err := r.store.TakeDue(t.Context(), 10, time.Second)
		r.must(err)
		if len(left) > 0 {
			t.Errorf("the entry is still there: %+v", left)
		}
		r.wantOrders(0, "it has ended")
	})
}

func TestStopLeavesWhatWasNotPublishedToItsEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.client.Freeze()
		const missions = 100
		for range missions {
			rec, due := r.accept(plain)
			r.Dispatch(rec, due.Dispatch)
		}
		synctest.Wait()
		r.must(r.Stop(t.Context()))
		time.Sleep(contracts.DispatchHold)
		left, err := r.store.TakeDue(t.Context(), missions, time.Second)
		r.must(err)
		if len(left) != missions {
			t.Errorf("%d entries are left, want %d", len(left), missions)
		}
	})
}

// TestLargeOrdersThatWaitAreBounded: hundreds of large payloads are ordered while the broker is away. They are not all
// kept in memory, none is taken again and again, and none is forgotten.
func TestLargeOrdersThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.broker.Down()
		const missions = 300 // more than 256, which are held
		large := []byte(`{"a":"` + strings.Repeat("x", held/256-8) + `"}`)
		for range missions {
			rec, due := r.accept(func(m *contracts.MissionRequest) { m.Payload = large })
			r.Dispatch(rec, due.Dispatch)
		}
		time.Sleep(time.Minute)
		if n := r.store.loads.Load(); n > 0 {
			t.Errorf("due entries were loaded %d times while the broker was away", n)
		}
		r.broker.Up()
		r.Wake()
		time.Sleep(time.Minute)
		if got := r.orders(topology.Orders); len(got) < missions {
			t.Errorf("%d missions were ordered, want all %d", len(got), missions)
		}
	})
}

// TestAMissionThatCanNotBeReadHoldsUpNobodyElse: the orders of its neighbours go out, also where a queue is full and payloads are
// not looked at; its own goes out once it can be read again.
func TestAMissionThatCanNotBeReadHoldsUpNobodyElse(t *testing.T) {
	for name, full := range map[string]bool{"all have room": false, "a queue is full": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				window := 100_000
				if full {
					window = 5
				}
				r := newWindowRig(t, window)
				if full {
					for range 5 {
						rec, due := r.accept(func(m *contracts.MissionRequest) { m.Priority = contracts.PriorityLow })
						r.Dispatch(rec, due.Dispatch)
					}
					time.Sleep(2 * time.Second)
				}
				var ids []string
				for range 4 { // nobody dispatches them: their due entries are taken
					rec, _ := r.accept(plain)
					ids = append(ids, rec.Mission.MissionID)
				}
				r.store.damaged.Store(&ids[1])
				time.Sleep(contracts.DispatchHold + time.Second)
				got := map[string]bool{}
				for _, o := range r.orders(topology.Orders) {
					got[o.Mission.MissionID] = true
				}
				if len(got) != 3 || got[ids[1]] {
					t.Errorf("ordered %v, want all of %v but the second", got, ids)
				}
				r.store.damaged.Store(nil)
				time.Sleep(contracts.DispatchHold + time.Second)
				if got := r.orders(topology.Orders); len(got) != 1 || got[0].Mission.MissionID != ids[1] {
					t.Errorf("ordered %v, want %s", got, ids[1])
				}
			})
		})
	}
}

// leaderless is a broker with a queue that confirms nothing.
type leaderless struct {
	*rig
	queue string
}

func (l *leaderless) PublishAll(ctx context.Context, queue string, messages []broker.Message) []error {
	if queue != l.queue {
		return l.rig.PublishAll(ctx, queue, messages)
	}
	<-ctx.Done()
	return slices.Repeat([]error{ctx.Err()}, len(messages))
}

func TestAQueueWithoutALeaderHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		high := topology.OrdersQueue(contracts.DefaultSquad, contracts.PriorityHigh)
		d := dispatch.New(dispatch.Config{
			Store: r.store, Broker: &leaderless{r, high}, Queues: func() []string { return []string{high, topology.Orders} }, Open: func(string) bool { return true }, Awaited: func(string) {}, Gone: func(string) {}, Window: 1000,
			Connected: func() bool { return true }, Unbroken: func() time.Duration { return 0 }, Now: r.now, Logger: zap.NewNop(),
			Observe: func(string) {},
		})
		r.must(d.Start(t.Context()))
		defer func() { r.must(d.Stop(context.Background())) }()
		for range 20 { // for far longer than any order is tried
			rec, due := r.accept(func(m *contracts.MissionRequest) { m.Priority = contracts.PriorityHigh })
			d.Dispatch(rec, due.Dispatch)
			rec, due = r.accept(plain)
			d.Dispatch(rec, due.Dispatch)
			synctest.Wait()
			r.wantOrders(1, "the other queue is well")
			time.Sleep(time.Second)
		}
	})
}
