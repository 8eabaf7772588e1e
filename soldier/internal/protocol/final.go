package protocol

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// final is the outcome of one execution, kept until a commander says that it is recorded.
type final struct {
	execution string
	letter    *letter
	// work still has the slot and perhaps the order; nil once the broker has confirmed the final.
	work      *work
	confirmed bool
	forgotten bool      // no longer kept
	resendAt  time.Time // confirmed, on its way no more
}

func (f *final) left() bool { return f.forgotten }

// report sends the outcome of the work's execution.
func (m *Machine) report(now time.Time, w *work, e End) {
	w.claim.void = true
	w.state = reporting
	if w.inside {
		w.state = abandoned
	}
	m.open--
	t := w.ticket
	f := &final{execution: w.execution, work: w}
	told := &w.mission
	if e.Status == contracts.UpdateCompleted {
		brief := told.Brief() // nobody will need its payload any more
		told = &brief
	}
	f.letter = m.newLetter(now, letterFinal, w, contracts.Update{
		Status: e.Status, MissionID: t.MissionID, Attempt: t.Attempt, Execution: t.Execution, Ticket: t, Mission: told,
		Seal: w.seal, Result: e.Result, Error: e.Error, NoRetry: e.NoRetry, RetryAfter: e.RetryAfter.Milliseconds(),
	})
	f.letter.final = f
	w.final = f
	m.kept.add(f)
	m.byKept[f.execution] = f
	var code string
	if e.Error != nil {
		code = e.Error.Code
	}
	m.note(NoteEnded, w, string(e.Status)+suffix(code))
	m.send(f.letter)
}

func suffix(code string) string {
	if code == "" {
		return ""
	}
	return " " + code
}

// confirm: the broker has the final. The order is acked and the slot is free, unless the handler is still inside.
func (m *Machine) confirm(now time.Time, f *final) {
	f.confirmed = true
	f.resendAt = now.Add(contracts.FinalRepeat)
	m.due(f.resendAt)
	w := f.work
	if w == nil {
		return
	}
	f.work = nil
	m.ack(now, w)
	if !w.inside {
		m.vacate(w)
	}
}

// unlisted: the session holds a grant that the renewal did not name. Where nothing is known of it here, it goes back as
// if it had never been given: a late copy of a claim was granted after an earlier one had been refused, and nobody works
// on it. This needs no keeping: if the word is lost, the next renewal's reply names the grant again.
func (m *Machine) unlisted(now time.Time, t *contracts.Ticket) {
	if m.byExec[t.Execution] != nil || m.byKept[t.Execution] != nil || t.Session != m.lease.session {
		return
	}
	m.do(Note{What: NoteUnlisted, MissionID: t.MissionID, Execution: t.Execution, Run: t.Run, Attempt: t.Attempt})
	m.send(m.newLetter(now, letterHandBack, nil, contracts.Update{
		Status: contracts.UpdateReleased, MissionID: t.MissionID, Attempt: t.Attempt, Execution: t.Execution, Ticket: t,
	}))
}

// recorded: the final needs no more sending.
func (m *Machine) recorded(now time.Time, execution string) {
	if f := m.byKept[execution]; f != nil {
		m.confirm(now, f)
		m.forget(f)
	}
}

// forget drops a kept final.
func (m *Machine) forget(f *final) {
	f.letter.void = true
	if m.byKept[f.execution] == f {
		delete(m.byKept, f.execution)
		f.forgotten = true
		m.kept.leave()
	}
}

// tickFinal repeats a confirmed final in time. It and claims are repeated under a young lease alone: while no commander
// can renew leases none takes from status_queue either, and copies would only pile up there.
func (m *Machine) tickFinal(now time.Time, f *final) {
	switch {
	case f.resendAt.IsZero(): // on its way
	case now.Before(f.resendAt):
		m.due(f.resendAt)
	case m.lease.young(now):
		f.resendAt = time.Time{}
		m.send(f.letter)
	}
}
