package dispatch_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
)

// cancel ends a mission, and returns whether that admitted somebody.
func (r *rig) cancel(id string) bool {
	r.t.Helper()
	d, err := mission.Cancel(r.load(id), r.now())
	r.must(err)
	outcomes, err := r.store.Commit(context.Background(), *d.Change)
	r.must(err)
	return outcomes[0].Admitted
}

// A mission whose time comes while its key has no place is ordered when it has one, and at once where the dispatcher is woken.
func TestAMissionThatWaitsForItsKeyIsOrderedInItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		keyed := func(m *contracts.MissionRequest) { m.ConcurrencyKey = "k" }
		first, due := r.accept(keyed)
		r.Dispatch(first, due.Dispatch)
		at := contracts.At(time.Now().Add(time.Minute))
		_, later := r.accept(func(m *contracts.MissionRequest) { keyed(m); m.RunAt = &at })
		r.wantOrders(1, "it has the place")
		time.Sleep(2 * time.Minute)
		r.wantOrders(0, "there is no place")
		if m := r.load(later.MissionID).Mission; m.Status != contracts.StatusQueued {
			t.Fatalf("mission is %s, want QUEUED", m.Status)
		}
		if !r.cancel(first.Mission.MissionID) {
			t.Fatal("nobody was admitted")
		}
		r.Wake()
		if o := r.wantOrders(1, "it was admitted")[0]; o.Mission.MissionID != later.MissionID {
			t.Errorf("ordered %s", o.Mission.MissionID)
		}
		time.Sleep(time.Hour)
		r.wantOrders(0, "its order is at the broker")
	})
}
