package mission

import (
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Retry sends a mission out again that FAILED or was CANCELLED, because an operator asks for it: as one more attempt, with
// as many losses and lost orders before it as a new mission has. It is a StateError in any other status.
//
// The higher attempt makes every order of before stale. run stays, and grows with the next grant: what the executions of
// before still send is not the current run's, and is refused.
func Retry(rec store.Record, now contracts.Time) (Decision, error) {
	n := next(rec, now)
	m := &n.Mission
	if m.Status != contracts.StatusFailed && m.Status != contracts.StatusCancelled {
		return Decision{}, &StateError{
			MissionID: m.MissionID, Status: m.Status, Action: "be retried, only what is FAILED or CANCELLED can",
		}
	}
	if overdue(*m, now) {
		return Decision{}, &StateError{
			MissionID: m.MissionID, Status: m.Status, Action: "be retried, its deadline_at has passed; order it anew", Overdue: true,
		}
	}
	m.Attempt++
	m.MaxAttempts = max(m.MaxAttempts, m.Attempt)
	m.Losses, n.Dispatches = 0, 0
	m.CancelRequested, m.StatusReason, m.Progress, m.Result = false, "", 0, nil
	m.RunAt, m.FinishedAt = contracts.Time{}, contracts.Time{}
	c := change(rec, n)
	queue(&n, c, now)
	c.Record = n
	c.History = []contracts.HistoryLine{line(n, contracts.CauseOperatorRetry, now, now, "retry requested")}
	return Decision{Change: c, Dispatch: DispatchNow}, nil
}
