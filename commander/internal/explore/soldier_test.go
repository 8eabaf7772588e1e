package explore

// soldier makes the steps of a soldier, as docs/protocol.md tells them.
func (w *world) soldier(i int) {
	o := &w.from.Soldiers[i]
	if o.Alive == 0 {
		if w.linked(w.from) >= 0 {
			w.step(own, func() {
				w.s.Soldiers[i] = soldier{Alive: 1, Connected: 1, Age: w.lease}
				w.session(i)
				w.say("soldier %d starts as session %d", i, w.s.Soldiers[i].Sess)
			})
		}
		return
	}
	w.mishaps(i)
	w.hung(i)
	if o.Paused != 0 {
		w.step(own, func() {
			o := &w.s.Soldiers[i]
			o.Paused = 0
			if o.Connected == 0 {
				o.Must = 1
			}
			w.say("soldier %d goes on", i)
		})
		return
	}
	w.renewals(i)
	if o.Connected == 0 {
		w.step(own, func() {
			o := &w.s.Soldiers[i]
			o.Connected = 1
			w.demand(i)
			for k := range w.s.Answers {
				if w.s.Answers[k].Kind != 0 && int(w.s.Answers[k].To) == i {
					w.s.Answers[k] = answer{}
				}
			}
			w.say("soldier %d has a connection again", i)
		})
	}
	w.inbox(i)
	w.handler(i)
	if o.Connected != 0 && o.Sess != 0 {
		w.claims(i)
		w.finals(i)
	}
	if o.Draining != 0 && o.Work.State == idle && (o.Kept[0].Mission == 0 || o.Kept[0].Confirmed != 0) && (o.Kept[1].Mission == 0 || o.Kept[1].Confirmed != 0) {
		w.step(own, func() {
			w.kill(i)
			w.say("soldier %d has drained and exits", i)
		})
	}
}

// mishaps are what happens to a soldier.
func (w *world) mishaps(i int) {
	o := &w.from.Soldiers[i]
	if w.may(crash) {
		w.step(fault, func() {
			w.kill(i)
			w.say("soldier %d is killed", i)
		})
	}
	if o.Paused == 0 && w.may(pause) {
		w.step(fault, func() {
			w.s.Soldiers[i].Paused = 1
			w.say("soldier %d stands still", i)
		})
	}
	silent := o.Paused != 0 && o.Interrupted != 0 // the broker misses its heartbeats: no further fault
	if o.Connected != 0 && (silent || w.may(conn)) {
		k := fault
		if silent {
			k = own
		}
		w.step(k, func() {
			w.disconnect(i)
			w.say("soldier %d loses its connection", i)
		})
	}
	switch {
	case o.Cut != 0:
		w.step(own, func() {
			w.s.Soldiers[i].Cut = 0
			w.say("soldier %d reaches the commanders again", i)
		})
	case w.may(cut):
		w.step(fault, func() {
			w.s.Soldiers[i].Cut = 1
			w.say("soldier %d is cut off from the commanders", i)
		})
	}
}

// kill ends a process. What it sent is under way all the same.
func (w *world) kill(i int) {
	w.s.Soldiers[i].Paused = 0
	w.disconnect(i)
	w.s.Soldiers[i] = soldier{}
	w.s.Posts[i].Asked = 0
	switch c := &w.s.Calls[i]; c.Phase {
	case callSent:
		c.Phase = callOrphaned
	case callAnswered:
		*c = call{}
	}
}

// disconnect takes a soldier's connection: its order comes again, its inbox is gone. A process that stands still may have
// got answers already.
func (w *world) disconnect(i int) {
	s, o := &w.s, &w.s.Soldiers[i]
	if o.Connected == 0 {
		return
	}
	o.Connected = 0
	if x := &o.Work; x.Held != 0 {
		s.addOrder(x.Mission, x.Attempt, 1)
		x.Held = 0
		if x.State == waiting {
			*x = work{}
		}
	}
	if o.Paused == 0 {
		o.Must = 1
	}
	for k := range s.Answers {
		if a := &s.Answers[k]; a.Kind != 0 && int(a.To) == i {
			if o.Paused != 0 {
				a.Buffered = 1
			} else {
				*a = answer{}
			}
		}
	}
	s.Posts[i].Answered = 0
	mine := uint8(i + 1)
	gone := func(inbox *uint8) {
		if *inbox == mine {
			*inbox = inboxGone
		}
	}
	for x := range s.Now.Sessions {
		gone(&s.Now.Sessions[x].Inbox)
		gone(&s.Was.Sessions[x].Inbox)
	}
	for k := range s.Queue {
		gone(&s.Queue[k].Inbox)
	}
	gone(&s.Calls[i].Renewal.Inbox)
	gone(&s.Posts[i].Renewal.Inbox)
}

// demand holds claims back until a renewal that is sent from now on is answered.
func (w *world) demand(i int) {
	o := &w.s.Soldiers[i]
	o.Wanted, o.Must = 1, 1
	w.s.Calls[i].Renewal.Stale, w.s.Posts[i].Renewal.Stale = 1, 1
}

// mustRenew tells whether a renewal is due.
func (w *world) mustRenew(o *soldier) bool {
	return o.Sess == 0 || o.Age >= w.renew || o.Must != 0 || o.Connected == 0 && o.Age >= 1
}

// renewal is what a renewal says now.
func (w *world) renewal(i int) renewal {
	o := &w.s.Soldiers[i]
	o.Seq++
	r := renewal{Sess: o.Sess, Seq: o.Seq}
	if o.Connected != 0 {
		r.Inbox = uint8(i + 1)
	}
	switch x := &o.Work; x.State {
	case claiming, ready:
		r.Claim = x.Exec
	case running:
		r.Running = ref{x.Mission + 1, x.Run, x.Exec}
	}
	for k, f := range o.Kept {
		r.Kept[k] = ref{f.Mission, f.Run, f.Exec}
	}
	return r
}

// session starts a new session.
func (w *world) session(i int) {
	x := w.s.freshSession()
	if x == 0 {
		w.void = true
		return
	}
	w.s.Soldiers[i].Sess = x
	w.replied(i, w.extend(uint8(i), w.renewal(i)), 0, false)
}

// renewals are those that a soldier sends, and what becomes of them.
func (w *world) renewals(i int) {
	o := &w.from.Soldiers[i]
	if p := &w.from.Posts[i]; p.Answered != 0 && o.Connected != 0 {
		w.step(own, func() {
			p := w.s.Posts[i]
			w.s.Posts[i].Answered, w.s.Posts[i].Asked = 0, 0
			w.say("soldier %d hears of its renewal over the broker: %s", i, p.Reply)
			if p.Renewal.Sess == o.Sess && p.Asked != 0 {
				w.replied(i, p.Reply, p.Renewal.Aged, p.Renewal.Stale != 0)
			}
		})
	}
	if !w.mustRenew(o) {
		return
	}
	if o.Cut != 0 {
		w.post(i)
		return
	}
	for k := range w.commanders {
		c := &w.from.Commanders[k]
		if c.Up == 0 || c.Linked == 0 && !w.flaws.anyReply {
			continue
		}
		w.step(own, func() {
			w.hangUp(i)
			w.say("soldier %d renews", i)
			w.ledger.away = c.Linked == 0
			if w.s.Soldiers[i].Sess == 0 {
				w.session(i)
				return
			}
			w.replied(i, w.extend(uint8(i), w.renewal(i)), 0, false)
		})
		if c.Linked == 0 {
			continue
		}
		if o.Sess != 0 && w.may(deaf) {
			w.step(fault, func() {
				w.extend(uint8(i), w.renewal(i))
				w.say("soldier %d renews, and the reply is lost", i)
			})
		}
		if o.Sess != 0 && w.may(slow) && w.from.Calls[i].Phase == 0 {
			w.step(fault, func() {
				w.s.Calls[i] = call{Phase: callSent, Renewal: w.renewal(i)}
				w.say("soldier %d renews, and the call hangs on its way", i)
			})
		}
		break
	}
}

// hangUp gives up the call that hangs: there is one at a time.
func (w *world) hangUp(i int) {
	switch c := &w.s.Calls[i]; c.Phase {
	case callSent:
		c.Phase = callOrphaned
	case callAnswered:
		*c = call{}
	}
}

// hung goes on with a call that hangs.
func (w *world) hung(i int) {
	o, c := &w.from.Soldiers[i], &w.from.Calls[i]
	switch {
	case (c.Phase == callSent || c.Phase == callOrphaned) && w.linked(w.from) >= 0:
		w.step(own, func() {
			c := &w.s.Calls[i]
			c.Reply = w.extend(uint8(i), c.Renewal)
			w.say("the call of soldier %d that hung is settled: %s", i, c.Reply)
			if c.Phase == callOrphaned {
				*c = call{}
				return
			}
			c.Phase = callAnswered
		})
	case c.Phase == callAnswered && o.Paused == 0 && o.Cut == 0:
		w.step(own, func() {
			c := w.s.Calls[i]
			w.s.Calls[i] = call{}
			w.say("soldier %d has the reply to the call that hung", i)
			if c.Renewal.Sess == w.s.Soldiers[i].Sess {
				w.replied(i, c.Reply, c.Renewal.Aged, c.Renewal.Stale != 0)
			}
		})
	}
}

// post sends a renewal over the broker.
func (w *world) post(i int) {
	o := &w.from.Soldiers[i]
	if o.Connected == 0 || o.Sess == 0 || w.from.Posts[i].Asked != 0 && w.from.Posts[i].Renewal.Aged == 0 {
		return
	}
	for _, m := range w.from.Queue {
		if m.Kind == renew && int(m.By) == i {
			return // one at a time will do
		}
	}
	w.step(own, func() {
		w.s.Posts[i] = post{Asked: 1, Renewal: w.renewal(i)}
		w.publish(message{Kind: renew, By: uint8(i), Sess: o.Sess})
		w.say("soldier %d renews over the broker", i)
	})
}

// replied takes the reply to a renewal that was sent aged ticks ago.
func (w *world) replied(i int, r reply, aged uint8, stale bool) {
	o := &w.s.Soldiers[i]
	w.say("the reply is %s", r)
	w.heard(r)
	if r.Dead != 0 {
		w.die(i)
		if w.linked(&w.s) >= 0 && o.Cut == 0 {
			w.session(i)
		}
		return
	}
	if r.Lease != 0 || w.flaws.anyReply {
		o.Age = min(o.Age, aged)
		if !stale {
			o.Wanted, o.Must = 0, 0
		}
		if aged == 0 && o.Cut == 0 {
			o.Interrupted = 0
		}
	}
	if r.Stop != 0 {
		w.stopped(i, r.Stop, r.Superseded != 0)
	}
	for _, e := range r.Recorded {
		if e != 0 {
			w.forget(i, e)
		}
	}
	if u := r.Unlisted; u.Exec != 0 && !o.knows(u.Exec) && o.Connected != 0 && !w.flaws.keepUnlisted {
		w.s.publish(w.signed(i, message{Kind: final, Mission: u.Mission - 1, Attempt: r.Attempt, Run: u.Run, Exec: u.Exec, End: endReleased}))
		w.say("soldier %d hands execution %d back, which it does not know", i, u.Exec)
	}
	if o.Work.State == ready {
		w.start(i)
	}
}

// heard counts what a reply brings.
func (w *world) heard(r reply) {
	for what, is := range map[string]bool{
		"reply dead": r.Dead != 0, "reply cancelled": r.Stop != 0 && r.Superseded == 0, "reply superseded": r.Superseded != 0,
		"reply recorded": r.Recorded != [maxKept]uint8{}, "reply unlisted": r.Unlisted.Exec != 0,
	} {
		if is {
			w.happened(what)
		}
	}
}

// die: the session was declared dead. Nothing of it counts any more.
func (w *world) die(i int) {
	o := &w.s.Soldiers[i]
	o.Sess, o.Age, o.Kept = 0, w.lease, [maxKept]kept{}
	w.demand(i)
	w.lose(i)
	w.s.Posts[i].Asked = 0
	w.say("soldier %d is dead for the commanders", i)
}

// lose ends an execution that does not count any more; the order, while it is held, is claimed afresh.
func (w *world) lose(i int) {
	o := &w.s.Soldiers[i]
	x := &o.Work
	switch {
	case x.State == idle:
	case x.Held == 0:
		*x = work{}
	case o.Draining != 0:
		w.s.addOrder(x.Mission, x.Attempt, 1)
		*x = work{}
	default:
		*x = work{State: waiting, Mission: x.Mission, Attempt: x.Attempt, Redelivered: x.Redelivered, Held: 1}
	}
}

// signed is a message of a soldier.
func (w *world) signed(i int, m message) message {
	o := &w.s.Soldiers[i]
	m.By, m.Sess = uint8(i), o.Sess
	if o.Connected != 0 {
		m.Inbox = uint8(i + 1)
	}
	if m.Kind == final {
		m.Clean = 1 - o.Interrupted
	}
	return m
}

// publish publishes a message, or the step can't be made.
func (w *world) publish(m message) {
	if !w.s.publish(m) {
		w.void = true
	}
}

// inbox is what a soldier hears.
func (w *world) inbox(i int) {
	o := &w.from.Soldiers[i]
	for k, a := range w.from.Answers {
		if a.Kind == 0 || int(a.To) != i || o.Connected == 0 && a.Buffered == 0 {
			continue
		}
		if w.may(ans) {
			w.step(fault, func() {
				w.s.Answers[k] = answer{}
				w.say("an answer to soldier %d is lost: %s", i, a)
			})
		}
		w.step(own, func() {
			w.s.Answers[k] = answer{}
			w.say("soldier %d hears %s", i, a)
			w.hear(i, a)
		})
	}
}

// hear takes an answer.
func (w *world) hear(i int, a answer) {
	o := &w.s.Soldiers[i]
	x := &o.Work
	asked := x.Exec == a.Exec && (x.State == claiming || x.State == ready)
	switch {
	case a.Kind == granted && asked && x.State == claiming && a.Sess == o.Sess:
		x.State, x.Run, x.Cancelled = ready, a.Run, max(x.Cancelled, a.Cancel)
		w.start(i)
	case a.Kind == refused && asked:
		*x = work{} // the order is acked
	case a.Kind == sessionDead && asked:
		w.demand(i)
		w.lose(i)
	case a.Kind == recorded:
		w.forget(i, a.Exec)
	case a.Kind == stop:
		w.stopped(i, a.Exec, false)
	}
}

// start starts the handler, or does what is done instead.
func (w *world) start(i int) {
	o := &w.s.Soldiers[i]
	x := &o.Work
	switch {
	case x.Cancelled != 0:
		w.report(i, endFailed)
	case o.Draining != 0:
		w.report(i, endReleased)
	case o.Age >= w.lease:
		w.say("soldier %d may not start: its lease is not young", i)
	default:
		x.State = running
		if w.s.Now.Missions[x.Mission].Status == cancelled && o.Interrupted == 0 && w.s.TailLost == 0 {
			w.breaks(s6)
		}
		w.say("soldier %d starts run %d of mission %d, execution %d", i, x.Run, x.Mission, x.Exec)
	}
}

// report makes the final of an execution.
func (w *world) report(i int, end uint8) {
	o := &w.s.Soldiers[i]
	x := &o.Work
	for k := range o.Kept {
		if o.Kept[k].Mission == 0 {
			o.Kept[k] = kept{Mission: x.Mission + 1, Attempt: x.Attempt, Run: x.Run, Exec: x.Exec, End: end}
			x.State = reporting
			if w.flaws.ackAtReport {
				x.Held = 0
			}
			w.say("execution %d has ended: %s", x.Exec, ends[end])
			return
		}
	}
	panic("no room for a final")
}

// confirmed: the broker has the final. The order is acked, and the slot is free.
func (w *world) confirmed(i int, f *kept) {
	f.Confirmed = 1
	if x := &w.s.Soldiers[i].Work; x.State == reporting && x.Exec == f.Exec {
		*x = work{}
	}
}

// forget drops a final that is recorded.
func (w *world) forget(i int, exec uint8) {
	if f := w.s.Soldiers[i].keeps(exec); f != nil {
		w.confirmed(i, f)
		*f = kept{}
	}
}

// stopped ends an execution on a commander's word.
func (w *world) stopped(i int, exec uint8, superseded bool) {
	o := &w.s.Soldiers[i]
	x := &o.Work
	mine := x.State != idle && x.Exec == exec
	switch {
	case superseded && mine && x.State == claiming: // the claim's own answer decides
	case superseded && mine && x.State == reporting:
		if f := o.keeps(exec); f != nil {
			*f = kept{}
		}
		w.lose(i)
	case superseded && mine:
		w.lose(i)
	case superseded:
		if f := o.keeps(exec); f != nil {
			*f = kept{}
		}
	case mine && x.State == claiming:
		x.Cancelled = 1
	case mine && (x.State == ready || x.State == running):
		w.report(i, endFailed)
	}
}

// handler is the end of a handler, a drain, and a long run.
func (w *world) handler(i int) {
	o := &w.from.Soldiers[i]
	x := &o.Work
	if x.State == running {
		all := w.ends
		if o.Draining != 0 {
			all = append([]uint8{endReleased}, all...)
		}
		for _, end := range all {
			w.step(own, func() {
				w.say("the handler of soldier %d ends", i)
				w.report(i, end)
			})
		}
		if w.long && x.Held != 0 {
			w.step(own, func() {
				w.s.Soldiers[i].Work.Held = 0
				w.say("soldier %d has worked for 60 s and acks the order", i)
			})
		}
	}
	if o.Draining == 0 && w.from.Drains < w.drains {
		w.step(user, func() {
			o := &w.s.Soldiers[i]
			w.s.Drains++
			o.Draining = 1
			w.say("soldier %d is told to drain", i)
			switch o.Work.State {
			case waiting:
				w.lose(i)
			case ready:
				w.report(i, endReleased)
			}
		})
	}
}

// claims takes orders and claims them.
func (w *world) claims(i int) {
	o := &w.from.Soldiers[i]
	young := o.Age < w.lease
	switch {
	case o.Work.State == idle && o.Draining == 0 && young:
		for m := range w.missions {
			for att := 1; att <= maxAttempts; att++ {
				for again := range 2 {
					if w.from.Orders[m][att][again] == 0 {
						continue
					}
					w.step(own, func() {
						w.s.Orders[m][att][again]--
						w.s.Soldiers[i].Work = work{State: waiting, Mission: uint8(m), Attempt: uint8(att), Redelivered: uint8(again), Held: 1}
						w.say("soldier %d gets the order of mission %d, attempt %d, redelivered %d", i, m, att, again)
					})
				}
			}
		}
	case o.Work.State == waiting && o.Draining == 0 && young && o.Wanted == 0 && (o.Kept[0].Mission == 0 || o.Kept[1].Mission == 0):
		w.step(own, func() {
			x := &w.s.Soldiers[i].Work
			x.State, x.Exec = claiming, w.s.freshExec()
			if w.flaws.ackAtClaim {
				x.Held = 0
			}
			w.say("soldier %d claims mission %d as execution %d", i, x.Mission, x.Exec)
			w.claim(i)
		})
	case o.Work.State == claiming && young && !w.flaws.noRepeat:
		k := own
		for _, m := range w.from.Queue {
			if m.Kind == claim && m.Exec == o.Work.Exec {
				k = fault
			}
		}
		for _, a := range w.from.Answers {
			if a.Kind != 0 && a.Exec == o.Work.Exec {
				k = fault
			}
		}
		if k == own || w.may(repeat) {
			w.step(k, func() {
				w.say("soldier %d repeats its claim, execution %d", i, o.Work.Exec)
				w.claim(i)
			})
		}
	}
}

// claim publishes the claim of a work.
func (w *world) claim(i int) {
	x := &w.s.Soldiers[i].Work
	w.publish(w.signed(i, message{Kind: claim, Mission: x.Mission, Attempt: x.Attempt, Exec: x.Exec, Redelivered: x.Redelivered}))
}

// finals sends what is kept.
func (w *world) finals(i int) {
	for k, f := range w.from.Soldiers[i].Kept {
		if f.Mission == 0 || f.Confirmed != 0 && w.underWay(f) {
			continue
		}
		say := func(how string) {
			w.publish(w.signed(i, message{Kind: final, Mission: f.Mission - 1, Attempt: f.Attempt, Run: f.Run, Exec: f.Exec, End: f.End}))
			w.say("soldier %d publishes the final of execution %d: %s", i, f.Exec, how)
		}
		w.step(own, func() {
			say("confirmed, the order is acked")
			w.confirmed(i, &w.s.Soldiers[i].Kept[k])
		})
		if f.Confirmed != 0 {
			continue
		}
		if w.may(conn) {
			w.step(fault, func() {
				say("the connection breaks before the confirm")
				w.disconnect(i)
			})
			w.step(fault, func() {
				say("confirmed, the connection breaks before the ack")
				w.disconnect(i)
				w.confirmed(i, &w.s.Soldiers[i].Kept[k])
			})
		}
		if w.may(crash) {
			w.step(fault, func() {
				say("it is killed before the confirm")
				w.kill(i)
			})
		}
	}
}

// underWay tells whether a final, or the word that it is recorded, is on its way: then it is not repeated.
func (w *world) underWay(f kept) bool {
	for _, m := range w.from.Queue {
		if m.Kind == final && m.Exec == f.Exec {
			return true
		}
	}
	for _, a := range w.from.Answers {
		if a.Kind == recorded && a.Exec == f.Exec {
			return true
		}
	}
	return false
}
