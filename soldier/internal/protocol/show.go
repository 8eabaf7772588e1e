package protocol

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// A commander whose store was wiped makes missions anew from what soldiers have of them: the order's mission, and the ticket.

// showClaim: the claim's mission is unknown. It is sent again with the mission, and stays so.
func (m *Machine) showClaim(w *work) {
	if w.claim.update.Mission == nil {
		w.claim.update.Mission, w.claim.update.Seal = &w.mission, w.seal
		m.send(w.claim)
	}
}

// showRunning: the execution is unknown. It is shown with its ticket and its mission, once: if that is lost, the next
// renewal's reply asks again.
func (m *Machine) showRunning(now time.Time, execution string) {
	w := m.byExec[execution]
	if w == nil || w.lost || (w.state != running && w.state != ending) {
		return
	}
	t := w.ticket
	m.note(NoteShown, w, "")
	m.send(m.newLetter(now, letterShow, nil, contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: t.MissionID, Attempt: t.Attempt, Execution: t.Execution, Ticket: t,
		Mission: &w.mission, Seal: w.seal,
	}))
}
