package mission

import (
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Resend sends the order of a QUEUED mission again, because the one that the broker confirmed is judged lost: its queue
// has long come past it. After contracts.MaxDispatches of them without a grant the mission FAILS: something about it keeps
// it from ever being claimed. In any other status nothing changes.
func Resend(rec store.Record, now contracts.Time) Decision {
	n := next(rec, now)
	m := &n.Mission
	if m.Version == 0 || m.Status != contracts.StatusQueued {
		return Decision{}
	}
	n.Dispatches++
	c := change(rec, n)
	d := Decision{Change: c}
	var cause contracts.Cause
	message := fmt.Sprintf("order %d was lost at the broker or refused by soldiers; sent again", n.Dispatches)
	if n.Dispatches >= contracts.MaxDispatches {
		cause, message = contracts.CauseUndeliverable, ""
		m.Status, m.StatusReason, m.FinishedAt = contracts.StatusFailed, "", now
		m.Error = &contracts.MissionError{
			Code:    contracts.ErrorCodeUndeliverable,
			Message: fmt.Sprintf("%d orders were sent, and no soldier claimed the mission", n.Dispatches),
		}
		c.Due = store.DueDrop
	} else {
		queue(&n, c, now)
		d.Dispatch = DispatchNow
	}
	c.Record = n
	c.History = []contracts.HistoryLine{line(n, cause, now, now, message)}
	return d
}
