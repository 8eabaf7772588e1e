package protocol

import (
	"cmp"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
)

type state int

const (
	waiting   state = iota // delivered, not claimed
	returning              // unknown kind: NO_HANDLER on its way
	claiming               // claimed, no answer yet
	granted                // granted, not started: the lease is not young
	running                // the handler works
	ending                 // the handler's context has ended
	reporting              // the final is on its way
	abandoned              // reported, but the handler has not returned
)

// loan is one message on loan, and the orders in it. It is settled once: acked when all of them may be, given back as soon as
// one of them is to be.
type loan struct {
	delivery broker.Delivery // does not change
	works    []*work
	held     int // works that still hold it
}

// packed tells whether the message is a pack.
func (l *loan) packed() bool { return len(l.works) > 1 }

// work is one order on loan and what comes of it.
type work struct {
	id WorkID
	// mission is the order's. It does not change: what is told of it points here.
	mission contracts.Mission
	// seal is the order's, told with its mission.
	seal string
	// dispatchedAt is the order's, for its claims.
	dispatchedAt contracts.Time
	state        state

	// loan is what the order came in. It is held as long as it is neither settled for this order nor gone with its connection.
	loan *loan
	held bool
	// takenAt is when it came.
	takenAt time.Time
	// passed is how often its line had been passed over when it was claimed.
	passed int

	execution string            // of the current claim
	ticket    *contracts.Ticket // that answered it, nil before
	claim     *letter           // or NO_HANDLER
	final     *final

	gone      bool // no longer the machine's
	inside    bool // the handler has not returned
	lost      bool // nothing of this execution counts any more
	cancelled bool // a cancel was asked for before it started
	cause     Cause

	repeatAt  time.Time // claiming; zero while the claim is on its way
	sentAt    time.Time // claiming: when the claim was sent last
	timeoutAt time.Time // running
	giveUpAt  time.Time // ending
	ackAt     time.Time // running and held
	// deadlineAt is when the mission's deadline comes; zero where it has none.
	deadlineAt time.Time
}

func (w *work) left() bool { return w.gone }

// OrdersTaken: a message was delivered, with these orders in it.
func (m *Machine) OrdersTaken(now time.Time, orders []contracts.Order, d broker.Delivery) {
	if !m.up[d.Queue] {
		return // of a connection that is gone: it comes again
	}
	d.Body = nil // decoded; not to be kept as long as the works
	l := &loan{delivery: d, works: make([]*work, 0, len(orders)), held: len(orders)}
	for i := range orders {
		o := &orders[i]
		m.lastID++
		w := &work{
			id: m.lastID, mission: o.Mission, seal: o.Seal, dispatchedAt: o.DispatchedAt, loan: l, held: true, takenAt: now,
		}
		l.works = append(l.works, w)
		m.works.add(w)
	}
	if m.draining {
		m.giveBack(l)
		return
	}
	if len(l.works) > 0 {
		line := m.lineOf(l.works[0])
		line.came(now)
		line.packSize = len(orders)
	}
	for _, w := range l.works {
		m.receive(now, w)
	}
	m.advance(now)
	if m.anyWaits() {
		m.due(now.Add(packPatience)) // or more: a tick tells
	}
}

// receive puts an order in line, or tells it back.
func (m *Machine) receive(now time.Time, w *work) {
	if !m.cfg.Serves(w.mission.Kind) {
		w.state = returning
		w.claim = m.newLetter(now, letterNoHandler, w, contracts.Update{
			Status: contracts.UpdateNoHandler, MissionID: w.mission.MissionID, Attempt: w.mission.Attempt,
			Redelivered: w.loan.delivery.Redelivered, Mission: &w.mission, Seal: w.seal,
		})
		m.note(NoteNoHandler, w, w.mission.Kind)
		m.send(w.claim)
		return
	}
	m.await(w)
}

// await puts the work in the line for a claim.
func (m *Machine) await(w *work) {
	w.state = waiting
	l := m.lineOf(w)
	l.waiting = append(l.waiting, w)
}

// trimWaiting takes those out of the lines that wait no more.
func (m *Machine) trimWaiting() {
	for i := range m.lines {
		l := &m.lines[i]
		l.waiting = slices.DeleteFunc(l.waiting, func(w *work) bool { return w.state != waiting || w.gone })
	}
}

// claim asks for the right to carry the mission out, as a fresh execution.
func (m *Machine) claim(now time.Time, w *work) {
	w.state, w.execution = claiming, m.cfg.NewExecution()
	w.lost, w.cancelled, w.cause, w.final, w.ticket = false, false, 0, nil, nil
	w.repeatAt, w.sentAt, w.deadlineAt = time.Time{}, now, time.Time{}
	m.taken++
	m.open++
	m.byExec[w.execution] = w
	w.claim = m.newLetter(now, letterClaim, w, contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: w.mission.MissionID, Attempt: w.mission.Attempt,
		Execution: w.execution, Redelivered: w.loan.delivery.Redelivered, DispatchedAt: w.dispatchedAt,
	})
	m.send(w.claim)
}

// unclaim forgets the execution of a work that has a slot and no final, and frees the slot.
func (m *Machine) unclaim(w *work) {
	w.claim.void = true
	delete(m.byExec, w.execution)
	m.taken--
	m.open--
}

// restart puts a work whose execution is gone in line again, while the order is still held.
func (m *Machine) restart(w *work) {
	switch {
	case !w.held:
		m.drop(w)
	case m.draining:
		w.state = waiting
		m.giveBack(w.loan)
	default:
		m.await(w)
	}
}

// vacate frees the slot of a work that has had its final. The order is done with then, but where the final was lost.
func (m *Machine) vacate(w *work) {
	delete(m.byExec, w.execution)
	m.taken--
	m.restart(w)
}

// find returns the work of an id, nil if it is gone.
func (m *Machine) find(id WorkID) *work {
	i, ok := slices.BinarySearchFunc(m.works.list, id, func(w *work, id WorkID) int { return cmp.Compare(w.id, id) })
	if !ok || m.works.list[i].gone {
		return nil
	}
	return m.works.list[i]
}

// drop forgets a work without slot.
func (m *Machine) drop(w *work) {
	if w.claim != nil {
		w.claim.void = true
	}
	if !w.held {
		m.unheld--
	}
	w.gone = true
	m.works.leave()
}

// letGo: the message is no longer held for the work.
func (m *Machine) letGo(w *work) {
	w.held = false
	w.loan.held--
	m.unheld++
}

// ack is done with the order of the work. Its message is acked with the last of its orders.
func (m *Machine) ack(now time.Time, w *work) {
	if !w.held {
		return
	}
	if m.letGo(w); w.loan.held == 0 {
		m.do(Settle{Delivery: &w.loan.delivery, Outcome: broker.Acked, MissionID: w.mission.MissionID})
		m.lineOf(w).expect(now)
	}
}

// giveBack gives a message back to its queue, with all orders in it. What was claimed from it is pursued all the same, as
// after the loss of a connection: the copy of it is refused.
func (m *Machine) giveBack(l *loan) {
	if l.held > 0 {
		m.do(Settle{Delivery: &l.delivery, Outcome: broker.Requeued, MissionID: l.works[0].mission.MissionID})
	}
	m.comesAgain(l)
}

// comesAgain: the message is no longer ours, and is delivered again, here or elsewhere.
func (m *Machine) comesAgain(l *loan) {
	for _, w := range l.works {
		if !w.held {
			continue
		}
		m.letGo(w)
		if w.state == waiting || w.state == returning {
			m.drop(w)
		}
	}
}

// start calls the handler.
func (m *Machine) start(now time.Time, w *work) {
	if w.cancelled {
		m.report(now, w, End{Status: contracts.UpdateFailed, Error: &contracts.MissionError{
			Code: contracts.ErrorCodeCancelled, Message: "cancelled before the handler started",
		}})
		return
	}
	if w.overdue(now) {
		m.report(now, w, End{Status: contracts.UpdateFailed, Error: &contracts.MissionError{
			Code: contracts.ErrorCodeDeadline, Message: "the mission's deadline_at passed before the handler started",
		}})
		return
	}
	w.state, w.inside = running, true
	w.timeoutAt = now.Add(time.Duration(w.mission.TimeoutSeconds) * time.Second)
	if !w.deadlineAt.IsZero() && w.deadlineAt.Before(w.timeoutAt) {
		w.timeoutAt = w.deadlineAt
	}
	w.ackAt = now.Add(contracts.AckRunningAfter)
	m.due(w.timeoutAt)
	m.due(w.ackAt)
	m.do(Start{Work: w.id, Mission: &w.mission, Ticket: w.ticket})
}

// bound notes how many ms a grant leaves until the mission's deadline, counted from when its claim was sent last: no clock but our
// own monotonic one is asked, and the answer's way takes from the handler's time, not from the deadline. 0 is no deadline.
func (w *work) bound(left int64) {
	if left > 0 {
		w.deadlineAt = w.sentAt.Add(time.Duration(left) * time.Millisecond)
	}
}

// overdue tells whether the mission's deadline has come.
func (w *work) overdue(now time.Time) bool {
	return !w.deadlineAt.IsZero() && !now.Before(w.deadlineAt)
}

// release hands a granted mission back unstarted.
func (m *Machine) release(now time.Time, w *work) {
	m.report(now, w, End{Status: contracts.UpdateReleased})
}

// end ends the context of a running handler.
func (m *Machine) end(now time.Time, w *work, c Cause) {
	w.state, w.cause = ending, c
	w.giveUpAt = now.Add(contracts.CancelGrace)
	m.due(w.giveUpAt)
	m.do(Cancel{Work: w.id, Cause: c})
}

// lose ends an execution that is not the current one any more. Its handler, if it runs, is cancelled, and the order is
// claimed afresh once it has returned.
func (m *Machine) lose(now time.Time, w *work) {
	w.lost = true
	switch w.state {
	case claiming, granted:
		m.unclaim(w)
		m.restart(w)
	case running:
		m.end(now, w, CauseSuperseded)
	case reporting:
		m.forget(w.final)
		m.vacate(w)
	case abandoned:
		m.forget(w.final)
	}
}

// End is how a handler ended.
type End struct {
	Status contracts.UpdateStatus // COMPLETED, FAILED or RELEASED
	Result []byte
	Error  *contracts.MissionError
	// NoRetry and RetryAfter of a FAILED are what the handler says of the attempts that are left.
	NoRetry    bool
	RetryAfter time.Duration
}

// HandlerEnded: the handler of the work has returned.
func (m *Machine) HandlerEnded(now time.Time, id WorkID, e End) {
	w := m.find(id)
	if w == nil || !w.inside {
		return
	}
	w.inside = false
	switch {
	case w.state == abandoned && !w.lost && !w.final.confirmed:
		w.state = reporting
	case w.state == abandoned:
		m.vacate(w)
	case w.lost:
		m.note(NoteLost, w, "")
		m.unclaim(w)
		m.restart(w)
	default:
		m.report(now, w, e)
	}
	m.advance(now)
}

func (m *Machine) tickWork(now time.Time, w *work) {
	switch w.state {
	case claiming:
		switch {
		case w.repeatAt.IsZero(): // on its way
		case now.Before(w.repeatAt):
			m.due(w.repeatAt)
		case m.lease.young(now):
			w.repeatAt, w.sentAt = time.Time{}, now
			m.send(w.claim)
		}
	case running:
		if now.Before(w.timeoutAt) {
			m.due(w.timeoutAt)
		} else if w.overdue(now) {
			m.end(now, w, CauseDeadline)
		} else {
			m.end(now, w, CauseTimeout)
		}
	case ending:
		if now.Before(w.giveUpAt) {
			m.due(w.giveUpAt)
		} else {
			m.giveUp(now, w)
		}
	}
	if w.inside && w.held {
		if now.Before(w.ackAt) {
			m.due(w.ackAt)
		} else {
			m.ack(now, w)
		}
	}
}

// giveUp reports a mission whose handler ignores its ended context. Where there is nothing to report, or where another
// soldier would start while this handler still works (a drain), the lease has the last word.
func (m *Machine) giveUp(now time.Time, w *work) {
	e := End{Status: contracts.UpdateFailed}
	switch {
	case w.lost:
		return
	case w.cause == CauseTimeout:
		e.Error = &contracts.MissionError{
			Code: contracts.ErrorCodeTimeout, Message: "the handler ran past timeout_seconds and ignored the end of its context",
		}
	case w.cause == CauseDeadline:
		e.Error = &contracts.MissionError{
			Code: contracts.ErrorCodeDeadline, Message: "the mission's deadline_at passed, and the handler ignored the end of its context",
		}
	case w.cause == CauseCancelled:
		e.Error = &contracts.MissionError{
			Code: contracts.ErrorCodeCancelled, Message: "the handler ignored the cancellation for 10 s",
		}
	default:
		return
	}
	m.note(NoteIgnored, w, e.Error.Code)
	m.report(now, w, e)
}

func (m *Machine) note(what Notable, w *work, reason string) {
	n := Note{What: what, MissionID: w.mission.MissionID, Execution: w.execution, Attempt: w.mission.Attempt, Reason: reason}
	if w.ticket != nil {
		n.Run = w.ticket.Run
	}
	m.do(n)
}
