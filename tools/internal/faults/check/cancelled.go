package check

import (
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// clocksApart is by how much a history's times, which are Redis', may differ from the drill's on the same machine.
const clocksApart = 2 * time.Second

// cancelled judges what became of an accepted cancel. An execution may be COMPLETED before it hears of it, but no other one
// may be granted, and it may not be FAILED. Only a wipe that came after the cancel, or an operator, takes it back.
func (j *judge) cancelled(m Mission, id string) {
	if m.Cancelled.IsZero() || j.wiped(m.CancelAsked, j.Ended) {
		return
	}
	f := j.Finals[id]
	lost := func(what string) {
		j.violate(CancelLost, id, m.Cancelled, "a cancel was accepted at %s, and %s", clock(m.Cancelled), what)
	}
	if f.Mission.Status == contracts.StatusFailed && m.Retried.IsZero() {
		lost("it is FAILED")
		return
	}
	if f.Dropped > 0 {
		return // the line that explains it may be among them
	}
	pending, noted := false, false
	for _, l := range f.History {
		switch {
		case l.Refused:
		case l.Cause == contracts.CauseCancel:
			noted = true
		case l.Status == contracts.StatusInProgress && l.Cause == "": // the only note on a running mission
			pending, noted = true, true
		case l.Cause == contracts.CauseOperatorRetry:
			pending = false
		case pending && l.Cause == contracts.CauseGranted:
			lost("another run was granted")
			return
		}
	}
	if !noted && !j.wiped(m.Asked, j.Ended) {
		lost("its history does not know of it")
	}
}

// endedBy tells whether a mission had ended at some time. Where its history went with a wipe, the journals tell.
func (j *judge) endedBy(m Mission, id string, at time.Time) bool {
	if j.wiped(m.Asked, j.Ended) && slices.ContainsFunc(j.executions[id], func(e journal.Execution) bool {
		return (e.Outcome == journal.OutcomeCompleted || e.Outcome == journal.OutcomeFailed) && e.Ended() && e.End.Before(at)
	}) {
		return true
	}
	return slices.ContainsFunc(j.Finals[id].History, func(l contracts.HistoryLine) bool {
		return !l.Refused && l.Status.Terminal() && l.RecordedAt.Before(at.Add(clocksApart))
	})
}
