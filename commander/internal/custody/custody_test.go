package custody_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/custody"
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

// world is a broker and a store, in a bubble.
type world struct {
	t      *testing.T
	server *membroker.Server
	store  *memstore.Store
}

func newWorld(t *testing.T) *world {
	return &world{t: t, server: membroker.New(), store: memstore.New(memstore.Config{})}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func now() contracts.Time { return contracts.At(time.Now()) }

// commander is what has to do with orders of one.
type commander struct {
	*world
	client   *membroker.Client
	dispatch *dispatch.Dispatcher
	missions *mission.Service
	keeper   *custody.Keeper
	stop     func()

	unbroken           atomic.Int64 // less than for ever, where it is not 0
	lost, wiped, wipes atomic.Int64
	behind             atomic.Bool // claims wait in status_queue
}

// failing is a store that fails some calls.
type failing struct {
	store.Store
	// before is called before each Unshelve of what was sent, and each SwapBrokerID, and after once it is done.
	before, after func(call string) error
}

func (f failing) Unshelve(ctx context.Context, shelf string, before contracts.Time, limit int, at contracts.Time) (int, error) {
	if !strings.HasPrefix(shelf, "sent:") { // the dispatcher's
		return f.Store.Unshelve(ctx, shelf, before, limit, at)
	}
	if err := f.before("Unshelve"); err != nil {
		return 0, err
	}
	n, err := f.Store.Unshelve(ctx, shelf, before, limit, at)
	return n, errors.Join(err, f.after("Unshelve"))
}

func (f failing) SwapBrokerID(ctx context.Context, old, next string) (bool, error) {
	if err := f.before("SwapBrokerID"); err != nil {
		return false, err
	}
	done, err := f.Store.SwapBrokerID(ctx, old, next)
	return done, errors.Join(err, f.after("SwapBrokerID"))
}

// manned is a broker at which a soldier is subscribed.
type manned struct{ *membroker.Client }

func (m manned) Depth(ctx context.Context, queue string) (broker.Depth, error) {
	d, err := m.Client.Depth(ctx, queue)
	d.Consumers++
	return d, err
}

// whole is for how long nothing has been away.
func (c *commander) whole() time.Duration {
	if d := c.unbroken.Load(); d > 0 {
		return time.Duration(d)
	}
	return time.Hour
}

// Pass implements custody.Barrier.
func (c *commander) Pass(context.Context) error {
	if c.behind.Load() {
		return errors.New("claims wait")
	}
	return nil
}

func (c *commander) OrdersLost(n int)  { c.lost.Add(int64(n)) }
func (c *commander) OrdersWiped(n int) { c.wiped.Add(int64(n)) }
func (c *commander) BrokerWiped()      { c.wipes.Add(1) }

func (w *world) start() *commander { return w.startOn(w.store) }

func (w *world) startOn(s store.Store) *commander {
	all := topology.Default()
	c := &commander{world: w, client: w.server.Connect(membroker.Config{Topology: &all})}
	connected := func() bool { return c.client.Health().Connected }
	c.dispatch = dispatch.New(dispatch.Config{
		Store: s, Broker: manned{c.client}, Queues: all.OrdersQueues, Open: func(string) bool { return true }, Awaited: func(string) {}, Gone: func(string) {}, Window: 100_000, Connected: connected, Unbroken: c.whole, Now: now,
		Observe: func(string) {}, Logger: zap.NewNop(),
	})
	c.missions = mission.New(mission.Deps{
		Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil },
		Store: s, Dispatcher: c.dispatch, Inboxes: nobody{}, Suspects: nobody{}, Observer: nobody{}, Now: now,
		Claimed: c.dispatch.Claimed, TicketKey: []byte("key"), Logger: zap.NewNop(),
	})
	c.keeper = custody.New(custody.Config{
		Store: s, Broker: c.client, Topology: func() topology.Topology { return all }, Queues: c.dispatch, Missions: c.missions, Barrier: c, Counter: c,
		Connected: connected, Now: now, Wake: c.dispatch.Wake, Logger: zap.NewNop(), Unbroken: c.whole,
	})
	for range 2 {
		w.must(c.dispatch.Start(w.t.Context()))
		w.must(c.keeper.Start(w.t.Context()))
	}
	var once sync.Once
	c.stop = func() {
		once.Do(func() {
			for range 2 {
				w.must(c.keeper.Stop(context.Background()))
				w.must(c.dispatch.Stop(context.Background()))
			}
			w.must(c.client.Close(context.Background()))
		})
	}
	w.t.Cleanup(c.stop)
	return c
}

// nobody listens.
type nobody struct{}

func (nobody) Send(string, ...contracts.Answer) {}
func (nobody) Suspect(string)                   {}
func (nobody) Accepted()                        {}
func (nobody) Retried()                         {}
func (nobody) Claimed(contracts.AnswerType)     {}
func (nobody) Recorded(contracts.UpdateStatus)  {}
func (nobody) Refused(string)                   {}
func (nobody) Ended(contracts.Status)           {}

// submit orders so many missions, and waits until the broker has confirmed their orders.
func (c *commander) submit(missions int) []string {
	c.t.Helper()
	ids := make([]string, missions)
	for i := range ids {
		request := contracts.MissionRequest{Name: "m"}
		request.Normalize()
		m, err := c.missions.Submit(c.t.Context(), request, nil)
		c.must(err)
		ids[i] = m.MissionID
	}
	time.Sleep(time.Millisecond)
	synctest.Wait()
	return ids
}

// take takes all orders that are ready, as a soldier would that acks them.
func (c *commander) take() []contracts.Order {
	c.t.Helper()
	var orders []contracts.Order
	ctx, cancel := context.WithCancel(c.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.client.Consume(ctx, broker.Subscription{Queue: topology.Orders, Prefetch: 1000, Handle: func(d broker.Delivery) {
			o, err := contracts.DecodeOrder(d.Body)
			if err != nil {
				c.t.Error(err)
			}
			orders = append(orders, o)
			_ = d.Ack()
		}})
	}()
	synctest.Wait()
	cancel()
	<-done
	return orders
}

// claim claims an order, and wants it granted.
func (c *commander) claim(o contracts.Order) {
	c.t.Helper()
	_, err := c.store.Renew(c.t.Context(), store.Session{ID: "s", SoldierID: "soldier"}, time.Hour)
	c.must(err)
	results, err := c.missions.Apply(c.t.Context(), []mission.Item{{
		Update: contracts.Update{
			Status: contracts.UpdateInProgress, MissionID: o.Mission.MissionID, Attempt: o.Mission.Attempt,
			Execution: "e-" + o.Mission.MissionID, DispatchedAt: o.DispatchedAt, MadeAt: now(),
		},
		By: mission.Speaker{Session: "s", SoldierID: "soldier"},
	}})
	c.must(err)
	if results[0].Answer.Type != contracts.AnswerGranted {
		c.t.Fatalf("claim of %s: %+v", o.Mission.MissionID, results[0])
	}
}

func (c *commander) wantDepth(want int, why string) {
	c.t.Helper()
	synctest.Wait()
	d, err := c.client.Depth(c.t.Context(), topology.Orders)
	if err != nil || d.Ready != want {
		c.t.Fatalf("%d orders at the broker (%v), want %d: %s", d.Ready, err, want, why)
	}
}

func (c *commander) load(id string) store.Record {
	c.t.Helper()
	recs, err := c.store.Load(c.t.Context(), id)
	c.must(err)
	return recs[0]
}

// markers counts the markers that the broker has.
func (w *world) markers() int {
	n := 0
	for _, name := range w.server.Queues() {
		if strings.HasPrefix(name, "mc.epoch.") {
			n++
		}
	}
	return n
}

// marker returns the id that the store has, and whether the broker has its marker.
func (w *world) marker() (string, bool) {
	w.t.Helper()
	id, err := w.store.BrokerID(w.t.Context())
	w.must(err)
	c := w.server.Connect(membroker.Config{})
	defer func() { _ = c.Close(context.Background()) }()
	_, err = c.Depth(w.t.Context(), topology.Marker(id).Name)
	return id, err == nil
}

func TestALostOrderGoesOutAgainOnceItsQueueStandsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld(t).start()
		ids := c.submit(3)
		time.Sleep(10 * time.Minute)
		c.wantDepth(3, "orders that wait are not lost")
		c.take() // a purge
		time.Sleep(custody.After - 5*time.Second)
		c.wantDepth(0, "the queue does not stand empty for a minute yet")
		c.behind.Store(true)
		time.Sleep(time.Minute)
		c.wantDepth(0, "their claims may wait in status_queue")
		c.behind.Store(false)
		time.Sleep(2 * time.Second)
		c.wantDepth(3, "they were sent long ago, and the queue stands empty")
		for _, id := range ids {
			rec := c.load(id)
			if rec.Dispatches != 1 || rec.Mission.Status != contracts.StatusQueued {
				t.Errorf("mission %+v", rec)
			}
		}
		c.take()
		time.Sleep(custody.After - 5*time.Second)
		c.wantDepth(0, "they were sent just now")
		time.Sleep(10 * time.Second)
		c.wantDepth(3, "now they are lost")
		if n := c.lost.Load(); n != 6 {
			t.Errorf("%d were counted, want 6", n)
		}
		if c.wipes.Load() != 0 || c.wiped.Load() != 0 {
			t.Error("nothing was wiped")
		}
	})
}

func TestALostOrderGoesOutAgainOnceLaterOnesAreClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld(t).start()
		lost := c.submit(1)[0]
		c.take()
		c.submit(1) // never taken: the queue does not stand empty
		time.Sleep(50 * time.Second)
		early := c.submit(1)[0]
		time.Sleep(20 * time.Second)
		late := c.submit(1)[0]
		orders := c.take()
		c.submit(1)
		for _, o := range orders {
			if o.Mission.MissionID == early {
				c.claim(o)
			}
		}
		time.Sleep(2 * time.Second)
		c.wantDepth(1, "the claimed order was sent only 50 s after the lost one")
		for _, o := range orders {
			if o.Mission.MissionID == late {
				c.claim(o)
			}
		}
		time.Sleep(2 * time.Second)
		if rec := c.load(lost); rec.Dispatches != 1 {
			t.Errorf("the lost one: %+v", rec)
		}
		c.claim(c.find(lost))
		if rec := c.load(lost); rec.Dispatches != 0 || rec.Mission.Status != contracts.StatusInProgress {
			t.Errorf("granted as %+v", rec)
		}
	})
}

// find takes all orders, and returns the mission's.
func (c *commander) find(id string) contracts.Order {
	c.t.Helper()
	for _, o := range c.take() {
		if o.Mission.MissionID == id {
			return o
		}
	}
	c.t.Fatalf("no order of %s", id)
	return contracts.Order{}
}

// TestNothingIsJudgedAfterAnOutage: the claims may be on their way.
func TestNothingIsJudgedAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld(t).start()
		c.unbroken.Store(int64(custody.After - time.Second))
		c.submit(1)
		c.take()
		time.Sleep(time.Hour)
		c.wantDepth(0, "all was there for less than a minute")
		c.unbroken.Store(int64(custody.After))
		time.Sleep(2 * time.Second)
		c.wantDepth(1, "now it is lost")
	})
}

func TestAMissionThatNoOrderReachesFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld(t).start()
		id := c.submit(1)[0]
		for sent := 1; c.load(id).Mission.Status == contracts.StatusQueued; sent++ {
			if got := c.take(); sent > contracts.MaxDispatches || len(got) != 1 {
				t.Fatalf("%d orders, when %d should have been sent", len(got), sent)
			}
			time.Sleep(custody.After + 10*time.Second)
		}
		m := c.load(id).Mission
		if m.Status != contracts.StatusFailed || m.Error.Code != contracts.ErrorCodeUndeliverable {
			t.Errorf("mission %+v", m)
		}
		time.Sleep(time.Hour)
		c.wantDepth(0, "it has failed")
	})
}

// TestNoHandlerSpendsNothing: the order is sent again after 30 s, for hours. Each time it is taken only after custody would have
// judged it lost, and counted it, had it stayed on the shelf: the queue had stood empty for a minute, a minute after.
func TestNoHandlerSpendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newWorld(t).start()
		id := c.submit(1)[0]
		for range 200 {
			if got := c.take(); len(got) != 1 {
				t.Fatalf("%d orders, want 1", len(got))
			}
			_, err := c.missions.Apply(t.Context(), []mission.Item{{
				Update: contracts.Update{Status: contracts.UpdateNoHandler, MissionID: id, Attempt: 1, MadeAt: now()},
				By:     mission.Speaker{Session: "s", SoldierID: "soldier"},
			}})
			c.must(err)
			time.Sleep(2*custody.After + 10*time.Second)
		}
		if rec := c.load(id); rec.Dispatches != 0 || rec.Mission.Status != contracts.StatusQueued {
			t.Errorf("mission %+v", rec)
		}
	})
}

func TestAWipedBrokerGetsAllOrdersAgain(t *testing.T) {
	for _, gap := range []time.Duration{0, 30 * time.Second} {
		t.Run(gap.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a, b := w.start(), w.start()
				time.Sleep(2 * time.Second)
				before, there := w.marker()
				if before == "" || !there {
					t.Fatalf("marker %q, there %v", before, there)
				}
				ids := a.submit(1234)
				running := a.take()[:34]
				for _, o := range running {
					a.claim(o)
				}
				b.submit(66)
				w.server.Wipe()
				time.Sleep(gap)
				w.server.Up()
				time.Sleep(5 * time.Second)
				after, there := w.marker()
				if after == before || !there {
					t.Errorf("marker %q after %q, there %v", after, before, there)
				}
				seen := map[string]bool{}
				for _, o := range a.take() {
					seen[o.Mission.MissionID] = true
				}
				if len(seen) != 1234-34+66 {
					t.Errorf("%d missions were ordered again, want %d", len(seen), 1234-34+66)
				}
				for _, id := range ids {
					if n := a.load(id).Dispatches; n != 0 {
						t.Fatalf("a wipe was counted: %d", n)
					}
				}
				if a.wipes.Load()+b.wipes.Load() != 1 {
					t.Errorf("%d and %d wipes, want one", a.wipes.Load(), b.wipes.Load())
				}
				// Both recover at the same moment: what one of them has sent already, the other one may take once more.
				if n := int(a.wiped.Load() + b.wiped.Load()); n < len(seen) || n > 2*len(seen) {
					t.Errorf("%d and %d orders were counted, want all %d, none more than twice", a.wiped.Load(), b.wiped.Load(), len(seen))
				}
				time.Sleep(5 * time.Second)
				if n := w.markers(); n != 1 {
					t.Errorf("%d markers are left, want 1", n)
				}
			})
		})
	}
}

// TestAWipeAfterTheClockWasSetBack: what was sent by a clock that was ahead is sent again like all else.
func TestAWipeAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		ahead.Store(int64(time.Hour))
		w := newWorld(t)
		w.store = memstore.New(memstore.Config{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
		c := w.start()
		time.Sleep(2 * time.Second)
		c.submit(600)
		ahead.Store(0)
		c.submit(100)
		w.server.Wipe()
		w.server.Up()
		time.Sleep(5 * time.Second)
		seen := map[string]bool{}
		for _, o := range c.take() {
			seen[o.Mission.MissionID] = true
		}
		if len(seen) != 700 || c.wipes.Load() != 1 {
			t.Errorf("%d missions were ordered again, want 700; %d wipes", len(seen), c.wipes.Load())
		}
	})
}

// TestAnotherCommanderEndsARecovery: the first one dies after half of it, or at any other step.
func TestAnotherCommanderEndsARecovery(t *testing.T) {
	for _, dies := range []string{"before Unshelve 1", "after Unshelve 2", "before SwapBrokerID 1", "after SwapBrokerID 1"} {
		t.Run(dies, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				first := w.start()
				ids := first.submit(1010)
				first.stop()
				w.server.Wipe()
				w.server.Up()

				var mu sync.Mutex
				calls, dead := map[string]int{}, make(chan struct{})
				at := func(when string) func(string) error {
					return func(call string) error {
						mu.Lock()
						defer mu.Unlock()
						calls[when+call]++
						select {
						case <-dead:
							return store.ErrUnavailable
						default:
						}
						if fmt.Sprintf("%s %s %d", when, call, calls[when+call]) == dies {
							close(dead)
							return store.ErrUnavailable
						}
						return nil
					}
				}
				second := w.startOn(failing{Store: w.store, before: at("before"), after: at("after")})
				<-dead
				second.stop()
				third := w.start()
				time.Sleep(2 * contracts.DispatchHold) // the second one may have taken some
				seen := map[string]bool{}
				for _, o := range third.take() {
					seen[o.Mission.MissionID] = true
				}
				if len(seen) != len(ids) {
					t.Errorf("%d missions were ordered again, want %d", len(seen), len(ids))
				}
				if _, there := w.marker(); !there {
					t.Error("there is no marker")
				}
			})
		})
	}
}

// TestASecondWipeDuringARecovery is not overlooked.
func TestASecondWipeDuringARecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := w.start()
		ids := first.submit(1010)
		first.stop()
		w.server.Wipe()
		w.server.Up()
		var again sync.Once
		hold := make(chan struct{})
		swept := func(call string) error {
			if call == "SwapBrokerID" { // all are due
				again.Do(func() { w.server.Wipe(); w.server.Up(); close(hold) })
			}
			return nil
		}
		second := w.startOn(failing{Store: w.store, before: swept, after: func(string) error { return nil }})
		<-hold
		time.Sleep(2 * time.Minute)
		seen := map[string]bool{}
		for _, o := range second.take() {
			seen[o.Mission.MissionID] = true
		}
		if len(seen) != len(ids) {
			t.Errorf("%d missions are ordered, want %d", len(seen), len(ids))
		}
		if second.wipes.Load() != 2 {
			t.Errorf("%d wipes were noticed, want 2", second.wipes.Load())
		}
	})
}

// TestASwapWithoutAnswer: the marker that became the store's stays.
func TestASwapWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var once sync.Once
		c := w.startOn(failing{Store: w.store, before: func(string) error { return nil }, after: func(call string) (err error) {
			if call == "SwapBrokerID" {
				once.Do(func() { err = store.ErrUnavailable })
			}
			return err
		}})
		time.Sleep(10 * time.Second)
		id, there := w.marker()
		if !there || w.markers() != 1 {
			t.Errorf("marker %q, there %v, of %d", id, there, w.markers())
		}
		if c.wipes.Load() != 0 {
			t.Error("that was no wipe")
		}
	})
}

// TestRecoveryIsPaced: what is due after a wipe is spread over time.
func TestRecoveryIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.start()
		time.Sleep(2 * time.Second)
		c.submit(3000)
		time.Sleep(2 * time.Second)
		w.server.Wipe()
		w.server.Up()
		time.Sleep(1500 * time.Millisecond)
		d, err := c.client.Depth(t.Context(), topology.Orders)
		c.must(err)
		if d.Ready < 500 || d.Ready == 3000 {
			t.Errorf("%d orders within 1.5 s, want about 2000 a second", d.Ready)
		}
		time.Sleep(10 * time.Second)
		d, err = c.client.Depth(t.Context(), topology.Orders)
		c.must(err)
		if d.Ready < 3000 || d.Ready > 3300 { // what was on its way in the moment of the wipe may come twice
			t.Errorf("%d orders, want all 3000, few of them twice", d.Ready)
		}
	})
}

// TestTwoBrokersAreFoundOut: two commanders share the store and not the broker. Each says so, and they don't take the orders from
// each other for ever.
func TestTwoBrokersAreFoundOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		here := w.start()
		time.Sleep(2 * time.Second)
		other := *w
		other.server = membroker.New()
		there := other.start()
		time.Sleep(5 * time.Second)
		for name, c := range map[string]*commander{"here": here, "there": there} {
			if got := c.keeper.Warning(); !strings.Contains(got, "another RabbitMQ") {
				t.Errorf("%s: warning %q", name, got)
			}
		}
		time.Sleep(time.Hour)
		// A marker was put in the other's place at most twice in ten minutes, and once at the start.
		if n := here.wipes.Load() + there.wipes.Load(); n > 2*7+1 {
			t.Errorf("recovered %d times in an hour", n)
		}
		there.stop()
		time.Sleep(time.Hour)
		if got := here.keeper.Warning(); got != "" {
			t.Errorf("an hour after the other was stopped: warning %q", got)
		}
		if id, is := w.marker(); !is {
			t.Errorf("marker %q is not here", id)
		}
	})
}

// TestARestoredStoreIsRecoveredFrom: it names a marker of long ago.
func TestARestoredStoreIsRecoveredFrom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.start()
		time.Sleep(2 * time.Second)
		id, _ := w.marker()
		swapped, err := w.store.SwapBrokerID(t.Context(), id, "of long ago")
		w.must(err)
		time.Sleep(2 * time.Second)
		if after, there := w.marker(); !swapped || !there || after == "of long ago" {
			t.Errorf("marker %q, there %v", after, there)
		}
		time.Sleep(time.Hour)
		if got := c.keeper.Warning(); got != "" {
			t.Errorf("warning %q", got)
		}
	})
}

// forbidden is a broker at which a commander may not declare.
type forbidden struct{ *membroker.Client }

func (forbidden) Declare(context.Context, topology.Topology) error {
	return errors.New("ACCESS_REFUSED")
}

// TestWhoMayNotDeclareSaysWhatToDo, and takes it back once it may.
func TestWhoMayNotDeclareSaysWhatToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		all := topology.Default()
		client := w.server.Connect(membroker.Config{Topology: &all})
		defer func() { _ = client.Close(context.Background()) }()
		k := custody.New(custody.Config{
			Store: w.store, Broker: forbidden{client}, Topology: func() topology.Topology { return all }, Queues: nowhere{}, Connected: func() bool { return true },
			Now: now, Wake: func() {}, Logger: zap.NewNop(), Unbroken: func() time.Duration { return 0 },
		})
		w.must(k.Start(t.Context()))
		time.Sleep(2 * time.Second)
		if got := k.Warning(); !strings.Contains(got, "ACCESS_REFUSED") || !strings.Contains(got, "mc.epoch.*") {
			t.Errorf("warning %q", got)
		}
		c := w.start() // one that may: it marks the broker
		time.Sleep(2 * time.Second)
		if got := k.Warning() + c.keeper.Warning(); got != "" {
			t.Errorf("warning %q", got)
		}
		w.must(k.Stop(context.Background()))
	})
}

// nowhere has no queues.
type nowhere struct{}

func (nowhere) Queues() []string             { return nil }
func (nowhere) Passed(string) contracts.Time { return contracts.Time{} }
