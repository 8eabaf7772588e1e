package dispatch_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/dispatch"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// onShelf returns all that lies on a shelf.
func (r *rig) onShelf(shelf string) []string {
	r.t.Helper()
	ids, err := r.store.Shelved(r.t.Context(), shelf, contracts.At(time.Now().Add(time.Hour)), 1<<20)
	r.must(err)
	return ids
}

func (r *rig) depth() int {
	r.t.Helper()
	d, err := r.client.Depth(r.t.Context(), topology.Orders)
	r.must(err)
	return d.Ready
}

// order accepts and dispatches so many missions, a millisecond apart, and returns their ids.
func (r *rig) order(missions int) []string {
	r.t.Helper()
	ids := make([]string, missions)
	for i := range ids {
		rec, due := r.accept(plain)
		r.Dispatch(rec, due.Dispatch)
		ids[i] = due.MissionID
		time.Sleep(time.Millisecond)
	}
	return ids
}

func orderedIDs(orders []contracts.Order) []string {
	ids := make([]string, len(orders))
	for i, o := range orders {
		ids[i] = o.Mission.MissionID
	}
	return ids
}

func TestABacklogWaitsInTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWindowRig(t, 100)
		ids := r.order(1000)
		time.Sleep(2 * time.Minute)
		if n := r.depth(); n != 100 {
			t.Fatalf("%d orders at the broker, want 100", n)
		}
		if n := r.store.loads.Load(); n > 0 {
			t.Errorf("missions were loaded %d times though there was no room", n)
		}
		if sent := r.onShelf(dispatch.Sent(topology.Orders)); !slices.Equal(sent, ids[:100]) {
			t.Errorf("%d orders are on record as sent, want the first 100", len(sent))
		}
		// Room comes as orders are taken, and the oldest go first.
		var got []string
		for len(got) < 1000 {
			part := orderedIDs(r.orders(topology.Orders))
			if len(part) == 0 {
				t.Fatalf("no more orders after %d", len(got))
			}
			got = append(got, part...)
			time.Sleep(2 * time.Second)
			if n := r.depth(); n > 100 {
				t.Fatalf("%d orders at the broker, want 100 at most", n)
			}
		}
		for place, id := range got {
			if i := slices.Index(ids, id); i < place-200 || i > place+200 {
				t.Fatalf("mission %d was ordered as number %d", i, place)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, ids) {
			t.Error("not all of them were ordered once")
		}
		time.Sleep(time.Minute)
		r.wantOrders(0, "all were ordered once")
	})
}

// TestNewMissionsGoBehindThoseThatWait: there is room again, but not for whom came last.
func TestNewMissionsGoBehindThoseThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWindowRig(t, 10)
		ids := r.order(25)
		time.Sleep(2 * time.Second)
		r.wantOrders(10, "the window")
		// The queue has room, and nobody has looked yet.
		time.Sleep(time.Millisecond)
		late := r.order(1)
		time.Sleep(2 * time.Second)
		got := orderedIDs(r.wantOrders(10, "the window"))
		slices.Sort(got)
		if !slices.Equal(got, ids[10:20]) {
			t.Errorf("ordered %v, want %v", got, ids[10:20])
		}
		time.Sleep(2 * time.Second)
		got = orderedIDs(r.wantOrders(6, "the rest"))
		slices.Sort(got)
		if want := append(ids[20:], late...); !slices.Equal(got, want) {
			t.Errorf("ordered %v, want %v", got, want)
		}
		// Nobody waits any more: a new one goes at once.
		time.Sleep(2 * time.Second)
		r.order(1)
		r.wantOrders(1, "nobody waits")
	})
}

// TestABacklogOfAnOutageIsLoadedOnce: it is due as a whole when the broker comes back.
func TestABacklogOfAnOutageIsLoadedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWindowRig(t, 100)
		r.broker.Down()
		const missions = 5000
		for range missions {
			r.accept(plain)
		}
		time.Sleep(time.Minute)
		r.broker.Up()
		r.Wake()
		time.Sleep(2 * time.Minute)
		if n := r.depth(); n != 100 {
			t.Errorf("%d orders at the broker, want 100", n)
		}
		if n := r.store.loaded.Load(); n > 500 {
			t.Errorf("%d missions were loaded for 100 orders", n)
		}
		if n := len(r.onShelf("waiting:" + topology.Orders)); n != missions-100 {
			t.Errorf("%d missions wait, want %d", n, missions-100)
		}
	})
}

// TestOtherQueuesGoOn: one queue is full, another is not.
func TestOtherQueuesGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWindowRig(t, 10)
		gpu := topology.OrdersQueue("gpu", contracts.PriorityNormal)
		r.must(r.client.Declare(t.Context(), topology.Topology{Queues: []topology.Queue{{Name: gpu, DeliveryLimit: topology.NoDeliveryLimit}}}))
		r.order(20)
		squad := func(m *contracts.MissionRequest) { m.Squad = "gpu" }
		rec, due := r.accept(squad)
		r.Dispatch(rec, due.Dispatch)
		r.accept(squad)             // its commander died
		r.accept(plain)             // likewise, and there is no room
		time.Sleep(2 * time.Minute) // longer than the hold
		if got := r.orders(gpu); len(got) != 2 {
			t.Errorf("%d orders of the other queue, want 2", len(got))
		}
		if n := r.depth(); n != 10 {
			t.Errorf("%d orders, want 10", n)
		}
	})
}

// TestWhatWaitsCanBeCancelled: it is then nowhere.
func TestWhatWaitsCanBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWindowRig(t, 1)
		ids := r.order(2)
		time.Sleep(2 * time.Second)
		rec := r.load(ids[1])
		rec.Mission.Status = contracts.StatusCancelled
		_, err := r.store.Commit(t.Context(), store.Change{Record: rec, IfVersion: rec.Mission.Version, Due: store.DueDrop})
		r.must(err)
		r.wantOrders(1, "the first")
		time.Sleep(time.Minute)
		r.wantOrders(0, "the second was cancelled")
	})
}

func TestHowFarAQueueHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		time.Sleep(50 * time.Second)
		if got := r.Passed(topology.Orders); !got.IsZero() {
			t.Fatalf("it stood empty for 50 s, and has come to %v", got)
		}
		time.Sleep(40 * time.Second)
		r.order(1)
		empty := r.Passed(topology.Orders)
		if age := time.Since(empty.Time); age < 0 || age > 2*time.Second {
			t.Fatalf("the queue stood empty until now, and has come to %v ago", age)
		}
		time.Sleep(time.Minute)
		if got := r.Passed(topology.Orders); got != empty {
			t.Errorf("it went on to %v though its order is there", got)
		}
		r.Claimed(topology.Orders, contracts.At(empty.Add(-time.Second)))
		if got := r.Passed(topology.Orders); got != empty {
			t.Errorf("an old claim moved it to %v", got)
		}
		claimed := contracts.At(empty.Add(10 * time.Second))
		r.Claimed(topology.Orders, claimed)
		if got := r.Passed(topology.Orders); got != claimed {
			t.Errorf("it has come to %v, want %v", got, claimed)
		}
		r.Claimed(topology.Orders, contracts.At(time.Now().Add(time.Hour)))
		if got := r.Passed(topology.Orders); got != contracts.At(time.Now()) {
			t.Errorf("an order from the future moved it to %v, want now", got)
		}
		// What was learnt before a break counts no more: the clock may have been set back.
		time.Sleep(time.Millisecond)
		r.brokenAt = time.Now()
		if got := r.Passed(topology.Orders); !got.IsZero() {
			t.Errorf("after a break it has come to %v", got)
		}
		r.Claimed(topology.Orders, claimed)
		if got := r.Passed(topology.Orders); got != claimed {
			t.Errorf("after a break it has come to %v, want %v", got, claimed)
		}
		if got := r.Passed("another"); !got.IsZero() {
			t.Errorf("of a queue that nobody knows: %v", got)
		}
	})
}

// TestASlowLeaderIsNoEmptyQueue: a broker that does not know how full a queue is says that it is empty.
func TestASlowLeaderIsNoEmptyQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.slow.Store(true)
		time.Sleep(10 * time.Minute)
		if got := r.Passed(topology.Orders); !got.IsZero() {
			t.Errorf("nobody knows, and it has come to %v", got)
		}
		r.slow.Store(false)
		r.order(1)
		time.Sleep(time.Second)
		r.orders(topology.Orders)
		time.Sleep(59 * time.Second)
		r.order(1) // one look that finds an order is enough
		time.Sleep(2 * time.Second)
		r.orders(topology.Orders)
		time.Sleep(30 * time.Second)
		if got := r.Passed(topology.Orders); !got.IsZero() {
			t.Errorf("it was not empty for a minute, and has come to %v", got)
		}
	})
}

// TestAClosedQueueGetsNoOrders: new missions, due ones and those that waited before wait, and come once it is open again.
func TestAClosedQueueGetsNoOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWindowRig(t, 10)
		gpu := topology.OrdersQueue("gpu", contracts.PriorityNormal)
		r.must(r.client.Declare(t.Context(), topology.OfSquads("gpu")))
		squad := func(m *contracts.MissionRequest) { m.Squad = "gpu" }
		send := func(n int) {
			for range n {
				rec, due := r.accept(squad)
				r.Dispatch(rec, due.Dispatch)
			}
		}
		send(15) // 5 wait for room
		synctest.Wait()
		r.closed.Store(&gpu)
		if got := r.orders(gpu); len(got) != 10 {
			t.Fatalf("%d orders, want 10", len(got))
		}
		send(5)
		r.accept(squad) // its commander died
		r.order(1)
		time.Sleep(time.Minute)
		if got := r.orders(gpu); len(got) != 0 {
			t.Errorf("%d orders of the closed queue", len(got))
		}
		r.note(func() {
			if r.awaited[gpu] != 11 {
				t.Errorf("%v are awaited", r.awaited)
			}
		})
		if n := len(r.onShelf("waiting:" + gpu)); n != 11 {
			t.Errorf("%d missions wait, want 11", n)
		}
		loads := r.store.loads.Load()
		time.Sleep(time.Hour)
		if n := r.store.loads.Load() - loads; n != 0 {
			t.Errorf("missions were loaded %d times while nothing could be sent", n)
		}
		r.wantOrders(1, "another queue goes on")
		r.closed.Store(nil)
		time.Sleep(2 * time.Second)
		first := len(r.orders(gpu))
		time.Sleep(2 * time.Second)
		if got := first + len(r.orders(gpu)); got != 11 {
			t.Errorf("%d orders once it is open, want 11", got)
		}
	})
}

// TestAQueueThatIsGoneIsForgotten: and is looked after again where it comes back.
func TestAQueueThatIsGoneIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		gpu := topology.OrdersQueue("gpu", contracts.PriorityNormal)
		r.must(r.client.Declare(t.Context(), topology.OfSquads("gpu")))
		for n := range 3 {
			r.gone.Store(false)
			rec, due := r.accept(func(m *contracts.MissionRequest) { m.Squad = "gpu" })
			r.Dispatch(rec, due.Dispatch)
			time.Sleep(2 * time.Second)
			if got := r.orders(gpu); len(got) != 1 {
				t.Errorf("time %d: %d orders, want 1", n, len(got))
			}
			if !slices.Contains(r.Queues(), gpu) {
				t.Error("the queue is not looked after")
			}
			r.gone.Store(true)
			time.Sleep(2 * time.Second)
			if slices.Contains(r.Queues(), gpu) || r.Outlets() != 0 {
				t.Errorf("%q are looked after, with %d outlets", r.Queues(), r.Outlets())
			}
		}
	})
}
