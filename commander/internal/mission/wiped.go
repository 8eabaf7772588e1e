package mission

import (
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// The rules for missions that the store does not know, because it was wiped: docs/adr/0019.

const (
	// adoptionSlack is how far the clock of a store's new server may be behind the one on which the mission was created.
	adoptionSlack = time.Minute
	// runGap is by how much the run of a mission that is adopted from its order goes on: the order tells the run as it was
	// when it was sent, and there may have been grants since. A run never goes back.
	runGap = 1000
	// maxRun is more than any mission has runs, and leaves room in what a double can tell.
	maxRun = 1 << 52
	// maxErrorCode is how much of an error's code is kept.
	maxErrorCode = 64
)

// Adoptable tells whether a mission that the store does not know may have gone with what was there before the epoch: it is
// older than the epoch, and the epoch is young. Later such a mission is a stale copy of one that is past and forgotten.
func Adoptable(e store.Epoch, missionID string, now contracts.Time) bool {
	created, ok := contracts.MissionCreated(missionID)
	return ok && !e.Began.IsZero() && created.Before(e.Began.Add(adoptionSlack)) && now.Before(e.Began.Add(contracts.AdoptionPeriod))
}

// Adopt decides about an update of an unknown mission that is Adoptable in the epoch. A ticket, where there is one, is
// verified, and the speaker's. sealKey is the orders': only what bears its seal is adopted.
//
//	claim, without its mission        show it
//	a mission that no order had       set aside for a person
//	running, with its ticket          adopted as it runs
//	final, with its ticket            adopted and ended
//	claim, while holders may speak up no answer: it is repeated
//	claim of a fresh order            adopted and granted, or held back (Item.Hold)
//	claim of a redelivered order      set aside for a person
//	no handler for a fresh order      adopted, ordered again later
//
// An order that was delivered before may have been carried out, and its result have gone with the store. A fresh one may be
// a second copy, of a mission that runs.
func Adopt(e store.Epoch, u contracts.Update, by Speaker, hold string, sealKey []byte, jitter float64, now contracts.Time) Decision {
	claim := u.Status == contracts.UpdateInProgress
	rec, ok := restored(u.Mission, now)
	switch {
	case u.Mission == nil && claim:
		return Decision{Answer: contracts.Answer{Type: contracts.AnswerShow, MissionID: u.MissionID, Execution: u.Execution}}
	case !ok:
		return refuseUnknown(u)
	case !sealFits(u, sealKey):
		return refuseUnadopted(u, RefusedUnsealed)
	}
	rec.Mission.Payload = strictjson.Plain(rec.Mission.Payload) // see seal.go
	switch {
	case len(rec.Mission.Payload) > contracts.MaxPayloadSize:
		return refuseUnknown(u)
	case u.Ticket != nil:
		return adoptGranted(e, rec, u, by, jitter, now)
	case claim && early(e, now):
		return Decision{}
	case u.Redelivered:
		return refuseUnknown(u)
	}
	if !early(e, now) {
		rec.Mission.Run += runGap
	}
	first := adopted(rec, u, now, "from an order that was not delivered before")
	var d Decision
	switch {
	case overdue(rec.Mission, now):
		d = fail(rec, now, "its deadline_at passed while it waited")
		if claim {
			d.Answer = refusal(u, RefusedTerminal)
		}
	case claim && hold != "":
		d = held(rec, u, hold, now)
	case claim:
		d = grant(rec, u, by, now)
	default:
		d = NoHandler(rec, u, by, now)
		d.postpone(e, now)
	}
	return first.before(d, now)
}

// allShown is when every execution whose session lives has been shown: it was renewed in the epoch by then.
func allShown(e store.Epoch) contracts.Time {
	return contracts.At(e.Began.Add(contracts.LeaseDuration))
}

// early tells whether some living execution may not have been shown yet.
func early(e store.Epoch, now contracts.Time) bool {
	return !e.Began.IsZero() && now.Before(allShown(e).Time)
}

// mayRun tells whether a mission that was adopted QUEUED may be in the hands of somebody who has not said so yet. Its version
// tells that it was adopted. It is not to be granted now.
func mayRun(rec store.Record, e store.Epoch, now contracts.Time) bool {
	m := rec.Mission
	return m.Status == contracts.StatusQueued && early(e, now) && m.Version >= e.Began.Add(-adoptionSlack).UnixMilli()
}

// postpone lets a mission that is adopted and waits be ordered only once all executions were shown.
func (d *Decision) postpone(e store.Epoch, now contracts.Time) {
	c, at := d.Change, allShown(e)
	if !early(e, now) || c == nil || c.Due != store.DueSet {
		return
	}
	d.Dispatch = NoDispatch
	if c.DueAt.Before(at.Time) {
		c.DueAt = at
	}
	if m := &c.Record.Mission; m.Status == contracts.StatusScheduled {
		m.RunAt = c.DueAt
	}
}

// adoptGranted makes a mission anew whose grant is shown, as it runs or as it ended. Where that did not end the mission, a
// newer execution may run.
func adoptGranted(e store.Epoch, rec store.Record, u contracts.Update, by Speaker, jitter float64, now contracts.Time) Decision {
	first := adopted(rec, u, now, "from an execution's ticket")
	r, lost := regrant(rec, u, by, now)
	if u.Status == contracts.UpdateInProgress {
		c := change(rec, r, lost...)
		c.IfSession = by.Session
		return first.before(Decision{Change: c}, now)
	}
	d := end(r, u, by, lost, jitter, now)
	d.Answer = recorded(u)
	d.postpone(e, now)
	return first.before(d, now)
}

// adoption is the first line of a mission that was made anew.
type adoption contracts.HistoryLine

func adopted(rec store.Record, u contracts.Update, now contracts.Time, how string) adoption {
	return adoption(line(rec, contracts.CauseAdopted, u.MadeAt, now, "the store was wiped; made anew "+how))
}

// before makes a decision about a restored record a creation. Its version is one that the mission can't have had.
func (a adoption) before(d Decision, now contracts.Time) Decision {
	d.Change.FirstVersion = now.Millis()
	d.Change.History = append([]contracts.HistoryLine{contracts.HistoryLine(a)}, d.Change.History...)
	return d
}

// restored returns the record of a mission as its order told it, QUEUED. It fails where that is no mission that could have
// been accepted.
func restored(m *contracts.Mission, now contracts.Time) (store.Record, bool) {
	if m == nil {
		return store.Record{}, false
	}
	r := contracts.MissionRequest{
		Name: m.Name, Kind: m.Kind, Payload: m.Payload, Priority: m.Priority, Squad: m.Squad, Labels: m.Labels, ConcurrencyKey: m.ConcurrencyKey,
		MaxAttempts:    min(m.MaxAttempts, contracts.MaxAttempts), // retries may bring it past its limit
		TimeoutSeconds: m.TimeoutSeconds, Retry: m.Retry.Request(), UniqueKey: m.UniqueKey,
	}
	r.Normalize()
	created, ok := contracts.MissionCreated(m.MissionID)
	switch {
	case !ok, r.Validate(now.Time) != nil, m.Attempt < 1, m.Attempt > max(m.MaxAttempts, 1), m.Run < 0, m.Run >= maxRun, m.Losses < 0,
		m.Losses >= contracts.MaxLosses:
		return store.Record{}, false
	}
	return store.Record{Mission: contracts.Mission{
		MissionID: m.MissionID, Name: r.Name, Kind: r.Kind, Payload: r.Payload, Priority: r.Priority, Squad: r.Squad,
		Labels: r.Labels, ConcurrencyKey: r.ConcurrencyKey, Status: contracts.StatusQueued, Attempt: m.Attempt, Run: m.Run, Losses: m.Losses,
		MaxAttempts:    min(max(m.MaxAttempts, 1), max(contracts.MaxAttempts, m.Attempt)),
		TimeoutSeconds: r.TimeoutSeconds, Retry: r.Retry.Retry(), Error: bounded(m.Error), UniqueKey: r.UniqueKey, DeadlineAt: m.DeadlineAt,
		CreatedAt: contracts.At(created), UpdatedAt: now,
	}}, true
}

// bounded returns an error within its limits.
func bounded(e *contracts.MissionError) *contracts.MissionError {
	if e == nil {
		return nil
	}
	return &contracts.MissionError{Code: cut(e.Code, maxErrorCode), Message: cut(e.Message, contracts.MaxErrorSize)}
}

// cut shortens s to at most n bytes, between two characters.
func cut(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "") }

// refuseUnknown has an update of a mission that nobody knows set aside for a person.
func refuseUnknown(u contracts.Update) Decision { return refuseUnadopted(u, RefusedUnknown) }

func refuseUnadopted(u contracts.Update, why Refusal) Decision {
	d := Decision{Refused: why}
	switch {
	case u.Status.Final():
		d.Answer = recorded(u)
	case u.Status == contracts.UpdateInProgress:
		d.Answer = refusal(u, why)
	}
	return d
}
