package mission

import (
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Lose ends the execution of a mission whose soldier's session is declared dead. It spends no attempt.
func Lose(rec store.Record, now contracts.Time) Decision {
	n := next(rec, now)
	m := &n.Mission
	m.Losses++
	c := change(rec, n)
	d := Decision{Change: c}
	cause, message := contracts.CauseLost, fmt.Sprintf("soldier %s was lost", m.SoldierID)
	switch {
	case m.CancelRequested:
		cause = contracts.CauseCancel
		m.Status, m.FinishedAt = contracts.StatusCancelled, now
		release(&n)
		c.Due = store.DueDrop
	case m.Losses >= contracts.MaxLosses:
		cause = contracts.CauseSoldierLost
		m.Status, m.FinishedAt = contracts.StatusFailed, now
		m.Error = &contracts.MissionError{
			Code:    contracts.ErrorCodeSoldierLost,
			Message: fmt.Sprintf("%d executions lost their soldiers: the mission may be what kills them", m.Losses),
		}
		release(&n)
		c.Due = store.DueDrop
	case overdue(*m, now):
		return fail(n, now, message+", and its deadline_at has passed")
	default:
		queue(&n, c, now)
		d.Dispatch = DispatchNow
	}
	c.Record = n
	c.History = []contracts.HistoryLine{line(n, cause, now, now, message)}
	return d
}
