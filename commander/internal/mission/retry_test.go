package mission_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func at(seconds int64) contracts.Time { return contracts.FromMillis(1_800_000_000_000 + 1000*seconds) }

// ended is a mission with all that an eventful life leaves behind.
func ended(status contracts.Status, attempt, most int) store.Record {
	return store.Record{
		Mission: contracts.Mission{
			MissionID: "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", Name: "m", Kind: "simulate", Squad: "default",
			Priority: contracts.PriorityNormal, Labels: map[string]string{"a": "b"}, Status: status, StatusReason: "waits",
			CancelRequested: true, Attempt: attempt, MaxAttempts: most, Run: 7, Losses: contracts.MaxLosses, TimeoutSeconds: 300,
			Progress: 40, SoldierID: "s1", Result: []byte(`1`), Error: &contracts.MissionError{Code: "soldier_lost", Message: "m"},
			CreatedAt: at(0), UpdatedAt: at(9), RunAt: at(1000), StartedAt: at(3), FinishedAt: at(9), Version: 12,
		},
		Recorded: "e1", Dispatches: 19, Refusals: 3,
	}
}

func TestRetryStartsOneMoreAttempt(t *testing.T) {
	for _, c := range []struct {
		status                               contracts.Status
		attempt, most, wantAttempt, wantMost int
	}{
		{contracts.StatusFailed, 1, 1, 2, 2},
		{contracts.StatusFailed, 3, 3, 4, 4},
		{contracts.StatusFailed, 2, 5, 3, 5}, // of lost soldiers
		{contracts.StatusCancelled, 1, 3, 2, 3},
		{contracts.StatusFailed, 100, 100, 101, 101}, // a person may go beyond what a request may ask for
	} {
		before := ended(c.status, c.attempt, c.most)
		d, err := mission.Retry(before, at(20))
		if err != nil {
			t.Fatal(err)
		}
		want := before
		m := &want.Mission
		m.Status, m.Attempt, m.MaxAttempts, m.UpdatedAt = contracts.StatusQueued, c.wantAttempt, c.wantMost, at(20)
		m.StatusReason, m.CancelRequested, m.Losses, m.Progress, m.Result = "", false, 0, 0, nil
		m.RunAt, m.FinishedAt, want.Dispatches = contracts.Time{}, contracts.Time{}, 0
		if diff := cmp.Diff(want, d.Change.Record); diff != "" {
			t.Error(diff)
		}
		if d.Dispatch != mission.DispatchNow || d.Change.IfVersion != 12 || d.Change.Due != store.DueSet ||
			!d.Change.DueAt.Equal(at(20).Add(contracts.DispatchHold)) {
			t.Errorf("%+v", d)
		}
		lines := []contracts.HistoryLine{{
			MadeAt: at(20), RecordedAt: at(20), Status: contracts.StatusQueued, Cause: contracts.CauseOperatorRetry,
			Attempt: c.wantAttempt, Run: 7, SoldierID: "s1", Message: "retry requested",
		}}
		if diff := cmp.Diff(lines, d.Change.History); diff != "" {
			t.Error(diff)
		}
		if err := contracts.CheckTransition(c.status, contracts.StatusQueued); err != nil {
			t.Error(err)
		}
	}
}

func TestRetryOfWhatHasNotFailed(t *testing.T) {
	for _, status := range contracts.Statuses() {
		if status == contracts.StatusFailed || status == contracts.StatusCancelled {
			continue
		}
		d, err := mission.Retry(ended(status, 1, 3), at(20))
		var state *mission.StateError
		if !errors.As(err, &state) || state.Status != status || d.Change != nil {
			t.Errorf("%s: %+v, %v", status, d, err)
		}
	}
}

// After a retry nothing of the attempt before counts: neither its orders nor its finals nor a repeated claim, and not
// even the ticket of a grant whose soldier was taken for dead.
func TestARetryFencesTheAttemptBefore(t *testing.T) {
	before := ended(contracts.StatusFailed, 1, 1)
	d, err := mission.Retry(before, at(20))
	if err != nil {
		t.Fatal(err)
	}
	rec := d.Change.Record
	rec.Mission.Version = d.Change.IfVersion + 1
	by := mission.Speaker{Session: "s", SoldierID: "s1"}
	ticket := func(run int64, attempt int, execution string) *contracts.Ticket {
		return &contracts.Ticket{MissionID: rec.Mission.MissionID, Attempt: attempt, Run: run, Execution: execution, Session: "s"}
	}
	claim := func(attempt int, execution string) contracts.Update {
		return contracts.Update{Status: contracts.UpdateInProgress, MissionID: rec.Mission.MissionID, Attempt: attempt, Execution: execution, MadeAt: at(21)}
	}
	final := func(k *contracts.Ticket) contracts.Update {
		return contracts.Update{Status: contracts.UpdateCompleted, MissionID: k.MissionID, Attempt: k.Attempt, Execution: k.Execution, Ticket: k, MadeAt: at(21)}
	}
	check := func(what string, d mission.Decision, want mission.Refusal) {
		t.Helper()
		if d.Refused != want || d.Change != nil && d.Change.Record.Mission.Status != rec.Mission.Status {
			t.Errorf("%s: %+v, want it refused as %s", what, d, want)
		}
	}
	check("an order of the attempt before", mission.Claim(rec, claim(1, "e9"), by, "", at(21)), mission.RefusedAttempt)
	check("the claim that had ended", mission.Claim(rec, claim(1, "e1"), by, "", at(21)), mission.RefusedAttempt)
	check("a final of the last run", mission.Finish(rec, final(ticket(7, 1, "e7")), by, 0, at(21)), mission.RefusedSuperseded)
	check("a final of a run that the store lost", mission.Finish(rec, final(ticket(8, 1, "e8")), by, 0, at(21)), mission.RefusedSuperseded)
	if d := mission.Finish(rec, final(ticket(7, 1, "e1")), by, 0, at(21)); d.Change != nil || d.Refused != "" {
		t.Errorf("the recorded final, sent again: %+v", d)
	}
	granted := mission.Claim(rec, claim(2, "e2"), by, "", at(21))
	if granted.Answer.Type != contracts.AnswerGranted || granted.Change.Record.Mission.Run != 8 {
		t.Fatalf("the new attempt's order: %+v", granted)
	}
	rec = granted.Change.Record
	rec.Mission.Version = granted.Change.IfVersion + 1
	check("a late final while the new attempt runs", mission.Finish(rec, final(ticket(7, 1, "e7")), by, 0, at(22)), mission.RefusedSuperseded)
	check("a final of the same run number", mission.Finish(rec, final(ticket(8, 1, "e8")), by, 0, at(22)), mission.RefusedSuperseded)
}
