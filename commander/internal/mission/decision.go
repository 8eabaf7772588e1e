package mission

import (
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Decision is what a rule says to one event.
type Decision struct {
	// Change is to be committed; nil where nothing changes.
	Change *store.Change
	// Answer goes to the soldier's inbox once Change is applied; its Type is empty where there is none.
	Answer contracts.Answer
	// Refused is why the update was refused, empty where it was not.
	Refused Refusal
	// Suspect is a session that may be gone: an order of a mission that it holds was delivered to another one.
	Suspect string
	// Dispatch: the mission is QUEUED by this change, publish its order.
	Dispatch Dispatch
}

// Dispatch says whether an order is to be published.
type Dispatch int

// The dispatches.
const (
	NoDispatch Dispatch = iota
	DispatchNow
)

// Refusal is a stable code for why an update was refused.
type Refusal string

// The refusals.
const (
	RefusedUnknown    Refusal = "unknown_mission" // the store has no such mission, and does not adopt it
	RefusedUnsealed   Refusal = "unsealed_order"  // nor can it be adopted: what is told of its order does not bear our seal
	RefusedTerminal   Refusal = "terminal"        // the mission has ended
	RefusedHeld       Refusal = "held"            // another execution has it
	RefusedAttempt    Refusal = "stale_attempt"   // the order is of an older attempt
	RefusedAhead      Refusal = "attempt_ahead"   // the order is of an attempt that the store does not know yet
	RefusedScheduled  Refusal = "scheduled"       // its time has not come
	RefusedSuperseded Refusal = "superseded"      // the execution is not the current one any more
	RefusedTicket     Refusal = "forged_ticket"   // the ticket's MAC is wrong
	RefusedSession    Refusal = "wrong_session"   // the ticket is another session's
)

// next returns rec as the start of a change made at now.
func next(rec store.Record, now contracts.Time) store.Record {
	rec.Mission.UpdatedAt = now
	return rec
}

// line returns a history line that describes rec after a change.
func line(rec store.Record, cause contracts.Cause, madeAt, now contracts.Time, message string) contracts.HistoryLine {
	return contracts.HistoryLine{
		MadeAt: madeAt, RecordedAt: now, Status: rec.Mission.Status, Cause: cause, Attempt: rec.Mission.Attempt,
		Run: rec.Mission.Run, SoldierID: rec.Mission.SoldierID, Message: message,
	}
}

// change returns the change from old to rec.
func change(old, rec store.Record, lines ...contracts.HistoryLine) *store.Change {
	return &store.Change{Record: rec, IfVersion: old.Mission.Version, History: lines}
}

// queue makes rec QUEUED again with a due entry that its commander holds for a while: it publishes at once.
func queue(rec *store.Record, c *store.Change, now contracts.Time) {
	rec.Mission.Status = contracts.StatusQueued
	release(rec)
	c.Due, c.DueAt = store.DueSet, heldUntil(now)
}

// release ends the current execution.
func release(rec *store.Record) { rec.Execution, rec.Session = "", "" }

// heldUntil is when an entry written now may be taken by others.
func heldUntil(now contracts.Time) contracts.Time {
	return contracts.At(now.Add(contracts.DispatchHold))
}

// refuse returns a Decision that records a refused update in the history, as long as there is room for such lines.
func refuse(rec store.Record, u contracts.Update, by Speaker, why Refusal, now contracts.Time) Decision {
	d := Decision{Refused: why}
	if rec.Mission.Version == 0 || rec.Refusals >= contracts.MaxRefusedLines {
		return d
	}
	noted := rec
	noted.Refusals++
	run := rec.Mission.Run
	if u.Ticket != nil {
		run = u.Ticket.Run
	}
	d.Change = change(rec, noted, contracts.HistoryLine{
		MadeAt: u.MadeAt, RecordedAt: now, Status: contracts.Status(u.Status), Cause: contracts.Cause(why),
		Attempt: u.Attempt, Run: run, SoldierID: by.SoldierID, Message: refusalText[why], Refused: true,
	})
	return d
}

// refusalText says each refusal in words.
var refusalText = map[Refusal]string{ //nolint:gochecknoglobals // a table, never written
	RefusedTerminal:   "the mission has ended",
	RefusedHeld:       "another execution carries the mission out",
	RefusedAttempt:    "the order belongs to an earlier attempt",
	RefusedAhead:      "the order belongs to an attempt that is not stored",
	RefusedScheduled:  "the mission waits for its time",
	RefusedSuperseded: "the execution is not the current one any more",
	RefusedTicket:     "the ticket was not written by a commander",
	RefusedSession:    "the ticket belongs to another session",
}

// Speaker is who sent an update, as its token says.
type Speaker struct{ Session, SoldierID string }
