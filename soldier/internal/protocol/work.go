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

// work is one delivery of an order and what comes of it.
type work struct {
	id WorkID
	// mission is the order's. It does not change: what is told of it points here.
	mission contracts.Mission
	// seal is the order's, told with its mission.
	seal string
	// dispatchedAt is the order's, for its claims.
	dispatchedAt contracts.Time
	state        state

	// delivery is the order on loan. It does not change. It is held as long as it is neither settled nor gone with its connection.
	delivery broker.Delivery
	held     bool

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
	timeoutAt time.Time // running
	giveUpAt  time.Time // ending
	ackAt     time.Time // running and held
}

func (w *work) left() bool { return w.gone }

// OrderTaken: an order was delivered.
func (m *Machine) OrderTaken(now time.Time, o contracts.Order, d broker.Delivery) {
	if !m.up[d.Queue] {
		return // of a connection that is gone: it comes again
	}
	d.Body = nil // decoded; not to be kept as long as the work
	m.lastID++
	w := &work{id: m.lastID, mission: o.Mission, seal: o.Seal, dispatchedAt: o.DispatchedAt, delivery: d, held: true}
	m.works.add(w)
	if m.draining {
		m.settle(w, broker.Requeued)
		m.drop(w)
		return
	}
	if !m.cfg.Serves(w.mission.Kind) {
		w.state = returning
		w.claim = m.newLetter(now, letterNoHandler, w, contracts.Update{
			Status: contracts.UpdateNoHandler, MissionID: w.mission.MissionID, Attempt: w.mission.Attempt,
			Redelivered: d.Redelivered, Mission: &w.mission, Seal: w.seal,
		})
		m.note(NoteNoHandler, w, w.mission.Kind)
		m.send(w.claim)
		return
	}
	m.await(w)
	m.advance(now)
}

// await puts the work in the line for a claim.
func (m *Machine) await(w *work) {
	w.state = waiting
	m.waiting = append(m.waiting, w)
}

func (m *Machine) trimWaiting() {
	kept := m.waiting[:0]
	for _, w := range m.waiting {
		if w.state == waiting && !w.gone {
			kept = append(kept, w)
		}
	}
	clear(m.waiting[len(kept):])
	m.waiting = kept
}

// claim asks for the right to carry the mission out, as a fresh execution.
func (m *Machine) claim(now time.Time, w *work) {
	w.state, w.execution = claiming, m.cfg.NewExecution()
	w.lost, w.cancelled, w.cause, w.final, w.ticket = false, false, 0, nil, nil
	w.repeatAt = time.Time{}
	m.taken++
	m.open++
	m.byExec[w.execution] = w
	w.claim = m.newLetter(now, letterClaim, w, contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: w.mission.MissionID, Attempt: w.mission.Attempt,
		Execution: w.execution, Redelivered: w.delivery.Redelivered, DispatchedAt: w.dispatchedAt,
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
		m.settle(w, broker.Requeued)
		m.drop(w)
	default:
		m.await(w)
	}
}

// vacate frees the slot of a work that has had its final. The order is settled then, but where the final was lost.
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

// letGo: the delivery of the work is no longer held.
func (m *Machine) letGo(w *work) {
	w.held = false
	m.unheld++
}

// settle settles the delivery of the work, if it is still held.
func (m *Machine) settle(w *work, o broker.Outcome) {
	if w.held {
		m.letGo(w)
		m.do(Settle{Delivery: &w.delivery, Outcome: o, MissionID: w.mission.MissionID})
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
	w.state, w.inside = running, true
	w.timeoutAt = now.Add(time.Duration(w.mission.TimeoutSeconds) * time.Second)
	w.ackAt = now.Add(contracts.AckRunningAfter)
	m.due(w.timeoutAt)
	m.due(w.ackAt)
	m.do(Start{Work: w.id, Mission: &w.mission, Ticket: w.ticket})
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
			w.repeatAt = time.Time{}
			m.send(w.claim)
		}
	case running:
		if now.Before(w.timeoutAt) {
			m.due(w.timeoutAt)
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
			m.settle(w, broker.Acked)
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
