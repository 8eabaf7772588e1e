package mission_test

import (
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// What a handler says of the attempts that are left.
func TestAFailureMaySayWhatBecomesOfTheAttemptsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		attempt, most int
		update        contracts.Update
		want          contracts.Status
		wantDelay     time.Duration
	}{
		"nothing":                          {1, 3, contracts.Update{}, contracts.StatusScheduled, 5 * time.Second},
		"no retry":                         {1, 3, contracts.Update{NoRetry: true}, contracts.StatusFailed, 0},
		"later":                            {1, 3, contracts.Update{RetryAfter: 90_000}, contracts.StatusScheduled, 90 * time.Second},
		"at once":                          {1, 3, contracts.Update{RetryAfter: 1}, contracts.StatusScheduled, time.Millisecond},
		"later, and none is left":          {3, 3, contracts.Update{RetryAfter: 90_000}, contracts.StatusFailed, 0},
		"no retry, and none is left":       {3, 3, contracts.Update{NoRetry: true}, contracts.StatusFailed, 0},
		"no retry goes before a time":      {1, 3, contracts.Update{NoRetry: true, RetryAfter: 5}, contracts.StatusFailed, 0},
		"the longest":                      {2, 3, contracts.Update{RetryAfter: contracts.MaxRunAtAhead.Milliseconds()}, contracts.StatusScheduled, contracts.MaxRunAtAhead},
		"a time is no jittered one":        {2, 3, contracts.Update{RetryAfter: 10_000}, contracts.StatusScheduled, 10 * time.Second},
		"without one the delay is doubled": {2, 3, contracts.Update{}, contracts.StatusScheduled, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			now := contracts.FromMillis(1_700_000_000_000)
			rec := store.Record{Execution: "e1", Session: finalSession, Mission: contracts.Mission{
				MissionID: finalMission, Name: "m", Kind: "k", Status: contracts.StatusInProgress, Attempt: c.attempt, MaxAttempts: c.most,
				Run: 3, CreatedAt: now, UpdatedAt: now, Version: 4,
			}}
			u := c.update
			u.Status, u.MissionID, u.Attempt, u.Execution, u.MadeAt = contracts.UpdateFailed, finalMission, c.attempt, "e1", now
			u.Error = &contracts.MissionError{Code: "failed", Message: "m"}
			u.Ticket = &contracts.Ticket{MissionID: finalMission, Attempt: c.attempt, Run: 3, Execution: "e1", Session: finalSession}
			const half = 0.5 // no jitter
			d := mission.Finish(rec, u, mission.Speaker{Session: finalSession, SoldierID: "s"}, half, now)
			if d.Change == nil {
				t.Fatalf("%+v", d)
			}
			m := d.Change.Record.Mission
			if m.Status != c.want {
				t.Errorf("%s, want %s", m.Status, c.want)
			}
			if c.want == contracts.StatusScheduled && (m.RunAt.Sub(now.Time) != c.wantDelay || d.Change.DueAt != m.RunAt || m.Attempt != c.attempt+1) {
				t.Errorf("attempt %d at +%v, due at +%v; want +%v", m.Attempt, m.RunAt.Sub(now.Time), d.Change.DueAt.Sub(now.Time), c.wantDelay)
			}
			if c.want == contracts.StatusFailed && (m.Attempt != c.attempt || m.FinishedAt != now) {
				t.Errorf("attempt %d, finished at %v", m.Attempt, m.FinishedAt)
			}
		})
	}
}
