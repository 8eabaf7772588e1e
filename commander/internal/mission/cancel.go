package mission

import (
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Cancel ends a waiting mission, and asks for the end of a running one. It is a StateError where the mission has ended.
// A second request for a running mission changes nothing.
func Cancel(rec store.Record, now contracts.Time) (Decision, error) {
	n := next(rec, now)
	m := &n.Mission
	switch {
	case m.Status.Terminal():
		return Decision{}, &StateError{MissionID: m.MissionID, Status: m.Status, Action: "be cancelled, it has ended"}
	case m.Status == contracts.StatusInProgress && m.CancelRequested:
		return Decision{Answer: stopCancelled(rec)}, nil
	case m.Status == contracts.StatusInProgress:
		m.CancelRequested = true
		c := change(rec, n, line(n, "", now, now, "cancel requested"))
		return Decision{Change: c, Answer: stopCancelled(rec)}, nil
	default:
		m.Status, m.StatusReason, m.FinishedAt = contracts.StatusCancelled, "", now
		c := change(rec, n, line(n, contracts.CauseCancel, now, now, ""))
		c.Due = store.DueDrop
		return Decision{Change: c}, nil
	}
}

func stopCancelled(rec store.Record) contracts.Answer {
	return contracts.Answer{
		Type: contracts.AnswerStop, MissionID: rec.Mission.MissionID, Execution: rec.Execution,
		Reason: string(contracts.StopCancelled),
	}
}

// StopFor tells whether an execution that a soldier runs must end, as the truth is now.
func StopFor(rec store.Record, ref contracts.ExecutionRef) (contracts.Stop, bool) {
	switch {
	case Settled(rec, ref):
		return contracts.Stop{Execution: ref.Execution, Reason: contracts.StopSuperseded}, true
	case rec.Execution == ref.Execution && rec.Mission.CancelRequested:
		return contracts.Stop{Execution: ref.Execution, Reason: contracts.StopCancelled}, true
	default:
		return contracts.Stop{}, false
	}
}

// HeldBy returns the grant behind a mission that the session holds, not signed yet.
func HeldBy(rec store.Record, session string) (contracts.Ticket, bool) {
	if rec.Mission.Status != contracts.StatusInProgress || rec.Session != session {
		return contracts.Ticket{}, false
	}
	return *granted(rec, contracts.Time{}).Ticket, true
}

// Settled tells whether a final of the execution could not change the mission any more: it is recorded, or would be
// refused. An execution that the store does not know yet, because it lost its last writes, is not settled.
func Settled(rec store.Record, ref contracts.ExecutionRef) bool {
	m := rec.Mission
	current := m.Status == contracts.StatusInProgress && m.Run == ref.Run && rec.Execution == ref.Execution
	return m.Version != 0 && !current && (ref.Run <= m.Run || m.Status.Terminal())
}
