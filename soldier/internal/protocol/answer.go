package protocol

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Answer: a commander's answer came to the inbox. Answers to what is no longer asked, and unknown ones, change nothing.
func (m *Machine) Answer(now time.Time, a contracts.Answer) {
	w := m.byExec[a.Execution]
	asked := w != nil && (w.state == claiming || w.state == granted)
	switch a.Type {
	case contracts.AnswerGranted:
		if asked && w.state == claiming {
			w.bound(a.Left)
			m.grant(now, w, a.Ticket)
		}
	case contracts.AnswerRefused:
		if asked {
			m.note(NoteRefused, w, a.Reason)
			m.unclaim(w)
			l := m.lineOf(w)
			l.passed = max(l.passed, w.passed) // that was no turn
			m.ack(now, w)
			m.drop(w)
		}
	case contracts.AnswerSessionDead:
		if asked {
			m.lease.demand(now)
			m.lose(now, w)
			m.do(Renew{})
		}
	case contracts.AnswerShow:
		if asked && w.state == claiming {
			m.showClaim(w)
		}
	case contracts.AnswerRecorded:
		m.recorded(now, a.Execution)
	case contracts.AnswerStop:
		m.stop(now, a.Execution, contracts.StopReason(a.Reason))
	case contracts.AnswerDrain:
		m.drainAsked(now)
	case contracts.AnswerRenewed:
		m.renewedByBroker(now, a.Renewal)
	}
	m.advance(now)
}

// grant takes the ticket that answers the work's claim, and keeps it.
func (m *Machine) grant(now time.Time, w *work, t *contracts.Ticket) {
	if t == nil || t.MissionID != w.mission.MissionID || t.Attempt != w.mission.Attempt ||
		t.Execution != w.execution || t.Session != m.lease.session {
		m.note(NoteMisfit, w, "")
		return
	}
	w.claim.void = true
	w.state, w.ticket = granted, t
	m.granted = append(m.granted, w)
	w.cancelled = w.cancelled || t.Cancel
	switch {
	case w.cancelled:
		m.start(now, w)
	case m.draining:
		m.release(now, w)
	case !m.lease.young(now):
		m.note(NoteNotStarted, w, "")
	}
}

// renewedByBroker takes the answer to a renewal that went over the broker.
func (m *Machine) renewedByBroker(now time.Time, r *contracts.RenewalReply) {
	if r == nil || m.lease.session == "" || (r.Session != "" && r.Session != m.lease.session) {
		return
	}
	reply := *r
	reply.Session = m.lease.session
	sentAt := m.lease.asked[r.Seq] // zero for an unknown one: then it renews no lease
	delete(m.lease.asked, r.Seq)
	if m.Renewed(now, m.lease.session, reply, sentAt) == Dead {
		m.do(Renew{})
	}
}
