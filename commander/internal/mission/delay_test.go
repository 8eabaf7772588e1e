package mission_test

import (
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func TestDelaysOfRetries(t *testing.T) {
	const none, half, all = 0, 0.5, 1
	for _, c := range []struct {
		retry   *contracts.Retry
		attempt int
		jitter  float64
		want    time.Duration
	}{
		{nil, 1, half, 5 * time.Second},
		{nil, 1, none, 4 * time.Second},
		{nil, 1, all, 6 * time.Second},
		{nil, 7, half, 320 * time.Second},
		{nil, 8, half, 10 * time.Minute},
		{nil, 5000, half, 10 * time.Minute},
		{&contracts.Retry{DelaySeconds: 5, Factor: 2, MaxDelaySeconds: 600}, 7, half, 320 * time.Second},
		{&contracts.Retry{DelaySeconds: 60, Factor: 1, MaxDelaySeconds: 600}, 99, half, time.Minute},
		{&contracts.Retry{DelaySeconds: 10, Factor: 1.5, MaxDelaySeconds: 600}, 3, half, 22500 * time.Millisecond},
		{&contracts.Retry{DelaySeconds: 10, Factor: 10, MaxDelaySeconds: 604800}, 100, none, 604800 * 800 * time.Millisecond},
		{&contracts.Retry{DelaySeconds: 86400, Factor: 10, MaxDelaySeconds: 604800}, 100_000, half, 604800 * time.Second},
		{&contracts.Retry{Factor: 10, MaxDelaySeconds: 604800}, 100_000, all, 0},
	} {
		if got := mission.RetryDelay(c.retry, c.attempt, c.jitter); (got - c.want).Abs() > time.Millisecond {
			t.Errorf("%+v after attempt %d, jitter %v: %v, want %v", c.retry, c.attempt, c.jitter, got, c.want)
		}
	}
}

// TestAMissionRetriesAsItWasAskedTo: its retries come from its request, and go with it.
func TestAMissionRetriesAsItWasAskedTo(t *testing.T) {
	now := contracts.FromMillis(1_700_000_000_000)
	delay := 60
	r := contracts.MissionRequest{Name: "n", MaxAttempts: 3, Retry: &contracts.RetryRequest{DelaySeconds: &delay}}
	r.Normalize()
	rec := mission.Accept(r, finalMission, nil, now).Change.Record
	want := contracts.Retry{DelaySeconds: 60, Factor: 2, MaxDelaySeconds: 600}
	for attempt, after := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute} {
		running := rec
		m := &running.Mission
		m.Status, m.Attempt, m.Run, m.Version = contracts.StatusInProgress, attempt, int64(attempt), 2
		running.Execution, running.Session = "e", finalSession
		u := contracts.Update{
			Status: contracts.UpdateFailed, MissionID: finalMission, Attempt: attempt, Execution: "e", MadeAt: now,
			Ticket: &contracts.Ticket{MissionID: finalMission, Attempt: attempt, Run: int64(attempt), Execution: "e", Session: finalSession},
			Error:  &contracts.MissionError{Code: "odd", Message: "why"},
		}
		d := mission.Finish(running, u, mission.Speaker{Session: finalSession}, 0.5, now)
		got := d.Change.Record.Mission
		if got.Status != contracts.StatusScheduled || got.RunAt.Sub(now.Time) != after || got.Retry == nil || *got.Retry != want {
			t.Errorf("after attempt %d: %s at +%v, retry %+v", attempt, got.Status, got.RunAt.Sub(now.Time), got.Retry)
		}
		if l := d.Change.History[0]; l.Attempt != attempt || l.Message != "odd: why" {
			t.Errorf("the history says %+v", l)
		}
	}
}

func TestADelayCountsFromTheAcceptance(t *testing.T) {
	now := contracts.FromMillis(1_700_000_000_000)
	delay := 90
	d := mission.Accept(contracts.MissionRequest{Name: "n", DelaySeconds: &delay}, finalMission, nil, now)
	m, at := d.Change.Record.Mission, contracts.At(now.Add(90*time.Second))
	if m.Status != contracts.StatusScheduled || m.RunAt != at || d.Change.Due != store.DueSet || d.Change.DueAt != at || d.Dispatch != mission.NoDispatch {
		t.Errorf("%+v", d)
	}
	// Kept by the broker for a while, it is not later for that.
	for waited, want := range map[time.Duration]contracts.Status{time.Minute: contracts.StatusScheduled, 2 * time.Minute: contracts.StatusQueued} {
		got := mission.Admit(m, contracts.At(now.Add(waited))).Change.Record.Mission
		if got.Status != want || want == contracts.StatusScheduled && got.RunAt != at {
			t.Errorf("created %v later: %s at %v", waited, got.Status, got.RunAt)
		}
	}
}
