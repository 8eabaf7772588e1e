package mission

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Finish applies a final. Its ticket is verified, or that of the current execution, and it is the speaker's. jitter is 0 to 1 and spreads retries.
func Finish(rec store.Record, u contracts.Update, by Speaker, jitter float64, now contracts.Time) Decision {
	var d Decision
	switch m, t := rec.Mission, u.Ticket; {
	case m.Version == 0:
		return refuseUnknown(u)
	case Current(rec, u):
		d = end(rec, u, by, nil, jitter, now)
	case rec.Recorded == u.Execution:
		// Sent again: nothing new.
	case t.Run > m.Run && t.Attempt == m.Attempt && !m.Status.Terminal():
		r, lost := regrant(rec, u, by, now)
		d = end(r, u, by, lost, jitter, now)
	default:
		d = refuse(rec, u, by, RefusedSuperseded, now)
	}
	d.Answer = recorded(u)
	return d
}

// Current tells whether a final is of the execution that the mission is in.
func Current(rec store.Record, u contracts.Update) bool {
	m := rec.Mission
	return m.Status == contracts.StatusInProgress && m.Run == u.Ticket.Run && rec.Execution == u.Ticket.Execution
}

// recorded tells the soldier that it need not send a final again: it is recorded, or set aside for a person.
func recorded(u contracts.Update) contracts.Answer {
	return contracts.Answer{Type: contracts.AnswerRecorded, MissionID: u.MissionID, Execution: u.Execution}
}

// refuseFinal refuses a final that is not to be believed.
func refuseFinal(rec store.Record, u contracts.Update, by Speaker, why Refusal, now contracts.Time) Decision {
	d := refuse(rec, u, by, why, now)
	d.Answer = recorded(u)
	return d
}

// regrant makes a record IN_PROGRESS by a grant that the store has lost with its last writes: the ticket proves it. It
// returns the history's lines of that. Where the store lost, too, that the mission's time had come, that is told first.
func regrant(rec store.Record, u contracts.Update, by Speaker, now contracts.Time) (store.Record, []contracts.HistoryLine) {
	r := next(rec, now)
	m := &r.Mission
	var lost []contracts.HistoryLine
	if m.Status == contracts.StatusScheduled {
		m.Status = contracts.StatusQueued
		lost = append(lost, line(r, contracts.CauseTimeCome, u.MadeAt, now, "came before; the store had lost it"))
	}
	m.Status, m.StatusReason = contracts.StatusInProgress, ""
	m.Run, m.SoldierID = u.Ticket.Run, by.SoldierID
	m.CancelRequested = m.CancelRequested || u.Ticket.Cancel
	r.Execution, r.Session, r.Dispatches = u.Execution, by.Session, 0
	if m.StartedAt.IsZero() {
		m.StartedAt = u.MadeAt
	}
	return r, append(lost, line(r, contracts.CauseGranted, u.MadeAt, now, "granted before; the store had lost it"))
}

// Show decides about a running execution that a commander asked to see. Its ticket is verified, and it is the speaker's. It
// becomes the mission's if its grant is newer than what the store knows (V6); the store then has lost its last writes.
func Show(rec store.Record, u contracts.Update, by Speaker, now contracts.Time) Decision {
	m, t := rec.Mission, u.Ticket
	switch {
	case Current(rec, u):
		return Decision{}
	case m.Version == 0:
		return refuseUnknown(u)
	case t.Run > m.Run && t.Attempt == m.Attempt && !m.Status.Terminal():
		r, lost := regrant(rec, u, by, now)
		c := change(rec, r, lost...)
		c.IfSession, c.Due = by.Session, store.DueDrop
		return Decision{Change: c}
	default:
		return Decision{Answer: contracts.Answer{
			Type: contracts.AnswerStop, MissionID: u.MissionID, Execution: u.Execution, Reason: string(contracts.StopSuperseded),
		}}
	}
}

// Unproven tells whether a commander should see the ticket of an execution that a session says it runs: the store does not
// know the mission, which is Adoptable, or knows of no grant so new.
func Unproven(rec store.Record, ref contracts.ExecutionRef, adoptable func() bool) bool {
	if rec.Mission.Version == 0 {
		return adoptable()
	}
	return ref.Run > rec.Mission.Run && !rec.Mission.Status.Terminal()
}

// end moves an IN_PROGRESS record on as the final says. before are history lines that come first.
func end(rec store.Record, u contracts.Update, by Speaker, before []contracts.HistoryLine, jitter float64,
	now contracts.Time,
) Decision {
	n := next(rec, now)
	release(&n)
	n.Recorded = u.Execution
	m := &n.Mission
	m.SoldierID = by.SoldierID
	c := change(rec, n)
	c.Due = store.DueDrop
	d := Decision{Change: c}
	var cause contracts.Cause
	message := ""
	if u.Status == contracts.UpdateFailed {
		m.Error = u.Error
		if u.Error != nil {
			message = u.Error.Code + ": " + u.Error.Message
		}
	}
	switch {
	case u.Status == contracts.UpdateCompleted:
		cause = contracts.CauseCompleted
		m.Status, m.Result, m.Error, m.Progress, m.FinishedAt = contracts.StatusCompleted, u.Result, nil, 100, u.MadeAt
	case m.CancelRequested:
		cause = contracts.CauseCancel
		m.Status, m.FinishedAt = contracts.StatusCancelled, u.MadeAt
	case u.Status == contracts.UpdateReleased && overdue(*m, now):
		cause, message = contracts.CauseDeadline, "handed back by the soldier after its deadline_at"
		m.Status, m.FinishedAt = contracts.StatusFailed, u.MadeAt
		m.Error = &contracts.MissionError{Code: contracts.ErrorCodeDeadline, Message: message}
	case u.Status == contracts.UpdateReleased:
		cause, message = contracts.CauseReleased, "handed back by the soldier"
		queue(&n, c, now)
		d.Dispatch = DispatchNow
	case m.Attempt < m.MaxAttempts && !u.NoRetry && !ranOut(*m, u):
		cause = contracts.CauseRetry
		delay := RetryDelay(m.Retry, m.Attempt, jitter)
		if u.RetryAfter > 0 {
			delay = time.Duration(u.RetryAfter) * time.Millisecond
		}
		at := contracts.At(now.Add(delay))
		if overdue(*m, at) {
			cause = contracts.CauseDeadline
			m.Status, m.Error, m.FinishedAt = contracts.StatusFailed, tooLate(u.Error), u.MadeAt
			break
		}
		m.Status, m.RunAt = contracts.StatusScheduled, at
		c.Due, c.DueAt = store.DueSet, m.RunAt
	default:
		cause = contracts.CauseFailed
		m.Status, m.FinishedAt = contracts.StatusFailed, u.MadeAt
	}
	c.History = append(before, line(n, cause, u.MadeAt, now, message)) //nolint:gocritic // before is this call's own
	if cause == contracts.CauseRetry {
		m.Attempt++
	}
	c.Record = n
	return d
}

// ranOut tells whether an attempt failed because the mission's deadline came. Its soldier's clock may be a little early.
func ranOut(m contracts.Mission, u contracts.Update) bool {
	return !m.DeadlineAt.IsZero() && u.Error != nil && u.Error.Code == contracts.ErrorCodeDeadline
}

// RetryDelay is how long a mission with such retries waits after its attempt-th attempt failed: as contracts.Retry says,
// 20 % less to 20 % more as jitter goes from 0 to 1.
func RetryDelay(r *contracts.Retry, attempt int, jitter float64) time.Duration {
	if r == nil {
		usual := contracts.DefaultRetry()
		r = &usual
	}
	if r.DelaySeconds == 0 {
		return 0 // and not nothing times infinity
	}
	seconds := min(float64(r.DelaySeconds)*math.Pow(r.Factor, float64(attempt-1)), float64(r.MaxDelaySeconds))
	return time.Duration(seconds * (0.8 + 0.4*jitter) * float64(time.Second))
}

// Jitter returns a random number from 0 to 1.
func Jitter() float64 { return rand.Float64() } //nolint:gosec // spreads retries, guards nothing
