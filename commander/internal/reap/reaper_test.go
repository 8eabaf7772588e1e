package reap

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/uptime"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a reaper with one soldier session, s1, that holds one mission.
type rig struct {
	*Reaper
	t       *testing.T
	store   *memstore.Store
	uptime  *uptime.Tracker
	passes  atomic.Int32
	blocked atomic.Bool // markers don't come back
	inbox   atomic.Bool // s1's inbox exists
	buried  atomic.Int32
	// jumped is how far the store's clock was set forward, followed how much of it the commanders' clock has followed.
	jumped, followed atomic.Int64
}

const (
	s1      = "50000000-0000-7000-8000-000000000001"
	mission = "a0000000-0000-7000-8000-000000000001"
)

func newRig(t *testing.T) *rig {
	r := &rig{t: t, uptime: uptime.New(uptime.Store)}
	r.store = memstore.New(memstore.Config{Now: func() time.Time { return time.Now().Add(time.Duration(r.jumped.Load())) }})
	r.inbox.Store(true)
	r.Reaper = New(Config{
		Store: r.store, Missions: r, Barrier: r, Inboxes: r, Uptime: r.uptime, Buried: func() { r.buried.Add(1) },
		Now:    func() contracts.Time { return contracts.At(time.Now().Add(time.Duration(r.followed.Load()))) },
		Logger: zap.NewNop(),
	})
	r.renew()
	_, err := r.store.Commit(t.Context(), store.Change{Record: store.Record{
		Mission: contracts.Mission{MissionID: mission, Name: "m", Kind: "k", Status: contracts.StatusInProgress},
		Session: s1, Execution: "e",
	}})
	if err != nil {
		t.Fatal(err)
	}
	start(t, r.uptime)
	start(t, r.Reaper)
	return r
}

type startStopper interface {
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

func start(t *testing.T, p startStopper) {
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(context.Background()) })
}

func (r *rig) renew() {
	_, err := r.store.Renew(context.Background(), store.Session{
		ID: s1, SoldierID: "soldier-1", Squads: []string{"default"}, Slots: 1, Inbox: "amq.gen-1",
	}, contracts.LeaseDuration)
	if err != nil && !errors.Is(err, store.ErrSessionDead) {
		r.t.Fatal(err)
	}
}

func (r *rig) Pass(ctx context.Context) error {
	r.passes.Add(1)
	if r.blocked.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (r *rig) Deliverable(context.Context, string) (bool, error) { return r.inbox.Load(), nil }

func (r *rig) Lost(recs []store.Record) []store.Change {
	changes := make([]store.Change, len(recs))
	for i, rec := range recs {
		changes[i] = store.Change{Record: rec, IfVersion: rec.Mission.Version}
		changes[i].Record.Session, changes[i].Record.Execution = "", ""
		changes[i].Record.Mission.Status = contracts.StatusQueued
	}
	return changes
}

func (r *rig) Redispatch([]store.Change, []store.Outcome) {}

func (r *rig) status() contracts.Status {
	recs, err := r.store.Load(context.Background(), mission)
	if err != nil {
		r.t.Fatal(err)
	}
	return recs[0].Mission.Status
}

func (r *rig) after(d time.Duration, want contracts.Status, why string) {
	r.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	if got := r.status(); got != want {
		r.t.Fatalf("after %v the mission is %s, want %s: %s", d, got, want, why)
	}
}

func TestALeaseThatRanOutIsBuriedAfterHoldOffAndMarker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.uptime.Up(uptime.Store)
		r.after(34*time.Second, contracts.StatusInProgress, "the lease stands")
		r.after(4*time.Second, contracts.StatusQueued, "lease and hold-off are over")
		if r.passes.Load() == 0 {
			t.Fatal("buried without a marker")
		}
	})
}

func TestNobodyDiesWhileTheSilenceMayBeOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.after(10*time.Minute, contracts.StatusInProgress, "the store was away all the time")
		r.uptime.Up(uptime.Store)
		r.after(34*time.Second, contracts.StatusInProgress, "hold-off counts from the store's return")
		r.renew()
		r.after(30*time.Second, contracts.StatusInProgress, "it renewed within the hold-off")
		r.uptime.Down(uptime.Store)
		r.uptime.Up(uptime.Store)
		r.after(30*time.Second, contracts.StatusInProgress, "hold-off starts anew after every break")
		r.after(8*time.Second, contracts.StatusQueued, "silent through a whole hold-off")
	})
}

func TestNobodyDiesBeforeTheMarkerIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.uptime.Up(uptime.Store)
		r.blocked.Store(true)
		r.after(5*time.Minute, contracts.StatusInProgress, "what it said may wait in the queue")
		r.renew()
		r.blocked.Store(false)
		r.after(30*time.Second, contracts.StatusInProgress, "it renewed, nothing is left to bury")
	})
}

func TestARenewalDuringTheMarkerSavesTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.uptime.Up(uptime.Store)
		r.blocked.Store(true)
		for r.passes.Load() == 0 {
			time.Sleep(time.Second)
		}
		r.renew()
		r.blocked.Store(false)
		r.after(30*time.Second, contracts.StatusInProgress, "burying is conditional on no renewal")
	})
}

func TestASuspectWithoutInboxIsBuriedAfterFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.uptime.Up(uptime.Store)
		time.Sleep(10 * time.Second)
		r.inbox.Store(false)
		r.Suspect(s1)
		r.after(4*time.Second, contracts.StatusInProgress, "it may renew yet")
		r.after(3*time.Second, contracts.StatusQueued, "it did not")
		if r.buried.Load() != 1 {
			t.Fatalf("%d sessions buried, want 1", r.buried.Load())
		}
	})
}

func TestASuspectThatRenewsLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.uptime.Up(uptime.Store)
		time.Sleep(10 * time.Second)
		r.inbox.Store(false)
		r.Suspect(s1)
		time.Sleep(2 * time.Second)
		r.renew()
		r.after(20*time.Second, contracts.StatusInProgress, "it renewed within 5 s")
	})
}

func TestASuspectWithAnInboxIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.uptime.Up(uptime.Store)
		time.Sleep(10 * time.Second)
		r.Suspect(s1)
		r.after(20*time.Second, contracts.StatusInProgress, "a redelivered order alone proves nothing")
	})
}

func TestSuspicionHoldsOffWhileTheSilenceMayBeOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.uptime.Up(uptime.Store)
		time.Sleep(10 * time.Second)
		r.inbox.Store(false)
		r.Suspect(s1)
		time.Sleep(4 * time.Second)
		r.uptime.Down(uptime.Store)
		r.uptime.Up(uptime.Store)
		r.after(5*time.Second, contracts.StatusInProgress, "the five seconds must be unbroken")
		r.after(5*time.Second, contracts.StatusQueued, "then it is dead")
	})
}

// TestNobodyDiesBecauseTheStoresClockWasSet: after a laptop's sleep, say, all leases look old at once.
func TestNobodyDiesBecauseTheStoresClockWasSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.uptime.Up(uptime.Store)
		time.Sleep(20 * time.Second)
		r.renew()
		time.Sleep(20 * time.Second)
		r.jumped.Store(int64(10 * time.Minute))
		r.after(4*time.Second, contracts.StatusInProgress, "the clocks differ")
		r.followed.Store(r.jumped.Load())
		r.after(20*time.Second, contracts.StatusInProgress, "hold-off counts from when the clocks agreed")
		r.renew()
		r.after(30*time.Second, contracts.StatusInProgress, "it renewed within the hold-off")
		r.after(8*time.Second, contracts.StatusQueued, "silent through a whole hold-off")
	})
}
