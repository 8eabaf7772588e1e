package explore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/reap"
	"github.com/mission-control-dev/mission-control/commander/internal/session"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// faults are what may go wrong in a world.
type faults uint32

// The faults.
const (
	crash    faults = 1 << iota // a soldier is killed; it starts again
	pause                       // a soldier stands still for any time
	cut                         // a soldier can't reach the commanders over HTTP for any time
	conn                        // a soldier's connection breaks, also between publish, confirm and ack
	com                         // a commander is killed; it starts again
	link                        // one commander loses the store for a while
	away                        // all commanders lose the store for a while
	tail                        // the store restarts without its last write
	rabbit                      // the broker restarts: connections break, queues stay
	nack                        // a message is settled and not acked: it comes again
	ans                         // an answer is lost
	repeat                      // a claim is repeated while it, or its answer, is under way
	slow                        // a renewal hangs on its way, or its reply
	deaf                        // the reply to a renewal is lost
	confirm                     // an order's confirm is lost: it is published again
	dup                         // a due entry is taken while its order is under way
	rival                       // another commander's step comes between a load and its commit
	overtake                    // a marker comes back while another commander still holds a message from before it
)

// rules are the code that is explored.
type rules struct {
	decide    func(rec store.Record, it mission.Item, e store.Epoch, keys mission.Keys, now contracts.Time) mission.Decision
	lose      func(rec store.Record, now contracts.Time) mission.Decision
	cancel    func(rec store.Record, now contracts.Time) (mission.Decision, error)
	retry     func(rec store.Record, now contracts.Time) (mission.Decision, error)
	come      func(rec store.Record, now contracts.Time) (mission.DueAction, mission.Decision)
	extend    func(ctx context.Context, s session.Store, r contracts.Renewal) (contracts.RenewalReply, error)
	expirable func(unbroken time.Duration) bool
	judge     func(was, now store.Session, err error, waited, unbroken time.Duration) reap.Verdict
	sound     func(unbroken, waited time.Duration) bool
}

// theRules are the commander's.
func theRules() rules {
	return rules{
		decide: mission.Decide, lose: mission.Lose, cancel: mission.Cancel, retry: mission.Retry, come: mission.Come,
		extend: func(ctx context.Context, s session.Store, r contracts.Renewal) (contracts.RenewalReply, error) {
			return session.New(session.Config{Store: s, TicketKey: ticketKey}).Extend(ctx, r)
		},
		expirable: reap.Expirable, judge: reap.Judge, sound: reap.Sound,
	}
}

// flaws are mistakes of the loops around the rules, of the store and of soldiers, for the tests of the explorer.
type flaws struct {
	blindCommit  bool // a commit does not ask for the version
	anyConfirm   bool // a confirm clears the due entry, whoever's it is
	noMarker     bool // a burial waits for no marker
	grantAway    bool // a commander without the store grants from memory
	anyReply     bool // a soldier takes a reply without lease for a renewal
	ackAtClaim   bool // a soldier acks the order when it claims
	ackAtReport  bool // a soldier acks the order before the final is confirmed
	noRepeat     bool // a claim is said once
	ignoreInbox  bool // a session is suspect whether its inbox is there or not
	keepUnlisted bool // a soldier does not hand back what it does not know
	unnumbered   bool // renewals have no number
}

// config is a world to explore.
type config struct {
	name                 string
	missions, commanders int
	maxAttempts          uint8
	// renew, lease and grace are in ticks; the hold-off is as long as the lease.
	renew, lease, grace uint8
	suspicion, long     bool // long: missions run longer than 60 s, so that their orders are acked early
	// lostOrders: what is QUEUED without a due entry and an order is dispatched again in the end. The rule for that is not
	// explored; a store that loses its last write needs it.
	lostOrders               bool
	ends                     []uint8
	faults                   uint8 // how many at most, of these kinds:
	kinds                    faults
	cancels, retries, drains uint8
	rules                    rules
	flaws                    flaws
	prepare                  func(s *state) // changes the first state; nil: nothing
	max                      int            // states
	big                      bool           // too large for the race detector
	want                     string         // the promise that is broken, empty where none is
}

// kind says whose a step is.
type kind uint8

// The kinds.
const (
	own   kind = iota // the protocol's own
	fault             // something goes wrong
	user              // a person asks for something
)

var ticketKey = []byte("0123456789abcdef0123456789abcdef")

// world makes the successors of a state, one after the other.
type world struct {
	*config
	ctx    context.Context
	from   *state // the state
	s      state  // the successor
	ledger ledger
	kind   kind
	void   bool // the step can't be made
	time   bool // the step writes nothing into the store, though it changes
	burial bool // the change is part of one
	rival  func()
	emit   func(w *world)

	tracing bool
	said    string
	events  map[string]int // how often what happened
	tickets map[contracts.Ticket]contracts.Ticket
}

func newWorld(c *config) *world {
	w := &world{config: c, ctx: context.Background(), tickets: map[contracts.Ticket]contracts.Ticket{}, events: map[string]int{}}
	w.ledger.applied = w.applied
	w.ledger.blind, w.ledger.careless = c.flaws.blindCommit, c.flaws.anyConfirm
	return w
}

// happened counts what a test wants to see happen at all.
func (w *world) happened(what string) { w.events[what]++ }

// begin returns the first state: the missions were just accepted.
func (w *world) begin() state {
	var s state
	for i := range w.missions {
		s.Now.Missions[i] = record{Status: queued, Attempt: 1, MaxAttempts: w.maxAttempts, Due: 1}
	}
	s.Now.Dispatches = 1
	for i := range s.Soldiers {
		n := uint8(i + 1)
		s.Now.Sessions[n] = lease{State: live, Owner: uint8(i), Renewed: 1, Inbox: n, Seq: 1}
		s.Soldiers[i] = soldier{Alive: 1, Connected: 1, Sess: n, Seq: 1}
	}
	for k := range w.commanders {
		s.Commanders[k] = commander{Up: 1, Linked: 1, Age: w.lease}
	}
	s.Commanders[0].Order = dispatch{Mission: 1, Attempt: 1, Number: 1, Phase: toPublish}
	if w.missions > 1 {
		s.Now.Missions[1].Due, s.Now.Dispatches = 2, 2
	}
	if w.prepare != nil {
		w.prepare(&s)
	}
	s.Was = s.Now
	w.tidy(&s)
	return s
}

// may tells whether a fault of the kind is left.
func (w *world) may(k faults) bool { return w.kinds&k != 0 && w.from.Faults < w.faults }

// say tells what the step is.
func (w *world) say(format string, args ...any) {
	if w.tracing {
		if w.said != "" {
			w.said += "; "
		}
		w.said += fmt.Sprintf(format, args...)
	}
}

// step makes a successor.
func (w *world) step(k kind, do func()) {
	w.s, w.kind, w.void, w.time, w.said = *w.from, k, false, false, ""
	w.ledger.reset(&w.s.Now)
	do()
	if w.void {
		return
	}
	if k == fault {
		w.s.Faults++
	}
	w.check()
	w.tidy(&w.s)
	if w.s != *w.from {
		w.emit(w)
	}
}

// tidy gives the state its normal form.
func (w *world) tidy(s *state) {
	for i := range s.Posts {
		under := s.Posts[i].Answered != 0
		for _, m := range s.Queue {
			under = under || m.Kind == renew && int(m.By) == i
		}
		if !under {
			s.Posts[i] = post{}
		}
	}
	remembers := w.kinds&tail != 0 && s.Faults < w.faults
	switch {
	case !remembers:
		s.Was = redis{}
	case w.from != nil && s.Now != w.from.Now && !w.time && s.Was == w.from.Was:
		s.Was = w.from.Now
	}
	s.normal(w.kinds&tail != 0)
}

// breaks notes a broken promise, the first one of a step.
func (w *world) breaks(promise uint8) {
	if w.s.Broken == 0 {
		w.s.Broken = promise
	}
}

// The promises, as doc.go lists them.
const (
	s1 = 1 + iota
	s2
	s3
	s3b
	s4
	s5
	s6
)

var promises = []string{
	s1: "S1", s2: "S2", s3: "S3", s3b: "S3b", s4: "S4", s5: "S5", s6: "S6",
}

// applied checks a change that the store has taken.
func (w *world) applied(i int, before record, c store.Change) {
	after := &w.s.Now.Missions[i]
	retried, released := caused(c, contracts.CauseOperatorRetry), caused(c, contracts.CauseReleased)
	if before.terminal() && !retried && *after != before {
		w.breaks(s1)
	}
	if after.Recorded != before.Recorded && !released {
		bit := uint8(1) << before.Attempt
		if before.Results&bit != 0 {
			w.breaks(s1)
		}
		after.Results |= bit
	}
	switch {
	case after.Exec == before.Exec:
		return
	case after.Exec != 0:
		if after.Run <= w.s.TopRun[i] && w.s.TailLost == 0 {
			w.breaks(s4)
		}
		w.s.TopRun[i] = max(w.s.TopRun[i], after.Run)
	}
	if before.Exec == 0 {
		return
	}
	if w.s.TailLost == 0 {
		for k := range w.s.Soldiers {
			o := &w.s.Soldiers[k]
			works := o.Work.Exec == before.Exec && (o.Work.State == ready || o.Work.State == running)
			if o.Alive != 0 && o.Interrupted == 0 && (works || w.burial && o.keeps(before.Exec) != nil) {
				w.breaks(s3)
			}
		}
	}
	if w.burial && slices.ContainsFunc(w.s.Queue[:], func(m message) bool {
		return m.Kind == final && m.Exec == before.Exec && m.Clean != 0 && m.End != endReleased
	}) {
		w.breaks(s3b)
	}
}

func caused(c store.Change, cause contracts.Cause) bool {
	return slices.ContainsFunc(c.History, func(l contracts.HistoryLine) bool { return !l.Refused && l.Cause == cause })
}

// check checks what must hold of any state.
func (w *world) check() {
	s := &w.s
	for i := range w.missions {
		n, interrupted := 0, false
		for k := range s.Soldiers {
			if o := &s.Soldiers[k]; o.Work.State == running && int(o.Work.Mission) == i {
				n++
				interrupted = interrupted || o.Interrupted != 0
			}
		}
		if n > 1 && !interrupted && s.TailLost == 0 {
			w.breaks(s2)
		}
		m := &s.Now.Missions[i]
		switch m.Status {
		case queued:
			if m.Due == 0 && !w.lostOrders && !s.ordered(i, m.Attempt) {
				w.breaks(s5)
			}
		case scheduled:
			if m.Due == 0 {
				w.breaks(s5)
			}
		case inProgress:
			if s.Now.Sessions[m.Sess].State != live {
				w.breaks(s5)
			}
		}
	}
}

// ordered tells whether an order of the attempt is at the broker, with a soldier, or about to be published.
func (s *state) ordered(i int, attempt uint8) bool {
	if s.Orders[i][attempt] != [2]uint8{} {
		return true
	}
	for k := range s.Soldiers {
		if x := &s.Soldiers[k].Work; x.Held != 0 && int(x.Mission) == i && x.Attempt == attempt {
			return true
		}
	}
	for k := range s.Commanders {
		if d := &s.Commanders[k].Order; int(d.Mission) == i+1 && d.Attempt == attempt && d.Phase == toPublish {
			return true
		}
	}
	return false
}

// over tells whether all has ended and nothing is under way, so that only faults could happen.
func (w *world) over(s *state) bool {
	for i := range w.missions {
		if m := &s.Now.Missions[i]; !m.terminal() || s.Retries < w.retries && m.Status != completed {
			return false
		}
	}
	for i := range s.Soldiers {
		if s.Soldiers[i].Work.State != idle || s.Soldiers[i].Kept[0].Mission != 0 {
			return false
		}
	}
	return s.Queue[0].Kind == 0
}

// ended tells whether all missions have ended.
func (w *world) ended(s *state) bool {
	for i := range w.missions {
		if !s.Now.Missions[i].terminal() {
			return false
		}
	}
	return true
}

// successors makes all of them.
func (w *world) successors(from *state, emit func(w *world)) {
	w.from, w.emit = from, emit
	w.tick()
	for k := range w.commanders {
		w.commander(k)
	}
	w.users()
	if w.lostOrders {
		w.dispatchLost()
	}
	for i := range numSoldiers {
		w.soldier(i)
	}
	w.servers()
}

// tick lets time pass. Who can renew in time has done so.
func (w *world) tick() {
	for i := range w.from.Soldiers {
		o := &w.from.Soldiers[i]
		if o.Alive != 0 && o.Paused == 0 && o.Cut == 0 && w.mustRenew(o) && w.linked(w.from) >= 0 {
			return
		}
	}
	w.step(own, func() {
		w.time = true
		s := &w.s
		for _, r := range []*redis{&s.Now, &s.Was} {
			for x := range r.Sessions {
				if r.Sessions[x].State == live {
					older(&r.Sessions[x].Age, w.lease)
				}
			}
		}
		for i := range s.Soldiers {
			o := &s.Soldiers[i]
			if o.Alive == 0 {
				continue
			}
			older(&o.Age, w.lease)
			if o.Paused != 0 || o.Cut != 0 {
				o.Interrupted = 1
			}
			if s.Posts[i].Asked != 0 {
				older(&s.Posts[i].Renewal.Aged, w.lease)
			}
			w.wait(&s.Calls[i], o)
		}
		for k := range s.Commanders {
			c := &s.Commanders[k]
			if c.Up != 0 && c.Linked != 0 {
				older(&c.Age, w.lease)
			}
			if c.Suspect.Sess != 0 {
				older(&c.Suspect.Age, w.grace)
			}
		}
		w.say("time passes")
	})
}

// wait is what a tick does to a call that hangs: its soldier gives it up, unless it stands still itself.
func (w *world) wait(c *call, o *soldier) {
	switch {
	case c.Phase == 0 || c.Phase == callOrphaned:
	case o.Paused != 0:
		older(&c.Renewal.Aged, w.lease)
	case c.Phase == callSent:
		c.Phase = callOrphaned
	default:
		*c = call{}
	}
}

func older(age *uint8, most uint8) { *age = min(*age+1, most) }

// linked returns a commander that works and has the store, -1 where there is none.
func (w *world) linked(s *state) int {
	for k := range w.commanders {
		if s.Commanders[k].Up != 0 && s.Commanders[k].Linked != 0 {
			return k
		}
	}
	return -1
}

// servers are the faults of the store and of the broker.
func (w *world) servers() {
	if w.may(away) && w.linked(w.from) >= 0 {
		w.step(fault, func() {
			for k := range w.commanders {
				w.s.Commanders[k].unlink()
			}
			w.say("the store goes away")
		})
	}
	if w.may(tail) && w.from.Now != w.from.Was {
		w.step(fault, func() {
			w.s.Now, w.s.TailLost, w.time = w.s.Was, 1, true // it is no write
			for k := range w.commanders {
				w.s.Commanders[k].unlink()
				w.s.Commanders[k].Linked = 1
			}
			w.say("the store restarts without its last write")
		})
	}
	if w.may(rabbit) {
		w.step(fault, func() {
			for i := range w.s.Soldiers {
				if w.s.Soldiers[i].Alive != 0 {
					w.disconnect(i)
				}
			}
			for k := range w.commanders {
				c := &w.s.Commanders[k]
				c.breaks()
				w.unmark(k)
				c.Burying = note{}
				if c.Order.Phase == toConfirm {
					c.Order.Phase = toPublish
				}
			}
			w.say("the broker restarts")
		})
	}
}
