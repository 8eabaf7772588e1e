package check

import (
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

const (
	// simulatedFailure is the code of a failure that the request asked for.
	simulatedFailure = "simulated_failure"
	// lossesToFail and dispatchesToFail are how often a mission is lost, or sent in vain, before it is FAILED.
	lossesToFail, dispatchesToFail = 5, 20
	// timeout is that of the drill's missions, without a margin of a second.
	timeout = contracts.DefaultTimeoutSeconds*time.Second - time.Second
)

// explained judges an end: the request, an operator or what was broken must be the reason.
func (j *judge) explained(m Mission, id string, all []journal.Execution) {
	f := j.Finals[id]
	switch f.Mission.Status {
	case contracts.StatusCompleted:
		if m.Fails {
			j.violate(Unexplained, id, m.Accepted, "it is COMPLETED, and its handler fails every time")
		}
	case contracts.StatusCancelled:
		if m.CancelAsked.IsZero() {
			j.violate(Unexplained, id, m.Accepted, "it is CANCELLED, and nobody asked for that")
		}
	case contracts.StatusFailed:
		code := ""
		if f.Mission.Error != nil {
			code = f.Mission.Error.Code
		}
		if !j.mayFail(m, code, f.History, f.Dropped, all) {
			j.violate(Unexplained, id, m.Accepted, "it is FAILED by %q, which neither its request nor what was broken explains", code)
		}
	case contracts.StatusQueued, contracts.StatusScheduled, contracts.StatusInProgress:
	}
}

func (j *judge) mayFail(m Mission, code string, history []contracts.HistoryLine, dropped int, all []journal.Execution) bool {
	switch code {
	case simulatedFailure:
		return m.Fails
	case contracts.ErrorCodeCancelled:
		return !m.CancelAsked.IsZero()
	case contracts.ErrorCodeTimeout:
		return slices.ContainsFunc(all, j.frozenTooLong)
	case contracts.ErrorCodeSoldierLost:
		return j.losses(history)+dropped >= lossesToFail
	case contracts.ErrorCodeUndeliverable:
		return j.faultsOf(schedule.RabbitMQ) >= dispatchesToFail
	default:
		return false
	}
}

// frozenTooLong tells whether an execution lasted for the timeout because its soldier was frozen.
func (j *judge) frozenTooLong(e journal.Execution) bool {
	return e.Ended() && e.End.Sub(e.Start) >= timeout && slices.ContainsFunc(j.Faults, func(f Fault) bool {
		return f.Kind == schedule.PauseSoldier && slices.Contains(f.On, e.Process.SoldierID) && f.Began.Before(e.End) && f.Ended.After(e.Start)
	})
}

// losses counts the lines of losses whose soldier died or could hear from nobody at some time. Their times are of another
// clock, so they are not compared.
func (j *judge) losses(history []contracts.HistoryLine) int {
	n := 0
	for _, l := range history {
		if l.Cause != contracts.CauseLost && l.Cause != contracts.CauseSoldierLost || l.Refused {
			continue
		}
		died := false
		for p := range j.Deaths {
			died = died || p.Soldier == l.SoldierID
		}
		if died || len(j.isolated[l.SoldierID]) > 0 {
			n++
		}
	}
	return n
}

// faultsOf counts the faults of a part, and of the ways that lead to it.
func (j *judge) faultsOf(part string) int {
	n := 0
	for _, f := range j.Faults {
		if slices.ContainsFunc(f.On, func(on string) bool {
			_, end := schedule.Ends(on)
			return on == part || end == part
		}) {
			n++
		}
	}
	return n
}
