package check

import (
	"slices"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

const (
	// simulatedFailure is the code of a failure that the request asked for.
	simulatedFailure = "simulated_failure"
	// lossesToFail and dispatchesToFail are how often a mission is lost, or sent in vain, before it is FAILED.
	lossesToFail, dispatchesToFail = contracts.MaxLosses, contracts.MaxDispatches
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
		if !j.mayFail(m, code, f.History, all) {
			j.violate(Unexplained, id, m.Accepted, "it is FAILED by %q, which neither its request nor what was broken explains", code)
		}
	case contracts.StatusQueued, contracts.StatusScheduled, contracts.StatusInProgress:
	}
}

func (j *judge) mayFail(m Mission, code string, history []contracts.HistoryLine, all []journal.Execution) bool {
	switch code {
	case simulatedFailure:
		return m.Fails
	case contracts.ErrorCodeCancelled:
		return !m.CancelAsked.IsZero()
	case contracts.ErrorCodeTimeout:
		return slices.ContainsFunc(all, j.frozenTooLong)
	case contracts.ErrorCodeSoldierLost:
		return j.losses(m, history) >= lossesToFail
	case contracts.ErrorCodeUndeliverable:
		return resent(history) >= dispatchesToFail-1 && j.faultsOf(schedule.RabbitMQ, m.Accepted) >= dispatchesToFail
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

// losses counts a mission's losses that something broken explains, each by a death or an isolation of its own of the
// soldier that was lost, after the mission was accepted. What ends once the flow is over ends because the drill does. The
// history's times are of another clock, so they are not compared.
func (j *judge) losses(m Mission, history []contracts.HistoryLine) int {
	lines := map[string]int{}
	for _, l := range history {
		if !l.Refused && (l.Cause == contracts.CauseLost || l.Cause == contracts.CauseSoldierLost) {
			lines[l.SoldierID]++
		}
	}
	n := 0
	for soldier, lost := range lines {
		causes := 0
		for p, died := range j.Deaths {
			if p.Soldier == soldier && died.After(m.Accepted) && died.Before(j.Ended) {
				causes++
			}
		}
		for _, s := range j.isolated[soldier] {
			if s.to.After(m.Accepted) && s.from.Before(j.Ended) {
				causes++
			}
		}
		n += min(lost, causes)
	}
	return n
}

// resent counts the orders that were sent again since the last grant.
func resent(history []contracts.HistoryLine) int {
	n := 0
	for _, l := range history {
		switch {
		case l.Cause == contracts.CauseGranted:
			n = 0
		case l.Status == contracts.StatusQueued && l.Cause == "" && strings.HasSuffix(l.Message, "sent again"):
			n++
		}
	}
	return n
}

// faultsOf counts the faults of a part, and of the ways that lead to it, from some time until the flow's end.
func (j *judge) faultsOf(part string, since time.Time) int {
	n := 0
	for _, f := range j.Faults {
		if f.Ended.After(since) && f.Began.Before(j.Ended) && slices.ContainsFunc(f.On, func(on string) bool {
			_, end := schedule.Ends(on)
			return on == part || end == part
		}) {
			n++
		}
	}
	return n
}
