package mission

import (
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func TestALostOrderIsSentAgainAndCounted(t *testing.T) {
	now := contracts.FromMillis(1_700_000_000_000)
	rec := store.Record{Mission: contracts.Mission{
		MissionID: "m", Status: contracts.StatusQueued, StatusReason: "nobody has a handler", Attempt: 2, Run: 3, Losses: 1, Version: 7,
	}}
	for sent := 1; sent < contracts.MaxDispatches; sent++ {
		d := Resend(rec, now)
		c := d.Change
		if c == nil || d.Dispatch != DispatchNow || c.Due != store.DueSet || c.IfVersion != rec.Mission.Version ||
			c.DueAt.Sub(now.Time) != contracts.DispatchHold || len(c.History) != 1 || c.History[0].Cause != "" {
			t.Fatalf("lost %d times: %+v", sent, d)
		}
		m := c.Record.Mission
		if c.Record.Dispatches != sent || m.Status != contracts.StatusQueued || m.Attempt != 2 || m.Run != 3 || m.Losses != 1 ||
			m.StatusReason != rec.Mission.StatusReason {
			t.Fatalf("lost %d times: %+v", sent, c.Record)
		}
		rec = c.Record
	}
	d := Resend(rec, now)
	m := d.Change.Record.Mission
	if m.Status != contracts.StatusFailed || m.Error == nil || m.Error.Code != contracts.ErrorCodeUndeliverable || m.FinishedAt != now ||
		d.Dispatch != NoDispatch || d.Change.Due != store.DueDrop || d.Change.History[0].Cause != contracts.CauseUndeliverable {
		t.Fatalf("lost %d times: %+v", contracts.MaxDispatches, d.Change)
	}
	if err := contracts.CheckTransition(contracts.StatusQueued, m.Status); err != nil {
		t.Error(err)
	}
}

func TestOnlyWhatIsQueuedIsSentAgain(t *testing.T) {
	for _, status := range contracts.Statuses() {
		if status == contracts.StatusQueued {
			continue
		}
		rec := store.Record{Mission: contracts.Mission{MissionID: "m", Status: status, Version: 1}}
		if d := Resend(rec, contracts.FromMillis(1)); d.Change != nil {
			t.Errorf("%s: %+v", status, d.Change)
		}
	}
	if d := Resend(store.Record{}, contracts.FromMillis(1)); d.Change != nil {
		t.Errorf("an unknown mission: %+v", d.Change)
	}
}

func TestAGrantForgivesLostOrders(t *testing.T) {
	rec := store.Record{
		Mission:    contracts.Mission{MissionID: "m", Status: contracts.StatusQueued, Attempt: 1, Version: 7},
		Dispatches: contracts.MaxDispatches - 1,
	}
	u := contracts.Update{Status: contracts.UpdateInProgress, MissionID: "m", Attempt: 1, Execution: "e"}
	d := Claim(rec, u, Speaker{Session: "s", SoldierID: "soldier"}, "", contracts.FromMillis(1))
	if d.Change == nil || d.Change.Record.Dispatches != 0 {
		t.Fatalf("%+v", d)
	}
}

// TestWhatIsNoLostOrderCountsNone: releases, losses, retries and orders without handler leave the count alone.
func TestWhatIsNoLostOrderCountsNone(t *testing.T) {
	now := contracts.FromMillis(1)
	by := Speaker{Session: "s", SoldierID: "soldier"}
	queued := store.Record{
		Mission:    contracts.Mission{MissionID: "m", Status: contracts.StatusQueued, Attempt: 1, MaxAttempts: 2, Version: 7},
		Dispatches: 4,
	}
	running := queued
	running.Mission.Status, running.Execution, running.Session, running.Mission.Run = contracts.StatusInProgress, "e", "s", 1
	final := func(status contracts.UpdateStatus) contracts.Update {
		return contracts.Update{Status: status, MissionID: "m", Attempt: 1, Execution: "e", Ticket: &contracts.Ticket{
			MissionID: "m", Attempt: 1, Run: 1, Execution: "e", Session: "s",
		}}
	}
	for name, d := range map[string]Decision{
		"no handler": NoHandler(queued, contracts.Update{Status: contracts.UpdateNoHandler, MissionID: "m", Attempt: 1}, by, now),
		"released":   Finish(running, final(contracts.UpdateReleased), by, 0, now),
		"retry":      Finish(running, final(contracts.UpdateFailed), by, 0, now),
		"lost":       Lose(running, now),
	} {
		if d.Change == nil || d.Change.Record.Dispatches != 4 {
			t.Errorf("%s: %+v", name, d.Change)
		}
	}
}
