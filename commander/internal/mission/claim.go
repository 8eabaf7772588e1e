package mission

import (
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Claim decides whether the execution that u names may start. hold is why it is not to, though it could (Item). The change
// of a grant asks that the session is live; where it is not, the commit's outcome is SessionDead and the answer is
// SessionDead's.
func Claim(rec store.Record, u contracts.Update, by Speaker, hold string, now contracts.Time) Decision {
	m := rec.Mission
	var why Refusal
	switch {
	case m.Version == 0:
		why = RefusedUnknown
	case m.Status.Terminal():
		why = RefusedTerminal
	case u.Attempt < m.Attempt:
		why = RefusedAttempt
	case u.Attempt > m.Attempt:
		why = RefusedAhead
	case rec.Recorded == u.Execution:
		why = RefusedSuperseded // a late copy of a claim whose execution has ended: nobody would work on a grant
	case m.Status == contracts.StatusQueued && overdue(m, now):
		d := fail(rec, now, "its deadline_at passed while it waited")
		d.Answer = refusal(u, RefusedTerminal)
		return d
	case m.Status == contracts.StatusQueued && hold != "":
		return held(rec, u, hold, now)
	case m.Status == contracts.StatusQueued:
		return grant(rec, u, by, now)
	case m.Status == contracts.StatusInProgress && rec.Execution == u.Execution:
		if rec.Session != by.Session {
			why = RefusedHeld
			break
		}
		return Decision{Answer: granted(rec, now)}
	case m.Status == contracts.StatusInProgress:
		why = RefusedHeld
	default:
		why = RefusedScheduled
	}
	d := refuse(rec, u, by, why, now)
	d.Answer = refusal(u, why)
	if why == RefusedHeld && u.Redelivered {
		d.Suspect = rec.Session
	}
	return d
}

// refusal is the answer to a claim that is refused.
func refusal(u contracts.Update, why Refusal) contracts.Answer {
	return contracts.Answer{Type: contracts.AnswerRefused, MissionID: u.MissionID, Execution: u.Execution, Reason: string(why)}
}

func grant(rec store.Record, u contracts.Update, by Speaker, now contracts.Time) Decision {
	n := next(rec, now)
	n.Execution, n.Session, n.Dispatches = u.Execution, by.Session, 0
	m := &n.Mission
	m.Status, m.StatusReason, m.SoldierID, m.StartedAt, m.Progress = contracts.StatusInProgress, "", by.SoldierID, now, 0
	m.Run++
	c := change(rec, n, line(n, contracts.CauseGranted, u.MadeAt, now, ""))
	c.IfSession, c.Due = by.Session, store.DueDrop
	return Decision{Change: c, Answer: granted(n, now)}
}

// held refuses a claim that could be granted, and gives the mission a due entry: the soldier drops the order, and the dispatcher,
// which knows why as well, has the mission wait. It costs the mission nothing.
func held(rec store.Record, u contracts.Update, why string, now contracts.Time) Decision {
	n := next(rec, now)
	c := change(rec, n)
	queue(&n, c, now)
	c.Record, c.History = n, []contracts.HistoryLine{line(n, "", u.MadeAt, now, "not started: "+why)}
	return Decision{Change: c, Dispatch: DispatchNow, Answer: contracts.Answer{
		Type: contracts.AnswerRefused, MissionID: u.MissionID, Execution: u.Execution, Reason: reasonHeldBack,
	}}
}

// reasonHeldBack is the reason that a soldier is told.
const reasonHeldBack = "held_back"

// granted is the answer to the claim that rec was granted to. Its ticket is not signed yet.
func granted(rec store.Record, now contracts.Time) contracts.Answer {
	m := rec.Mission
	return contracts.Answer{
		Type: contracts.AnswerGranted, MissionID: m.MissionID, Execution: rec.Execution, Left: left(m, now),
		Ticket: &contracts.Ticket{
			MissionID: m.MissionID, Attempt: m.Attempt, Run: m.Run, Execution: rec.Execution, Session: rec.Session,
			Cancel: m.CancelRequested,
		},
	}
}

// SessionDead is the answer to a claim whose session is not live: the soldier keeps the order, renews, claims afresh.
func SessionDead(u contracts.Update) contracts.Answer {
	return contracts.Answer{Type: contracts.AnswerSessionDead, MissionID: u.MissionID, Execution: u.Execution}
}

// NoHandler notes that a soldier has no handler for the mission's kind, and has the order sent again after a while.
func NoHandler(rec store.Record, u contracts.Update, by Speaker, now contracts.Time) Decision {
	m := rec.Mission
	if m.Status != contracts.StatusQueued || u.Attempt != m.Attempt {
		return Decision{}
	}
	n := next(rec, now)
	n.Mission.StatusReason = fmt.Sprintf("soldier %s has no handler for kind %s; the mission waits for one that has",
		by.SoldierID, m.Kind)
	c := change(rec, n)
	if m.StatusReason == "" {
		c.History = []contracts.HistoryLine{line(n, "", u.MadeAt, now, n.Mission.StatusReason)}
	}
	c.Due, c.DueAt = store.DueSet, contracts.At(now.Add(contracts.NoHandlerDelay))
	return Decision{Change: c}
}
