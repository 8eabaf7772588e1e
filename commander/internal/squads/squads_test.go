package squads_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/store"
)

func TestASquadIsThereFromItsFirstUseOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a, b := i.commander(), i.commander()
		i.wantNames(a, "default")
		i.wantOpen(a, "default", true)
		i.must(a.Register(t.Context(), "gpu"))
		synctest.Wait()
		i.wantNames(a, "default", "gpu")
		i.wantOpen(a, "gpu", true)
		i.must(b.Serve(t.Context(), "gpu", "eu", "default"))
		if !i.declared("gpu") || !i.declared("eu") {
			t.Error("a soldier is answered before its queues are there")
		}
		time.Sleep(within)
		i.wantNames(a, "default", "eu", "gpu")
		i.wantOpen(a, "eu", true)
		if n := len(a.Queues()); n != 9 {
			t.Errorf("%d queues of three squads", n)
		}
		if n := len(a.Topology().Queues); n != 6 {
			t.Errorf("%d queues beside the default squad's", n)
		}
	})
}

func TestAPauseReachesAllCommandersAndOutlivesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a, b := i.commander(), i.commander()
		if _, err := a.Pause(t.Context(), "gpu"); !errors.Is(err, squads.ErrNotFound) {
			t.Errorf("a squad that nobody used: %v", err)
		}
		i.must(a.Register(t.Context(), "gpu"))
		for range 2 {
			s, err := a.Pause(t.Context(), "gpu")
			if err != nil || !s.Paused || s.Name != "gpu" || s.CreatedAt.IsZero() {
				t.Fatalf("%+v, %v", s, err)
			}
			i.wantOpen(a, "gpu", false)
			if why := i.held(a, "gpu"); !strings.Contains(why, "/squads/gpu/resume") {
				t.Errorf("held for %q", why)
			} else if shown, is := a.Reason("gpu"); shown != why || is != squads.Paused {
				t.Errorf("held for %q, shown %q", why, shown)
			}
		}
		time.Sleep(within)
		i.wantOpen(b, "gpu", false)
		i.wantOpen(b, "default", true)
		if why := i.held(b, "default"); why != "" {
			t.Errorf("the default squad is held: %s", why)
		}
		c := i.commander()
		i.wantOpen(c, "gpu", false)
		if !c.Paused()["gpu"] || c.Paused()["default"] {
			t.Errorf("paused: %v", c.Paused())
		}
		if _, err := c.Resume(t.Context(), "gpu"); err != nil {
			t.Fatal(err)
		}
		i.wantOpen(c, "gpu", true)
		time.Sleep(within)
		i.wantOpen(a, "gpu", true)
		if why := i.held(b, "gpu"); why != "" {
			t.Errorf("held: %s", why)
		}
	})
}

// TestWhatANewerReleaseSetStays: a change keeps the members of a document that it does not know.
func TestWhatANewerReleaseSetStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		_, err := i.data.Load().PutDocument(t.Context(), squads.Collection, store.Document{Name: "gpu", Body: []byte(`{"paused":false,"later":{"n":7}}`)})
		i.must(err)
		_, err = i.data.Load().PutDocument(t.Context(), squads.Collection, store.Document{Name: "torn", Body: []byte(`{`)})
		i.must(err)
		a := i.commander()
		i.wantNames(a, "default", "gpu", "torn")
		for _, name := range []string{"gpu", "torn"} {
			if s, err := a.Pause(t.Context(), name); err != nil || !s.Paused {
				t.Fatal(s, err)
			}
		}
		d, err := i.data.Load().Document(t.Context(), squads.Collection, "gpu")
		i.must(err)
		var got map[string]json.RawMessage
		i.must(json.Unmarshal(d.Body, &got))
		if string(got["later"]) != `{"n":7}` || string(got["paused"]) != "true" {
			t.Errorf("the document is %s", d.Body)
		}
	})
}

// TestNothingStartsBeforeTheStoreWasSeen: the squad may be paused.
func TestNothingStartsBeforeTheStoreWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		i.away.Store(true)
		a := i.commander()
		i.wantOpen(a, "default", false)
		if why := i.held(a, "default"); why != "unknown" {
			t.Errorf("held: %q", why)
		}
		if _, ok := a.List(); ok {
			t.Error("squads are listed though nobody knows them")
		}
		i.away.Store(false)
		time.Sleep(150 * time.Millisecond)
		i.wantOpen(a, "default", true)
		if why := i.held(a, "default"); why != "" {
			t.Errorf("held: %q", why)
		}
		i.away.Store(true)
		time.Sleep(time.Minute)
		i.wantOpen(a, "default", true) // as it was seen last
	})
}

func TestASquadThatIsNewWhileTheStoreIsAwayComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a := i.commander()
		i.away.Store(true)
		if err := a.Register(t.Context(), "gpu"); !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("%v", err)
		}
		i.must(a.Register(t.Context(), "default"))
		i.away.Store(false)
		time.Sleep(2 * time.Second)
		i.wantNames(a, "default", "gpu")
		i.wantOpen(a, "gpu", true)
		i.wantOpen(a, "found", false)
		a.Awaited(queue("found"))    // a mission of it is to be dispatched
		a.Noted("default", "served") // a soldier goes on serving it
		time.Sleep(2 * time.Second)
		i.wantOpen(a, "found", true)
		i.wantOpen(a, "served", true)
	})
}

func TestThereMayBeSoMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a, b := i.commander(), i.commander()
		for n := range squads.Most - 1 {
			if n == squads.Most-3 { // a batch of three, of which two would fit
				if err := a.Register(t.Context(), "x", "y", "z"); !errors.Is(err, squads.ErrTooMany) {
					t.Errorf("one more, in a batch: %v", err)
				}
				i.must(a.Register(t.Context(), "default", fmt.Sprint("squad-", n), "squad-0", fmt.Sprint("squad-", n+1), fmt.Sprint("squad-", n)))
			}
			i.must(a.Register(t.Context(), fmt.Sprint("squad-", n)))
		}
		for _, r := range []*squads.Registry{a, b} {
			if err := r.Register(t.Context(), "more"); !errors.Is(err, squads.ErrTooMany) {
				t.Errorf("one more: %v", err)
			}
			if err := r.Serve(t.Context(), "more"); !errors.Is(err, squads.ErrTooMany) {
				t.Errorf("one more, of a soldier: %v", err)
			}
			i.must(r.Register(t.Context(), "squad-7"))
		}
		i.away.Store(true)
		if err := a.Register(t.Context(), "more"); !errors.Is(err, squads.ErrTooMany) {
			t.Errorf("while the store is away: %v", err)
		}
		i.away.Store(false)
		if _, err := b.Remove(t.Context(), "squad-7"); err != nil {
			t.Fatal(err)
		}
		i.must(a.Register(t.Context(), "more"))
		if err := b.Register(t.Context(), "again"); !errors.Is(err, squads.ErrTooMany) {
			t.Errorf("one more: %v", err)
		}
		// What is there already is not turned away.
		a.Awaited(queue("found"))
		time.Sleep(2 * time.Second)
		i.wantOpen(a, "found", true)
	})
}

func TestQueuesAreDeclaredAgainAfterTheBrokerWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a := i.commander()
		i.must(a.Register(t.Context(), "gpu"))
		synctest.Wait()
		i.wantOpen(a, "gpu", true)
		i.cut.Store(true)
		time.Sleep(within)
		i.wantOpen(a, "gpu", false)
		i.must(a.Register(t.Context(), "eu")) // on the store alone
		client := i.broker.Connect(membroker.Config{})
		defer client.Close(t.Context()) //nolint:errcheck // the test's end
		i.must(client.Delete(t.Context(), queue("gpu")))
		i.cut.Store(false)
		time.Sleep(within)
		i.wantOpen(a, "gpu", true)
		i.wantOpen(a, "eu", true)
		if !i.declared("gpu") {
			t.Error("gpu has no queues")
		}
	})
}

// TestSquadsOutliveAWipedStore: those who are left put back what they knew, pauses included.
func TestSquadsOutliveAWipedStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a, b := i.commander(), i.commander()
		i.must(a.Register(t.Context(), "gpu"))
		i.must(a.Register(t.Context(), "eu"))
		created, err := a.Pause(t.Context(), "gpu")
		i.must(err)
		time.Sleep(within)
		i.wipe()
		time.Sleep(2 * time.Second)
		for _, r := range []*squads.Registry{a, b, i.commander()} {
			i.wantNames(r, "default", "eu", "gpu")
			i.wantOpen(r, "gpu", false)
			i.wantOpen(r, "eu", true)
			list, _ := r.List()
			if list[2] != created {
				t.Errorf("it came back as %+v, was %+v", list[2], created)
			}
		}
	})
}

func TestOnlyWhatNobodyNeedsIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a, b := i.commander(), i.commander()
		for _, name := range []string{"gpu", "busy", "served"} {
			i.must(a.Register(t.Context(), name))
		}
		time.Sleep(within)
		_, err := i.data.Load().Renew(t.Context(), store.Session{ID: "s", SoldierID: "soldier-1", State: store.SessionLive, Squads: []string{"default", "served"}}, time.Hour)
		i.must(err)
		for n, status := range []contracts.Status{contracts.StatusScheduled, contracts.StatusCompleted} {
			_, err = i.data.Load().Commit(t.Context(), store.Change{Record: store.Record{Mission: contracts.Mission{
				MissionID: fmt.Sprintf("01936b2c-7d2e-7000-8000-00000000000%d", n), Squad: []string{"busy", "gpu"}[n], Status: status, CreatedAt: now(),
			}}})
			i.must(err)
		}
		for name, why := range map[string]string{"busy": "SCHEDULED", "served": "soldier-1"} {
			_, err := a.Remove(t.Context(), name)
			if in := (*squads.InUseError)(nil); !errors.As(err, &in) || !strings.Contains(in.Why, why) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := a.Remove(t.Context(), "default"); !errors.Is(err, squads.ErrDefault) {
			t.Errorf("default: %v", err)
		}
		if _, err := a.Remove(t.Context(), "none"); !errors.Is(err, squads.ErrNotFound) {
			t.Errorf("one that is not there: %v", err)
		}
		if s, err := a.Remove(t.Context(), "gpu"); err != nil || s.Name != "gpu" || s.CreatedAt.IsZero() {
			t.Fatal(s, err)
		}
		if i.declared("gpu") {
			t.Error("its queues are still there")
		}
		i.wantOpen(a, "gpu", false)
		time.Sleep(within)
		i.wantNames(a, "busy", "default", "served")
		i.wantNames(b, "busy", "default", "served")
		i.must(b.Register(t.Context(), "gpu"))
		synctest.Wait()
		i.wantOpen(b, "gpu", true)
		if !i.declared("gpu") {
			t.Error("it has no queues")
		}
	})
}

// TestASquadThatIsUsedWhileItIsRemovedComesBack: else nobody would look for the order that went with its queue.
func TestASquadThatIsUsedWhileItIsRemovedComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a, b := i.commander(), i.commander()
		i.must(a.Register(t.Context(), "gpu"))
		i.meanwhile = func() {
			_, err := i.data.Load().Commit(t.Context(), store.Change{Record: store.Record{Mission: contracts.Mission{
				MissionID: "01936b2c-7d2e-7000-8000-000000000001", Squad: "gpu", Status: contracts.StatusQueued, CreatedAt: now(),
			}}})
			i.must(err)
		}
		_, err := a.Remove(t.Context(), "gpu")
		i.must(err)
		time.Sleep(within)
		i.wantOpen(a, "gpu", true)
		i.wantOpen(b, "gpu", true)
		if !i.declared("gpu") {
			t.Error("it has no queues")
		}
	})
}

// TestAQueueThatSomebodyDeletedIsDeclaredAgain: also one that a commander declared while another one still removed the squad.
func TestAQueueThatSomebodyDeletedIsDeclaredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a := i.commander()
		i.must(a.Register(t.Context(), "gpu"))
		client := i.broker.Connect(membroker.Config{})
		defer client.Close(context.Background()) //nolint:errcheck // it deletes
		for _, squad := range []string{"gpu", "default"} {
			synctest.Wait()
			i.must(client.Delete(t.Context(), queue(squad)))
			a.Gone(queue(squad))
			a.Gone(queue("unknown"))
			time.Sleep(within)
			i.wantOpen(a, squad, true)
			if !i.declared(squad) {
				t.Errorf("%s has no queues", squad)
			}
		}
	})
}

func TestWhyMissionsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a := i.commander()
		i.must(a.Register(t.Context(), "gpu"))
		if why, is := a.Reason("gpu"); !strings.Contains(why, "SOLDIER_SQUADS=gpu") || is != squads.Unserved {
			t.Errorf("nobody serves it, and it is said %q", why)
		}
		i.must(a.Serve(t.Context(), "gpu"))
		if why, is := a.Reason("gpu"); why != "" || is != squads.Working {
			t.Errorf("a soldier serves it, and it is said %q", why)
		}
		time.Sleep(10 * time.Second)
		if why, _ := a.Reason("gpu"); !strings.Contains(why, "no soldier") {
			t.Errorf("it did not come, and it is said %q", why)
		}
	})
}

func TestNobodyWaitsForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		a := i.commander()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		i.must(a.Register(ctx, "default")) // asks nobody
		i.must(a.Stop(t.Context()))
		i.must(a.Register(t.Context(), "gpu")) // and declares nothing any more
		i.wantOpen(a, "gpu", false)
	})
}
