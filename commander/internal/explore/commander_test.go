package explore

import (
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/reap"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// commander makes the steps of a commander.
func (w *world) commander(k int) {
	c := &w.from.Commanders[k]
	switch {
	case c.Up == 0:
		w.step(own, func() {
			w.s.Commanders[k].Up = 1
			w.say("commander %d starts", k)
		})
		return
	case c.Linked == 0:
		w.step(own, func() {
			for j := range w.commanders {
				if j == k || w.kinds&away != 0 {
					w.s.Commanders[j].Linked = 1
				}
			}
			w.say("commander %d has the store again", k)
		})
	case w.may(link):
		w.step(fault, func() {
			w.s.Commanders[k].unlink()
			w.say("commander %d loses the store", k)
		})
	}
	if w.may(com) {
		w.step(fault, func() {
			w.s.Commanders[k] = commander{Linked: c.Linked}
			w.unmark(k)
			w.say("commander %d is killed", k)
		})
	}
	w.intake(k)
	w.dispatcher(k)
	if c.Linked != 0 {
		w.reaper(k)
	}
}

// breaks: something that deaths need was away.
func (c *commander) breaks() { c.Age, c.Suspect.Broken, c.Burying.Broken = 0, 1, 1; c.drop() }

// drop forgets that something broke where nothing waits for it.
func (c *commander) drop() {
	for _, n := range []*note{&c.Suspect, &c.Burying} {
		if n.Sess == 0 {
			*n = note{}
		}
	}
}

func (c *commander) unlink() {
	c.Linked = 0
	c.breaks()
}

// unmark forgets the marker of a commander.
func (w *world) unmark(k int) {
	for i := range w.s.Queue {
		w.s.Queue[i].Marks &^= 1 << k
	}
}

// intake settles messages.
func (w *world) intake(k int) {
	linked := w.from.Commanders[k].Linked != 0
	if !linked && !w.flaws.grantAway {
		return
	}
	for i, m := range w.from.Queue {
		if m.Kind == 0 || i > 0 && w.from.Queue[i-1] == m {
			continue
		}
		if !linked {
			if m.Kind == claim {
				w.step(own, func() { w.grantFromMemory(k, i) })
			}
			continue
		}
		w.step(own, func() { w.settle(k, i) })
		if w.may(nack) {
			w.step(fault, func() {
				w.settle(k, i)
				w.s.Queue[i] = m
				w.say("not acked")
			})
		}
		if w.may(rival) && m.Kind != renew {
			w.rivals(k, func() { w.settle(k, i) }, i)
		}
	}
}

// rivals makes steps of commander k within which another commander makes one, between a load and its commit.
func (w *world) rivals(k int, outer func(), but int) {
	other := (k + 1) % w.commanders
	if w.from.Commanders[other].Up == 0 || w.from.Commanders[other].Linked == 0 {
		return
	}
	var inner []func()
	for j, m := range w.from.Queue {
		if m.Kind != 0 && j != but {
			inner = append(inner, func() { w.settle(other, j) })
		}
	}
	for i := range w.missions {
		if m := &w.from.Now.Missions[i]; m.Due != 0 && w.from.Commanders[other].Order.Phase == 0 {
			inner = append(inner, func() { w.take(other, i) })
		}
		if w.from.Cancels < w.cancels {
			inner = append(inner, func() { w.cancelled(i) })
		}
		if w.from.Retries < w.retries {
			inner = append(inner, func() { w.retried(i) })
		}
	}
	if n := w.from.Commanders[other].Burying; n.Sess != 0 && !w.marked(other) {
		inner = append(inner, func() { w.bury(other) })
	}
	for _, do := range inner {
		w.step(fault, func() {
			w.rival = func() {
				w.say("(commander %d has loaded)", k)
				do()
				w.say("(commander %d commits)", k)
			}
			outer()
			w.void = w.void || w.rival != nil // it came to no commit
			w.rival = nil
		})
	}
}

// grantFromMemory is a flaw: the twin is believed, and nothing is written.
func (w *world) grantFromMemory(k, i int) {
	m := w.s.Queue[i]
	w.s.Queue[i] = message{}
	d := w.config.rules.decide(w.ledger.record(int(m.Mission)), w.item(m), store.Epoch{}, mission.Keys{Ticket: ticketKey}, now)
	w.s.send(m.Inbox, w.answer(d.Answer))
	w.say("commander %d, without the store, answers %s from memory: %s", k, m, d.Answer.Type)
}

// settle settles a message, as the intake and mission.Service.Apply do.
func (w *world) settle(k, i int) {
	m := w.s.Queue[i]
	w.s.Queue[i] = message{}
	if m.Kind == renew {
		p := &w.s.Posts[m.By]
		p.Reply = w.extend(m.By, p.Renewal)
		p.Answered = 0
		if p.Renewal.Inbox == m.By+1 && p.Asked != 0 {
			p.Answered = 1
		}
		w.say("commander %d settles the renewal of soldier %d over the broker: %s", k, m.By, p.Reply)
		return
	}
	for {
		d := w.config.rules.decide(w.ledger.record(int(m.Mission)), w.item(m), store.Epoch{}, mission.Keys{Ticket: ticketKey}, now)
		if d.Suspect != "" {
			w.look(k, number(d.Suspect))
		}
		outcome := w.commit(k, d)
		if outcome == store.Conflict {
			w.happened("update conflict")
			continue
		}
		if outcome == store.SessionDead {
			d.Answer = mission.SessionDead(w.item(m).Update)
		}
		w.s.send(m.Inbox, w.answer(d.Answer))
		w.happened("answer " + string(d.Answer.Type))
		if d.Refused != "" {
			w.happened("refused " + string(d.Refused))
		}
		w.say("commander %d settles %s: %s %s, the mission is %s", k, m, d.Answer.Type, d.Refused, w.s.Now.Missions[m.Mission])
		return
	}
}

// commit applies a decision's change and publishes the order that it asks for.
func (w *world) commit(k int, d mission.Decision) store.Code {
	if rival := w.rival; rival != nil && d.Change != nil {
		w.rival = nil
		rival()
	}
	if d.Change == nil {
		return store.Applied
	}
	outcomes, err := w.ledger.Commit(w.ctx, *d.Change)
	if err != nil || outcomes == nil {
		panic(err)
	}
	if o := outcomes[0]; o.Code == store.Applied && d.Dispatch == mission.DispatchNow {
		w.order(k, d.Change.Record, o.Dispatch)
	}
	return outcomes[0].Code
}

// order puts an order on its way. Where there is no room it is left to the due entry.
func (w *world) order(k int, rec store.Record, dispatched int64) {
	if o := &w.s.Commanders[k].Order; o.Phase == 0 {
		*o = dispatch{
			Mission: number(rec.Mission.MissionID) + 1, Attempt: uint8(rec.Mission.Attempt), Number: uint8(dispatched), Phase: toPublish,
		}
	}
}

// item returns a message's update as the intake reads it.
func (w *world) item(m message) mission.Item {
	u := contracts.Update{
		MissionID: missionIDs[m.Mission], Attempt: int(m.Attempt), Execution: execs[m.Exec], MadeAt: now, Redelivered: m.Redelivered != 0,
	}
	if m.Kind == claim {
		u.Status = contracts.UpdateInProgress
	} else {
		u.Status = ends[m.End]
		t := contracts.Ticket{
			MissionID: u.MissionID, Attempt: u.Attempt, Run: int64(m.Run), Execution: u.Execution, Session: sessionIDs[m.Sess],
		}
		signed, known := w.tickets[t]
		if !known {
			signed = t.Sign(ticketKey)
			w.tickets[t] = signed
		}
		u.Ticket = &signed
	}
	return mission.Item{Update: u, By: mission.Speaker{Session: sessionIDs[m.Sess], SoldierID: soldierIDs[m.By]}}
}

var ends = []contracts.UpdateStatus{
	endCompleted: contracts.UpdateCompleted, endFailed: contracts.UpdateFailed, endReleased: contracts.UpdateReleased,
}

// answer returns an answer as a state has it.
func (w *world) answer(a contracts.Answer) answer {
	got := answer{Exec: number(a.Execution)}
	if a.MissionID != "" {
		got.Mission = number(a.MissionID)
	}
	switch a.Type {
	case contracts.AnswerGranted:
		t := a.Ticket
		got.Kind, got.Attempt, got.Run, got.Sess = granted, uint8(t.Attempt), uint8(t.Run), number(t.Session)
		if t.Cancel {
			got.Cancel = 1
		}
	case contracts.AnswerRefused:
		got.Kind = refused
	case contracts.AnswerSessionDead:
		got.Kind = sessionDead
	case contracts.AnswerRecorded:
		got.Kind = recorded
	case contracts.AnswerStop:
		got.Kind = stop
	default:
		panic("no such answer: " + a.Type)
	}
	return got
}

// extend answers a soldier's renewal.
func (w *world) extend(by uint8, r renewal) reply {
	said := contracts.Renewal{Session: sessionIDs[r.Sess], SoldierID: soldierIDs[by], Slots: 1, Seq: int64(r.Seq)}
	if r.Inbox != 0 {
		said.Inbox = inboxes[r.Inbox]
	}
	if w.flaws.unnumbered {
		said.Seq = 0
	}
	if r.Claim != 0 {
		said.Claims = []contracts.ExecutionRef{{Execution: execs[r.Claim]}}
	}
	if r.Running.Exec != 0 {
		said.Running = []contracts.ExecutionRef{r.Running.contract()}
	}
	for _, k := range r.Kept {
		if k.Exec != 0 {
			said.Unrecorded = append(said.Unrecorded, k.contract())
		}
	}
	got, err := w.config.rules.extend(w.ctx, &w.ledger, said)
	if err != nil {
		panic(err)
	}
	var out reply
	if got.Lease {
		out.Lease = 1
	}
	if got.Dead {
		out.Dead = 1
	}
	for _, s := range got.Stop {
		out.Stop = number(s.Execution)
		if s.Reason == contracts.StopSuperseded {
			out.Superseded = 1
		}
	}
	for i, e := range got.Recorded {
		out.Recorded[i] = number(e)
	}
	if len(got.Unlisted) > 0 {
		t := got.Unlisted[0]
		out.Unlisted, out.Attempt = ref{number(t.MissionID) + 1, uint8(t.Run), number(t.Execution)}, uint8(t.Attempt)
	}
	return out
}

func (r ref) contract() contracts.ExecutionRef {
	return contracts.ExecutionRef{MissionID: missionIDs[r.Mission-1], Run: int64(r.Run), Execution: execs[r.Exec]}
}

// dispatcher publishes orders and takes due entries.
func (w *world) dispatcher(k int) {
	c := &w.from.Commanders[k]
	switch o := c.Order; o.Phase {
	case 0:
		for i := range w.missions {
			m := &w.from.Now.Missions[i]
			if m.Due == 0 || c.Linked == 0 {
				continue
			}
			under := own
			for j := range w.commanders {
				if d := &w.from.Commanders[j].Order; int(d.Mission) == i+1 && d.Number == m.Due {
					under = fault
				}
			}
			if under == own || w.may(dup) {
				w.step(under, func() { w.take(k, i) })
			}
		}
	case toPublish:
		w.step(own, func() {
			w.s.addOrder(o.Mission-1, o.Attempt, 0)
			w.s.Commanders[k].Order.Phase = toConfirm
			w.say("commander %d publishes the order of mission %d, attempt %d", k, o.Mission-1, o.Attempt)
		})
	case toConfirm:
		w.step(own, func() {
			w.ledger.away = c.Linked == 0
			_ = w.ledger.ClearDue(w.ctx, store.Due{MissionID: missionIDs[o.Mission-1], Dispatch: int64(o.Number)})
			w.s.Commanders[k].Order = dispatch{}
			w.say("commander %d has its order's confirm: mission %d is %s", k, o.Mission-1, w.s.Now.Missions[o.Mission-1])
		})
		if w.may(confirm) {
			w.step(fault, func() {
				w.s.Commanders[k].Order.Phase = toPublish
				w.say("an order's confirm to commander %d is lost", k)
			})
		}
	}
}

// dispatchLost dispatches again what has neither an order nor a due entry.
func (w *world) dispatchLost() {
	for i := range w.missions {
		if m := &w.from.Now.Missions[i]; m.Status == queued && m.Due == 0 && !w.from.ordered(i, m.Attempt) && w.linked(w.from) >= 0 {
			w.step(own, func() {
				w.ledger.take(i)
				w.say("the order of mission %d counts as lost: it is due again", i)
			})
		}
	}
}

// addOrder puts an order into the queue. More copies than two do nothing that two don't.
func (s *state) addOrder(i, attempt, redelivered uint8) {
	if n := &s.Orders[i][attempt][redelivered]; *n < maxCopies {
		*n++
	}
}

// take takes a due entry, as the dispatcher's loop does.
func (w *world) take(k, i int) {
	e := w.ledger.take(i)
	rec := w.ledger.record(i)
	action, d := w.config.rules.come(rec, now)
	switch action {
	case mission.DueClear:
		w.happened("due clear")
		_ = w.ledger.ClearDue(w.ctx, e)
	case mission.DuePublish:
		w.happened("due publish")
		w.order(k, rec, e.Dispatch)
	case mission.DueQueue:
		w.happened("due queue")
		w.commit(k, d)
	case mission.DueLater:
	}
	w.say("commander %d takes the due entry of mission %d: it is %s", k, i, w.s.Now.Missions[i])
}

// marked tells whether a message is left that was there before a commander's marker.
func (w *world) marked(k int) bool {
	for _, m := range w.from.Queue {
		if m.Marks&(1<<k) != 0 {
			return true
		}
	}
	return false
}

// lasted is how long some ticks are, graced how long where they count a suspect's grace.
func (w *world) lasted(ticks uint8) time.Duration {
	return contracts.LeaseDuration * time.Duration(ticks) / time.Duration(w.lease)
}

func (w *world) graced(ticks uint8) time.Duration {
	return contracts.SuspectGrace * time.Duration(ticks) / time.Duration(w.grace)
}

// reaper buries sessions.
func (w *world) reaper(k int) {
	c := &w.from.Commanders[k]
	if n := c.Burying; n.Sess != 0 {
		marked := w.marked(k)
		if !marked {
			w.step(own, func() { w.bury(k) })
		} else if w.may(overtake) {
			w.step(fault, func() {
				w.bury(k)
				w.say("another commander still holds what was there before the marker")
			})
		}
		return
	}
	for x := uint8(1); x <= maxSessions; x++ {
		if l := &w.from.Now.Sessions[x]; l.State == live && l.Age >= w.lease && w.config.rules.expirable(w.lasted(c.Age)) {
			w.step(own, func() {
				w.mark(k, note{Sess: x, Renewed: l.Renewed})
				w.say("commander %d finds the lease of session %d over and sends a marker", k, x)
			})
		}
	}
	if n := c.Suspect; n.Sess != 0 && w.graced(n.Age) >= contracts.SuspectGrace {
		w.step(own, func() {
			was := w.noted(n)
			got, err := w.ledger.Session(w.ctx, was.ID)
			unbroken := w.graced(n.Age)
			if n.Broken != 0 {
				unbroken = 0
			}
			to := &w.s.Commanders[k].Suspect
			switch w.config.rules.judge(was, got, err, w.graced(n.Age), unbroken) {
			case reap.Cleared:
				w.happened("suspect cleared")
				*to = note{}
				w.say("commander %d clears session %d of suspicion", k, n.Sess)
			case reap.Unheard:
				w.happened("suspect unheard")
				to.Age, to.Broken = 0, 0
				w.say("commander %d gives the suspect session %d another time", k, n.Sess)
			case reap.Guilty:
				w.happened("suspect guilty")
				*to = note{}
				w.mark(k, note{Sess: n.Sess, Renewed: n.Renewed})
				w.say("commander %d finds the suspect session %d silent and sends a marker", k, n.Sess)
			}
		})
	}
}

// noted returns a session as a note has it.
func (w *world) noted(n note) store.Session {
	return store.Session{ID: sessionIDs[n.Sess], RenewedAt: contracts.FromMillis(now.Millis() + int64(n.Renewed))}
}

// mark begins a burial: its marker is behind all that the queue has.
func (w *world) mark(k int, n note) {
	w.s.Commanders[k].Burying = n
	if w.flaws.noMarker {
		return
	}
	for i := range w.s.Queue {
		if m := &w.s.Queue[i]; m.Kind != 0 {
			m.Marks |= 1 << k
		}
	}
}

// bury ends a burial: the marker is back.
func (w *world) bury(k int) {
	n := w.s.Commanders[k].Burying
	w.s.Commanders[k].Burying = note{}
	w.unmark(k)
	if waited := w.lasted(1); !w.config.rules.sound(waited*time.Duration(1-n.Broken), waited) {
		w.happened("marker unsound")
		w.say("commander %d has its marker back, but something was away: session %d is not buried", k, n.Sess)
		return
	}
	w.burial = true
	changes, outcomes, err := reap.Bury(w.ctx, &w.ledger, w.noted(n), func(recs []store.Record) []store.Change {
		changes := make([]store.Change, len(recs))
		for i, rec := range recs {
			changes[i] = *w.config.rules.lose(rec, now).Change
		}
		return changes
	})
	w.burial = false
	if err != nil {
		w.happened("burial refused")
		w.say("commander %d has its marker back: %v", k, err)
		return
	}
	w.happened("burial")
	for i, c := range changes {
		w.happened("lost and " + string(c.Record.Mission.Status))
		if c.Record.Mission.Status == contracts.StatusQueued {
			w.order(k, c.Record, outcomes[i].Dispatch)
		}
	}
	w.say("commander %d has its marker back and buries session %d with %d missions", k, n.Sess, len(changes))
}

// look checks the inbox of a session whose mission's order was delivered again.
func (w *world) look(k int, x uint8) {
	c, l := &w.s.Commanders[k], w.s.Now.Sessions[x]
	there := l.Inbox != 0 && l.Inbox != inboxGone && !w.flaws.ignoreInbox
	if w.suspicion && c.Suspect.Sess == 0 && l.State == live && !there {
		c.Suspect = note{Sess: x, Renewed: l.Renewed}
		w.say("commander %d suspects session %d", k, x)
	}
}

// users cancel and retry.
func (w *world) users() {
	if w.linked(w.from) < 0 {
		return
	}
	for i := range w.missions {
		if w.from.Cancels < w.cancels {
			w.step(user, func() { w.cancelled(i) })
		}
		if w.from.Retries < w.retries {
			w.step(user, func() { w.retried(i) })
		}
	}
}

// cancelled cancels a mission and tells its soldier.
func (w *world) cancelled(i int) {
	for {
		rec := w.ledger.record(i)
		d, err := w.config.rules.cancel(rec, now)
		if err != nil {
			w.void = true
			return
		}
		if w.commit(w.linked(&w.s), d) == store.Conflict {
			continue
		}
		w.s.Cancels++
		if d.Answer.Type != "" {
			w.s.send(w.s.Now.Sessions[number(rec.Session)].Inbox, w.answer(d.Answer))
		}
		w.say("mission %d is cancelled: it is %s", i, w.s.Now.Missions[i])
		return
	}
}

// retried has an operator retry a mission.
func (w *world) retried(i int) {
	for {
		d, err := w.config.rules.retry(w.ledger.record(i), now)
		if err != nil || d.Change.Record.Mission.Attempt > maxAttempts {
			w.void = true
			return
		}
		if w.commit(w.linked(&w.s), d) == store.Conflict {
			continue
		}
		w.s.Retries++
		w.say("an operator retries mission %d: it is %s", i, w.s.Now.Missions[i])
		return
	}
}
