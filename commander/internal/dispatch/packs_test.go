package dispatch_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// soldier renews a session of the default squad.
func (r *rig) soldier(n int, packs bool) {
	r.t.Helper()
	_, err := r.store.Renew(r.t.Context(), store.Session{
		ID: fmt.Sprintf("b0000000-0000-7000-8000-%012d", n), SoldierID: fmt.Sprint("soldier-", n), Squads: []string{contracts.DefaultSquad},
		Packs: packs,
	}, time.Hour)
	r.must(err)
}

// ran tells the dispatcher of so many missions of the kind that accept makes.
func (r *rig) ran(times int, took time.Duration) {
	for range times {
		r.Ran(contracts.DefaultSquad, contracts.DefaultKind, took)
	}
}

// measured waits until the queues and the soldiers have been looked at.
func (r *rig) measured() {
	time.Sleep(6 * time.Second)
	synctest.Wait()
}

// deep has so many orders lie in the queue that every soldier has enough.
func (r *rig) deep() {
	r.order(64)
	r.measured()
}

// sizes dispatches missions together, takes all that waits in the queue, and returns how many orders were in each message
// of them.
func (r *rig) sizes(n int, change func(*contracts.MissionRequest)) []int {
	r.t.Helper()
	hold := make(chan struct{})
	r.note(func() {
		r.before = func(context.Context) error { <-hold; return nil }
	})
	r.order(4) // each publisher has one, and the others gather
	synctest.Wait()
	var ids []string
	for range n {
		rec, due := r.accept(change)
		r.Dispatch(rec, due.Dispatch)
		ids = append(ids, due.MissionID)
	}
	synctest.Wait()
	close(hold)
	synctest.Wait()
	var sizes []int
	missing := map[string]bool{}
	for _, id := range ids {
		missing[id] = true
	}
	for _, orders := range r.messages() {
		if missing[orders[0].Mission.MissionID] { // the publishers' own may come between
			sizes = append(sizes, len(orders))
		}
		for _, o := range orders {
			delete(missing, o.Mission.MissionID)
		}
	}
	if len(missing) > 0 {
		r.t.Errorf("%d orders are missing", len(missing))
	}
	return sizes
}

// messages takes all that waits in the queue.
func (r *rig) messages() [][]contracts.Order {
	r.t.Helper()
	var got [][]contracts.Order
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.client.Consume(ctx, broker.Subscription{Queue: topology.Orders, Prefetch: 1000, Handle: func(d broker.Delivery) {
			orders, err := contracts.DecodeOrders(d.Body)
			want := contracts.TypeOrder
			if len(orders) > 1 {
				want = contracts.TypeOrders
			}
			if err != nil || d.Type != string(want) || d.ID != orders[0].Mission.MissionID {
				r.t.Errorf("message %s of type %s with %d orders: %v", d.ID, d.Type, len(orders), err)
			}
			got = append(got, orders)
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

func large(m *contracts.MissionRequest) {
	m.Payload = []byte(`{"a":"` + strings.Repeat("x", 17<<10) + `"}`)
}

func halfLarge(m *contracts.MissionRequest) {
	m.Payload = []byte(`{"a":"` + strings.Repeat("x", 7<<10) + `"}`)
}

func TestOrdersArePackedWhereThatKeepsNothingFromAnybody(t *testing.T) {
	const short, long = 20 * time.Millisecond, time.Second
	for name, c := range map[string]struct {
		prepare func(r *rig)
		change  func(*contracts.MissionRequest)
		want    string
	}{
		"short missions, and many wait":  {func(r *rig) { r.soldier(1, true); r.ran(8, short); r.deep() }, plain, "[8 8 4]"},
		"few wait":                       {func(r *rig) { r.soldier(1, true); r.ran(8, short); r.order(63); r.measured(); r.order(1) }, plain, ones},
		"long missions":                  {func(r *rig) { r.soldier(1, true); r.ran(8, long); r.deep() }, plain, ones},
		"long missions of late":          {func(r *rig) { r.soldier(1, true); r.ran(8, short); r.ran(1, long); r.deep() }, plain, ones},
		"missions that nobody has seen":  {func(r *rig) { r.soldier(1, true); r.deep() }, plain, ones},
		"missions that few were seen of": {func(r *rig) { r.soldier(1, true); r.ran(7, short); r.deep() }, plain, ones},
		"missions seen long ago": {func(r *rig) {
			r.soldier(1, true)
			r.ran(8, short)
			r.deep()
			time.Sleep(time.Minute)
		}, plain, ones},
		"no soldier":               {func(r *rig) { r.ran(8, short); r.deep() }, plain, ones},
		"a soldier reads no packs": {func(r *rig) { r.soldier(1, true); r.soldier(2, false); r.soldier(3, true); r.ran(8, short); r.deep() }, plain, ones},
		"large payloads":           {func(r *rig) { r.soldier(1, true); r.ran(8, short); r.deep() }, large, ones},
		"payloads of which two fit": {func(r *rig) { r.soldier(1, true); r.ran(8, short); r.deep() }, halfLarge,
			"[2 2 2 2 2 2 2 2 2 2]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				c.prepare(r)
				if got := fmt.Sprint(r.sizes(20, c.change)); got != c.want {
					t.Errorf("packed %s, want %s", got, c.want)
				}
			})
		})
	}
}

var ones = strings.TrimSuffix("["+strings.Repeat("1 ", 20), " ") + "]" //nolint:gochecknoglobals // a constant

// TestAPackSharesItsConfirm: each order has its own entry, settled with the message.
func TestAPackSharesItsConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.soldier(1, true)
		r.ran(8, time.Millisecond)
		r.deep()
		r.sizes(20, plain)
		r.wantCounted(map[string]int{"published": 64 + 4 + 20})
		if n := len(r.onShelf("sent:" + topology.Orders)); n != 64+4+20 {
			t.Errorf("%d orders are on record as sent", n)
		}
	})
}
