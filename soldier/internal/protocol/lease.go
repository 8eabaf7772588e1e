package protocol

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// lease is what the soldier knows of its session's life.
type lease struct {
	session string
	// renewedAt is when the last renewal was sent that was answered with a lease; zero: none yet.
	renewedAt time.Time
	// tokenAt is when the last token came.
	tokenAt time.Time
	// wanted: no claims until a renewal sent at or after wantedAt has been answered with a lease.
	wanted   bool
	wantedAt time.Time
	// asked are the renewals over the broker that have no answer yet, by their Seq, with the times when they were sent.
	asked map[int64]time.Time
	seq   int64
}

// young tells whether a handler may start.
func (l *lease) young(now time.Time) bool {
	return l.session != "" && !l.renewedAt.IsZero() && now.Sub(l.renewedAt) < contracts.LeaseDuration
}

func (l *lease) mayClaim(now time.Time) bool { return !l.wanted && l.young(now) && l.heard(now) }

// heard tells whether there was a token of late. Without one a lease may be renewed over the broker, and a claim can't be
// sent: an order taken then would only be kept from others.
func (l *lease) heard(now time.Time) bool {
	return !l.tokenAt.IsZero() && now.Sub(l.tokenAt) < contracts.LeaseDuration
}

// demand holds claims back until a renewal sent from now on is answered.
func (l *lease) demand(now time.Time) { l.wanted, l.wantedAt = true, now }

// renewed notes a renewal, sent at sentAt, that was answered with a lease.
func (l *lease) renewed(sentAt time.Time) {
	if sentAt.After(l.renewedAt) {
		l.renewedAt = sentAt
	}
	if l.wanted && !sentAt.Before(l.wantedAt) {
		l.wanted = false
	}
}

// Session returns the current session; empty before the first, and after one was declared dead.
func (m *Machine) Session() string { return m.lease.session }

// LeaseYoung tells whether a handler may start now.
func (m *Machine) LeaseYoung(now time.Time) bool { return m.lease.young(now) }

// Renewal returns what a renewal says now, under the next number: should it be overtaken on its way, the commander knows
// which one is newer. The caller adds who the soldier is.
func (m *Machine) Renewal() contracts.Renewal {
	m.lease.seq++
	r := contracts.Renewal{Session: m.lease.session, Inbox: m.inbox, Seq: m.lease.seq}
	for w := range m.works.all() {
		ref := contracts.ExecutionRef{MissionID: w.mission.MissionID, Execution: w.execution}
		switch w.state {
		case claiming:
			r.Claims = append(r.Claims, ref)
		case granted:
			ref.Run = w.ticket.Run
			r.Claims = append(r.Claims, ref)
		case running, ending:
			if !w.lost {
				ref.Run = w.ticket.Run
				r.Running = append(r.Running, ref)
			}
		}
	}
	for f := range m.kept.all() {
		t := f.letter.update.Ticket
		r.Unrecorded = append(r.Unrecorded, contracts.ExecutionRef{
			MissionID: t.MissionID, Execution: t.Execution, Run: t.Run,
		})
	}
	return r
}

// RenewalSent: the renewal of this number goes over the broker. Its answer comes to the inbox.
func (m *Machine) RenewalSent(now time.Time, seq int64) {
	l := &m.lease
	for seq, at := range l.asked {
		if now.Sub(at) >= contracts.LeaseDuration {
			delete(l.asked, seq) // no lease would be young by its answer
		}
	}
	if l.asked == nil {
		l.asked = map[int64]time.Time{}
	}
	l.asked[seq] = now
}

// Verdict is what became of a reply to a renewal.
type Verdict int

// The verdicts.
const (
	// Taken: the session lives, the reply's token is its own.
	Taken Verdict = iota
	// Dead: the session was declared dead; ask anew, without session.
	Dead
	// Stale: the reply is to a session that is not the current one any more; its token is of no use.
	Stale
)

// Renewed: a renewal that was sent at sentAt, by the session asked, has been answered. A zero sentAt renews no lease.
func (m *Machine) Renewed(now time.Time, asked string, r contracts.RenewalReply, sentAt time.Time) Verdict {
	switch {
	case asked != m.lease.session:
		return Stale
	case r.Dead:
		m.die(now)
		return Dead
	case r.Session != asked:
		if asked != "" {
			m.die(now)
		}
		m.lease.session = r.Session
		m.do(Note{What: NoteNewSession, Reason: r.Session})
	}
	if r.Token != "" {
		m.lease.tokenAt = now
		m.due(now.Add(contracts.LeaseDuration))
	}
	if r.Lease && !sentAt.IsZero() {
		if !m.lease.young(now) {
			m.due(now) // repeats that waited for it
		}
		m.lease.renewed(sentAt)
		m.due(m.lease.renewedAt.Add(contracts.LeaseDuration))
	}
	if r.Drain {
		m.drainAsked(now)
	}
	for _, s := range r.Stop {
		m.stop(now, s.Execution, s.Reason)
	}
	for _, execution := range r.Recorded {
		m.recorded(now, execution)
	}
	for i := range r.Unlisted {
		m.unlisted(now, &r.Unlisted[i])
	}
	for _, execution := range r.Show {
		m.showRunning(now, execution)
	}
	m.advance(now)
	m.do(Send{}) // a new token may be what the outbox waited for
	return Taken
}

// die ends the session: nothing of it counts any more.
func (m *Machine) die(now time.Time) {
	m.do(Note{What: NoteSessionDead, Reason: m.lease.session})
	m.lease = lease{seq: m.lease.seq}
	m.lease.demand(now)
	for w := range m.works.all() {
		if w.execution != "" {
			m.lose(now, w)
		}
	}
	for f := range m.kept.all() {
		m.forget(f)
	}
	for _, l := range m.outbox {
		l.void = l.void || l.once()
	}
}

// stop ends one execution on a commander's word.
func (m *Machine) stop(now time.Time, execution string, reason contracts.StopReason) {
	w, f := m.byExec[execution], m.byKept[execution]
	switch {
	case reason == contracts.StopSuperseded && w != nil:
		// An open claim is pursued whatever a renewal says: the claim's own answer decides.
		if w.state != claiming {
			m.lose(now, w)
		}
	case reason == contracts.StopSuperseded && f != nil:
		m.forget(f)
	case reason == contracts.StopCancelled && w != nil:
		switch w.state {
		case claiming:
			w.cancelled = true
		case granted:
			w.cancelled = true
			m.start(now, w)
		case running:
			m.end(now, w, CauseCancelled)
		}
	}
}
