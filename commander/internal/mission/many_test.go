package mission_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/mission/missiontest"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// dispatched notes what is dispatched.
type dispatched struct {
	silent
	ids *[]string
}

func (d dispatched) Dispatch(rec store.Record, _ int64) {
	*d.ids = append(*d.ids, rec.Mission.MissionID)
}

// crowd is a service over missions of all statuses.
type crowd struct {
	*testing.T
	*mission.Service
	store *missiontest.Store
	epoch store.Epoch
	ids   []string
	sent  []string
}

func newCrowd(t *testing.T, n int) *crowd {
	c := &crowd{T: t, store: missiontest.New(t, memstore.Config{})}
	c.Service = mission.New(mission.Deps{
		Store: c.store, Dispatcher: dispatched{ids: &c.sent}, Observer: silent{}, Now: func() contracts.Time { return contracts.At(time.Now()) },
		Logger: zap.NewNop(), TicketKey: ticketKey, OrderKey: orderKey,
		Epoch: func(context.Context) (store.Epoch, error) { return c.epoch, nil },
	})
	r := contracts.DefaultMissionRequest()
	r.Name = "n"
	for range n {
		m, err := c.Submit(t.Context(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.ids = append(c.ids, m.MissionID)
	}
	c.sent = nil
	return c
}

func (c *crowd) put(id string, status contracts.Status) {
	c.Helper()
	rec := c.record(id)
	change := store.Change{Record: rec, IfVersion: rec.Mission.Version, Due: store.DueDrop}
	change.Record.Mission.Status = status
	if _, err := c.store.Store.Commit(c.Context(), change); err != nil {
		c.Fatal(err)
	}
}

func (c *crowd) record(id string) store.Record {
	c.Helper()
	recs, err := c.store.Load(c.Context(), id)
	if err != nil {
		c.Fatal(err)
	}
	return recs[0]
}

func all(contracts.Mission) bool { return true }

// TestManyAreChangedAsOneIs: by the same rules, with the reason in the history, and what can't be changed is told for each.
func TestManyAreChangedAsOneIs(t *testing.T) {
	c := newCrowd(t, 60)
	c.put(c.ids[3], contracts.StatusCompleted)
	unknown := "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b"
	ids := append([]string{unknown}, c.ids...)
	meant := func(m contracts.Mission) bool { return m.MissionID != c.ids[5] }
	errs, err := c.CancelAll(t.Context(), ids, mission.Terms{Fits: meant, Why: "because"})
	if err != nil || len(errs) != len(ids) {
		t.Fatal(errs, err)
	}
	for i, id := range ids {
		var state *mission.StateError
		want, is := contracts.StatusCancelled, errs[i] == nil
		switch {
		case i == 0:
			want, is = "", errors.Is(errs[i], store.ErrNotFound)
		case id == c.ids[3]:
			want, is = contracts.StatusCompleted, errors.As(errs[i], &state)
		case id == c.ids[5]:
			want, is = contracts.StatusQueued, errors.Is(errs[i], mission.ErrNotMeant)
		}
		if got := c.record(id).Mission.Status; got != want || !is {
			t.Errorf("mission %d is %s, and %v", i, got, errs[i])
		}
	}
	errs, err = c.RetryAll(t.Context(), ids, mission.Terms{Fits: all, Why: "because"})
	if err != nil || len(c.sent) != 58 {
		t.Errorf("%d were dispatched, %v", len(c.sent), err)
	}
	for i, id := range ids {
		retried := i > 0 && id != c.ids[3] && id != c.ids[5]
		if (errs[i] == nil) != retried || retried && c.record(id).Mission.Attempt != 2 {
			t.Errorf("mission %d: %v", i, errs[i])
		}
	}
	h, err := c.store.History(t.Context(), c.ids[0])
	if n := len(h.Lines); err != nil || n != 3 || h.Lines[1].Message != "because" || h.Lines[2].Message != "retry requested, because" {
		t.Errorf("%+v, %v", h.Lines, err)
	}
}

// TestManyOfWhichOthersChangeSome: those are decided anew.
func TestManyOfWhichOthersChangeSome(t *testing.T) {
	c := newCrowd(t, 30)
	first := true
	c.store.Meanwhile = func() {
		if first {
			first = false
			c.put(c.ids[1], contracts.StatusFailed)
			c.put(c.ids[2], contracts.StatusScheduled)
		}
	}
	errs, err := c.CancelAll(t.Context(), c.ids, mission.Terms{Fits: all, Why: "because"})
	var state *mission.StateError
	if err != nil || !errors.As(errs[1], &state) || errs[2] != nil || c.record(c.ids[2]).Mission.Status != contracts.StatusCancelled {
		t.Errorf("%v, %v, %v", errs[1], errs[2], err)
	}
	c.store.Fate = func() missiontest.Fate { return missiontest.Unanswered }
	if _, err := c.RetryAll(t.Context(), c.ids, mission.Terms{Fits: all, Why: "because"}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("without an answer: %v", err)
	}
}

func TestPurgeRemovesWhatHasEnded(t *testing.T) {
	c := newCrowd(t, len(contracts.Statuses()))
	for i, status := range contracts.Statuses() {
		id := c.ids[i]
		if status != contracts.StatusQueued {
			c.put(id, status)
		}
		err := c.Purge(t.Context(), id)
		var state *mission.StateError
		if status.Terminal() != (err == nil) || !status.Terminal() && !errors.As(err, &state) || (c.record(id).Mission.Version == 0) != status.Terminal() {
			t.Errorf("%s: %v", status, err)
		}
		if err := c.Purge(t.Context(), id); status.Terminal() && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s, again: %v", status, err)
		}
	}
}

// TestWhatMayBeAdoptedIsNotPurged: it would be carried out again.
func TestWhatMayBeAdoptedIsNotPurged(t *testing.T) {
	now := time.Now()
	for name, k := range map[string]struct {
		epoch store.Epoch
		stays bool
	}{
		"wiped since":       {store.Epoch{Began: contracts.At(now.Add(time.Second)), Origin: store.EpochWiped}, true},
		"adopted since":     {store.Epoch{Began: contracts.At(now.Add(-time.Second)), Origin: store.EpochFirst, Adopted: 1}, true},
		"wiped long before": {store.Epoch{Began: contracts.At(now.Add(-2 * time.Minute)), Origin: store.EpochWiped}, false},
		"a new store":       {store.Epoch{Began: contracts.At(now.Add(-time.Second)), Origin: store.EpochFirst}, false},
	} {
		c := newCrowd(t, 1)
		c.epoch = k.epoch
		c.put(c.ids[0], contracts.StatusCompleted)
		err := c.Purge(t.Context(), c.ids[0])
		var adoptable *mission.AdoptableError
		if errors.As(err, &adoptable) != k.stays || (err != nil) != k.stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}
