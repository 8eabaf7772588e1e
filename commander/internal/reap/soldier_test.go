package reap_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
)

// soldier is a simulated soldier process.
type soldier struct {
	w    *world
	name string
	rare bool // it serves the rare kind, too

	paused, cut bool   // stands still; HTTP does not get through
	inbox       string // of its connection; empty without one
	session     string
	// renewedAt is when the last renewal was sent that was answered with a lease, renewAt when it renews next.
	renewedAt, renewAt time.Time
	// wanted: no claims until a renewal sent at or after wantedAt is answered.
	wanted   bool
	wantedAt time.Time
	// interrupted: it stood still or was cut off since its last renewal. Then it may be declared dead while it works.
	interrupted bool

	works []*work
	kept  []*final
	seq   int64               // of its last renewal
	asked map[int64]time.Time // renewals over the broker
}

type state string

const (
	waiting   state = "waiting"
	returning state = "returning" // NO_HANDLER is not confirmed yet
	claiming  state = "claiming"
	granted   state = "granted"
	running   state = "running"
	reporting state = "reporting" // the final is not confirmed yet
)

// work is one delivery of an order and what comes of it.
type work struct {
	mission     contracts.Mission
	redelivered bool
	held        bool // the order is on loan
	state       state
	execution   string
	ticket      contracts.Ticket
	sendAt      time.Time // claiming, returning
	startedAt   time.Time
	cancelled   bool
}

// final is kept until it is recorded.
type final struct {
	update contracts.Update
	work   *work // until the broker has confirmed it
	sendAt time.Time
}

const slots = 2

func (w *world) recruit() *soldier {
	s := &soldier{
		w: w, name: fmt.Sprintf("soldier-%d", w.made), rare: w.calm || rapid.Bool().Draw(w.t, "serves the rare kind"),
		wanted: true, asked: map[int64]time.Time{},
	}
	w.made++
	w.soldiers = append(w.soldiers, s)
	s.connect()
	return s
}

func (s *soldier) young() bool {
	return s.session != "" && !s.renewedAt.IsZero() && time.Since(s.renewedAt) < contracts.LeaseDuration
}

func (s *soldier) takes() bool {
	return !s.paused && s.inbox != "" && len(s.works) < slots && s.young()
}

func (s *soldier) demand() { s.wanted, s.wantedAt, s.renewAt = true, time.Now(), time.Now() }

// connect gives it a new connection, with a new inbox. Claims and finals are said again.
func (s *soldier) connect() {
	if s.inbox != "" || s.paused || !s.w.brokerUp {
		return
	}
	s.w.made++
	s.inbox = fmt.Sprintf("amq.gen-%d", s.w.made)
	s.w.inboxes[s.inbox] = s
	s.demand()
	for _, x := range s.works {
		x.sendAt = time.Now()
	}
	for _, f := range s.kept {
		f.sendAt = time.Now()
	}
	s.tick()
}

// disconnect takes the connection: its orders are delivered again, its inbox is gone. It renews at once.
func (s *soldier) disconnect() {
	if s.inbox == "" {
		return
	}
	delete(s.w.inboxes, s.inbox)
	s.inbox = ""
	for _, x := range slices.Clone(s.works) {
		if x.held {
			x.held = false
			s.w.orders = append(s.w.orders, copied{x.mission, true})
			if x.state == waiting || x.state == returning {
				s.drop(x)
			}
		}
	}
	s.renewAt = time.Now()
	s.tick()
}

// kill ends the process; another one takes its place.
func (s *soldier) kill() {
	s.paused = true // it says nothing any more
	s.disconnect()
	s.w.soldiers = slices.DeleteFunc(s.w.soldiers, func(x *soldier) bool { return x == s })
	s.w.recruit()
}

func (s *soldier) drop(x *work) {
	s.works = slices.DeleteFunc(s.works, func(y *work) bool { return y == x })
}

// order takes an order.
func (s *soldier) order(o copied) {
	x := &work{mission: o.mission, redelivered: o.redelivered, held: true, state: waiting}
	if o.mission.Kind == "rare" && !s.rare {
		x.state, x.sendAt = returning, time.Now()
	}
	s.works = append(s.works, x)
	s.tick()
}

// second is what a second brings. Whoever could not have renewed in it was interrupted.
func (s *soldier) second() {
	if s.paused || s.cut {
		s.interrupted = true
	}
	if s.inbox == "" && s.w.calm {
		s.connect()
	}
	s.tick()
}

// tick does what is due now.
func (s *soldier) tick() {
	if s.paused {
		return
	}
	now := time.Now()
	if !now.Before(s.renewAt) {
		s.renew()
	}
	for _, x := range slices.Clone(s.works) {
		s.step(x, now)
	}
	for _, f := range slices.Clone(s.kept) {
		if !now.Before(f.sendAt) {
			s.report(f)
		}
	}
}

func (s *soldier) step(x *work, now time.Time) {
	switch x.state {
	case waiting:
		if s.inbox != "" && s.young() && !s.wanted && len(s.kept) < contracts.UnrecordedPerSlot*slots {
			x.state, x.execution, x.cancelled = claiming, s.w.id('e'), false
			s.claim(x)
		}
	case claiming:
		if !now.Before(x.sendAt) && s.inbox != "" {
			s.claim(x)
		}
	case returning:
		taken, confirmed := s.publish(contracts.Update{
			Status: contracts.UpdateNoHandler, MissionID: x.mission.MissionID, Attempt: x.mission.Attempt,
		})
		if taken && confirmed {
			s.drop(x)
		}
	case granted:
		s.start(x)
	case running:
		if x.held && now.Sub(x.startedAt) >= contracts.AckRunningAfter {
			x.held = false
		}
	}
}

func (s *soldier) claim(x *work) {
	x.sendAt = time.Now().Add(contracts.ClaimRepeat)
	if _, confirmed := s.publish(contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: x.mission.MissionID, Attempt: x.mission.Attempt, Execution: x.execution,
		Redelivered: x.redelivered,
	}); !confirmed {
		x.sendAt = time.Now()
	}
}

// publish says one update. The broker may take it and yet not confirm it.
func (s *soldier) publish(u contracts.Update) (taken, confirmed bool) {
	if s.inbox == "" || s.session == "" || s.w.odds(10, "update is lost") {
		return false, false
	}
	u.MadeAt = contracts.At(time.Now())
	s.w.status = append(s.w.status, message{
		by: mission.Speaker{Session: s.session, SoldierID: s.name}, inbox: s.inbox, updates: []contracts.Update{u},
	})
	if s.w.odds(10, "update is taken twice") {
		s.w.status = append(s.w.status, s.w.status[len(s.w.status)-1])
	}
	return true, !s.w.odds(10, "confirm is lost")
}

// start calls the handler, while the lease is young. Nobody else may work on the mission then, unless somebody's silence
// was his own.
func (s *soldier) start(x *work) {
	if !s.young() {
		return
	}
	if x.cancelled {
		s.ends(x, contracts.UpdateFailed)
		return
	}
	for _, other := range s.w.soldiers {
		for _, y := range other.works {
			if y != x && y.state == running && y.mission.MissionID == x.mission.MissionID && !s.interrupted && !other.interrupted {
				s.w.t.Fatalf("%s starts run %d of %s while %s works on run %d, and neither was interrupted",
					s.name, x.ticket.Run, x.mission.MissionID, other.name, y.ticket.Run)
			}
		}
	}
	if s.w.load(x.mission.MissionID).Mission.Status == contracts.StatusCancelled && !s.interrupted {
		s.w.t.Fatalf("%s starts %s, which is CANCELLED", s.name, x.mission.MissionID)
	}
	x.state, x.startedAt = running, time.Now()
}

// end has a handler end, one way or another.
func (s *soldier) end() {
	for _, x := range slices.Clone(s.works) {
		if x.state != running || s.paused {
			continue
		}
		status := contracts.UpdateCompleted
		if !s.w.calm {
			status = rapid.SampledFrom([]contracts.UpdateStatus{
				contracts.UpdateCompleted, contracts.UpdateFailed, contracts.UpdateReleased, "",
			}).Draw(s.w.t, "outcome")
		}
		if status != "" {
			s.ends(x, status)
		}
	}
}

func (s *soldier) ends(x *work, status contracts.UpdateStatus) {
	x.state = reporting
	k := x.ticket
	f := &final{work: x, update: contracts.Update{
		Status: status, MissionID: k.MissionID, Attempt: k.Attempt, Execution: k.Execution, Ticket: &k,
	}}
	if status == contracts.UpdateFailed {
		f.update.Error = &contracts.MissionError{Code: contracts.ErrorCodeFailed, Message: "no"}
	}
	s.kept = append(s.kept, f)
	s.report(f)
}

// report says a final. Once that is confirmed the order is acked and the slot is free.
func (s *soldier) report(f *final) {
	rec := s.w.load(f.update.MissionID)
	taken, confirmed := s.publish(f.update)
	if taken && !s.interrupted && rec.Execution == f.update.Execution && rec.Mission.Run == f.update.Ticket.Run {
		s.w.promised[f.update.Execution] = true
	}
	if !confirmed {
		f.sendAt = time.Now().Add(time.Second)
		return
	}
	s.confirmed(f)
}

func (s *soldier) confirmed(f *final) {
	f.sendAt = time.Now().Add(contracts.FinalRepeat)
	if f.work != nil {
		s.drop(f.work)
		f.work = nil
	}
}

func (s *soldier) forget(execution string) {
	for _, f := range slices.Clone(s.kept) {
		if f.update.Execution == execution {
			s.confirmed(f)
			s.kept = slices.DeleteFunc(s.kept, func(g *final) bool { return g == f })
		}
	}
}

func (s *soldier) find(execution string, states ...state) *work {
	for _, x := range s.works {
		if x.execution == execution && execution != "" && slices.Contains(states, x.state) {
			return x
		}
	}
	return nil
}

// hear takes an answer.
func (s *soldier) hear(a contracts.Answer) {
	switch a.Type {
	case contracts.AnswerGranted:
		if x := s.find(a.Execution, claiming); x != nil && a.Ticket.Session == s.session {
			x.state, x.ticket = granted, *a.Ticket
			x.cancelled = x.cancelled || a.Ticket.Cancel
		}
	case contracts.AnswerRefused:
		if x := s.find(a.Execution, claiming, granted); x != nil {
			s.drop(x)
		}
	case contracts.AnswerSessionDead:
		if x := s.find(a.Execution, claiming, granted); x != nil {
			s.demand()
			s.lose(x)
		}
	case contracts.AnswerRecorded:
		s.forget(a.Execution)
	case contracts.AnswerStop:
		s.stop(a.Execution, contracts.StopReason(a.Reason))
	case contracts.AnswerRenewed:
		sent := s.asked[a.Renewal.Seq]
		delete(s.asked, a.Renewal.Seq)
		if a.Renewal.Session == s.session {
			s.renewed(*a.Renewal, sent)
		}
	}
	s.tick()
}

// lose ends an execution that counts no more. The order, while it is held, is claimed afresh.
func (s *soldier) lose(x *work) {
	x.execution, x.state = "", waiting
	if !x.held {
		s.drop(x)
	}
}

func (s *soldier) stop(execution string, why contracts.StopReason) {
	x := s.find(execution, granted, running)
	switch {
	case why == contracts.StopSuperseded && x != nil:
		s.lose(x)
	case why == contracts.StopSuperseded:
		s.forget(execution)
	case x != nil && x.state == running:
		s.ends(x, contracts.UpdateFailed)
	case x != nil:
		x.cancelled = true
	default:
		if x := s.find(execution, claiming); x != nil {
			x.cancelled = true
		}
	}
}

// renewal says what it claims, runs and keeps.
func (s *soldier) renewal() contracts.Renewal {
	s.seq++
	r := contracts.Renewal{
		SoldierID: s.name, Session: s.session, Squads: []string{"default"}, Kinds: []string{"common"}, Slots: slots, Inbox: s.inbox,
		Seq: s.seq,
	}
	for _, x := range s.works {
		ref := contracts.ExecutionRef{MissionID: x.mission.MissionID, Execution: x.execution, Run: x.ticket.Run}
		switch x.state {
		case claiming, granted:
			r.Claims = append(r.Claims, ref)
		case running:
			r.Running = append(r.Running, ref)
		}
	}
	for _, f := range s.kept {
		k := f.update.Ticket
		r.Unrecorded = append(r.Unrecorded, contracts.ExecutionRef{MissionID: k.MissionID, Execution: k.Execution, Run: k.Run})
	}
	return r
}

// renew renews over HTTP with any commander that works, and while that fails over the broker.
func (s *soldier) renew() {
	now := time.Now()
	s.renewAt = now.Add(contracts.RenewWhileDisconnected)
	c := s.w.anyCommander()
	if s.cut || c == nil {
		if s.inbox != "" && s.session != "" {
			s.renewAt = now.Add(contracts.RenewalMessageEvery)
			r := s.renewal()
			s.asked[r.Seq] = now
			s.w.status = append(s.w.status, message{inbox: s.inbox, renewal: &r, expires: now.Add(contracts.LeaseDuration)})
		}
		return
	}
	asked := s.session
	reply, err := c.sessions.Renew(s.w.ctx, s.renewal())
	s.w.ok(err)
	if s.w.odds(8, "reply is lost") {
		return
	}
	switch {
	case reply.Dead:
		s.die()
		return
	case asked == "":
		s.session = reply.Session
	}
	if reply.Lease && s.inbox != "" {
		s.renewAt = now.Add(contracts.RenewAfter)
	}
	s.renewed(reply, now)
}

// renewed takes the reply to a renewal sent at sent; none is known where that is zero.
func (s *soldier) renewed(r contracts.RenewalReply, sent time.Time) {
	if r.Dead {
		s.die()
		return
	}
	if r.Lease && !sent.IsZero() {
		if sent.After(s.renewedAt) {
			s.renewedAt = sent
		}
		if !sent.Before(s.wantedAt) {
			s.wanted = false
		}
		if !s.cut && sent.Equal(time.Now()) {
			s.interrupted = false
		}
	}
	for _, x := range r.Stop {
		s.stop(x.Execution, x.Reason)
	}
	for _, execution := range r.Recorded {
		s.forget(execution)
	}
	for _, k := range r.Unlisted {
		known := func(f *final) bool { return f.update.Execution == k.Execution }
		if s.find(k.Execution, claiming, granted, running, reporting) == nil && !slices.ContainsFunc(s.kept, known) {
			s.publish(contracts.Update{
				Status: contracts.UpdateReleased, MissionID: k.MissionID, Attempt: k.Attempt, Execution: k.Execution, Ticket: &k,
			})
		}
	}
}

// die: the session was declared dead. Nothing of it counts any more, and it asks for a new one.
func (s *soldier) die() {
	s.session, s.renewedAt, s.asked = "", time.Time{}, map[int64]time.Time{}
	s.demand()
	for _, x := range slices.Clone(s.works) {
		if x.execution != "" {
			s.lose(x)
		}
	}
	s.kept = nil
}
