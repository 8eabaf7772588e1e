package protocol

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Config is what a machine needs to know of its soldier.
type Config struct {
	// Slots is how many missions run at once, at least 1.
	Slots int
	// Serves tells whether there is a handler for a kind.
	Serves func(kind string) bool
	// NewExecution makes a fresh random execution id.
	NewExecution func() string
}

// Machine is the state of one soldier process. It is not safe for concurrent use. Every method that may change it can
// leave effects, which the caller takes with Effects and carries out.
type Machine struct {
	cfg     Config
	effects []Effect
	wake    time.Time // no deadline is earlier; zero: there is none

	lease    lease
	inbox    string // of the current connection; empty without one
	draining bool
	asked    bool // to drain, by a commander

	lastID  WorkID
	works   roster[*work]    // by id
	unheld  int              // works without a delivery
	granted []*work          // and perhaps not started yet
	byExec  map[string]*work // from the claim to the end of the work
	lines   [lines]line      // of those not yet claimed
	taken   int              // slots
	open    int              // slots whose execution has no final yet
	up      map[string]bool  // queues whose subscription stands

	kept   roster[*final]    // in the order in which they were made
	byKept map[string]*final // by execution
	outbox []*letter
}

// New returns a machine without session and connection.
func New(cfg Config) *Machine {
	return &Machine{
		cfg:    cfg,
		byExec: map[string]*work{},
		up:     map[string]bool{},
		byKept: map[string]*final{},
	}
}

// Effects returns what has to be done, in order, and forgets it.
func (m *Machine) Effects() []Effect {
	out := m.effects
	m.effects = nil
	return out
}

func (m *Machine) do(e Effect) { m.effects = append(m.effects, e) }

// Wake returns when Tick is due next: at the latest then, calling it earlier is harmless. False: nothing is timed.
func (m *Machine) Wake() (time.Time, bool) { return m.wake, !m.wake.IsZero() }

// due makes sure that Tick is called by t.
func (m *Machine) due(t time.Time) {
	if m.wake.IsZero() || t.Before(m.wake) {
		m.wake = t
	}
}

// Tick does what has become due.
func (m *Machine) Tick(now time.Time) {
	m.wake = time.Time{}
	for w := range m.works.all() {
		m.tickWork(now, w)
	}
	for f := range m.kept.all() {
		m.tickFinal(now, f)
	}
	if m.lease.young(now) {
		m.due(m.lease.renewedAt.Add(contracts.LeaseDuration)) // Ration changes then
	}
	m.advance(now)
	m.tickLines(now)
}

const (
	// packPatience is how long an order of a pack may wait behind missions that take all slots. Commanders pack what is short.
	packPatience = time.Second
	// crowdedFor is for how long, after one waited longer, no more orders are taken than there are slots.
	crowdedFor = time.Minute
)

// tickLines looks after what waits for too long behind handlers in all slots: another soldier may be free. Slow answers are no
// reason: whoever takes a pack next would begin with what is refused, and get no further either.
func (m *Machine) tickLines(now time.Time) {
	busy := m.Counts().Running >= m.cfg.Slots
	for i := range m.lines {
		l := &m.lines[i]
		if now.Before(l.crowdedUntil) {
			m.due(l.crowdedUntil)
		}
		if len(l.waiting) > 0 {
			m.due(now.Add(linePatience))
		}
		switch w, at := l.overdue(); {
		case w == nil:
		case now.Before(at):
			m.due(at)
		case !busy, l.turn():
			m.due(now.Add(packPatience)) // it waits for the lease, for answers or the like, as others do; or for the next slot
		case l.passed > 0:
			if l.given < none {
				l.given++ // the subscription follows, and what waits is given back then
			}
			m.due(now.Add(w.patience()))
		default:
			l.crowdedUntil = now.Add(crowdedFor)
			m.due(l.crowdedUntil)
			m.giveBackWaiting(func(w *work) bool { return m.lineOf(w) == l })
		}
	}
}

// overdue returns the order of the line that has the least patience left, and until when; nil where all have.
func (l *line) overdue() (w *work, at time.Time) {
	for _, x := range l.waiting {
		if x.state != waiting || x.gone || !x.loan.packed() && l.passed == 0 {
			continue
		}
		if until := x.takenAt.Add(x.patience()); w == nil || until.Before(at) {
			w, at = x, until
		}
	}
	return w, at
}

// patience is how long the order may wait in line.
func (w *work) patience() time.Duration {
	if w.loan.packed() {
		return packPatience
	}
	return linePatience
}

// advance claims and starts whatever may be claimed and started now.
func (m *Machine) advance(now time.Time) {
	if len(m.granted) > 0 && m.lease.young(now) {
		for _, w := range m.granted {
			if w.state == granted && !w.gone {
				m.start(now, w)
			}
		}
		clear(m.granted)
		m.granted = m.granted[:0]
	}
	for m.anyWaits() && m.mayClaim(now) {
		w := m.next(now)
		if w == nil {
			return
		}
		m.claim(now, w)
	}
	m.widen(now)
}

// mayClaim tells whether a new execution may be claimed.
func (m *Machine) mayClaim(now time.Time) bool {
	return !m.draining && m.inbox != "" && m.lease.mayClaim(now) &&
		m.taken < m.cfg.Slots && m.kept.len()+m.open < contracts.UnrecordedPerSlot*m.cfg.Slots
}

// InboxUp: the consuming connection stands, and answers come to the inbox. Claims and kept finals are sent again.
func (m *Machine) InboxUp(now time.Time, inbox string) {
	m.inbox = inbox
	m.lease.demand(now)
	m.do(Renew{})
	for w := range m.works.all() {
		if w.state == claiming {
			m.send(w.claim)
		}
	}
	for f := range m.kept.all() {
		m.send(f.letter)
	}
}

// InboxDown: the connection is gone. The session is renewed at once: a commander that finds the inbox gone must learn
// that this soldier lives.
func (m *Machine) InboxDown() {
	m.inbox = ""
	m.do(Renew{})
}

// Inbox returns the queue that answers come to; empty without a connection.
func (m *Machine) Inbox() string { return m.inbox }

// OrdersUp: deliveries of the queue are held from now on.
func (m *Machine) OrdersUp(queue string) { m.up[queue] = true }

// OrdersDown: the queue's deliveries are no longer ours and come again, here or elsewhere. Claims made from them are
// pursued all the same.
func (m *Machine) OrdersDown(queue string) {
	m.up[queue] = false
	for w := range m.works.all() {
		if w.loan.delivery.Queue == queue {
			m.comesAgain(w.loan)
		}
	}
	m.trimWaiting()
}

// Drain takes no new orders, gives back those not yet claimed, and starts no handler any more.
func (m *Machine) Drain(now time.Time) {
	m.draining = true
	for w := range m.works.all() {
		switch w.state {
		case waiting:
			m.giveBack(w.loan)
		case granted:
			m.release(now, w)
		}
	}
	m.trimWaiting()
}

// drainAsked: a commander asks for the drain. It begins at once, so that nothing more is taken, however long the program takes to
// stop; and it ends with the process, not with the session.
func (m *Machine) drainAsked(now time.Time) {
	if m.asked {
		return
	}
	m.asked = true
	m.do(Note{What: NoteDrainAsked})
	m.Drain(now)
}

// DrainAsked tells whether a commander asked for the drain.
func (m *Machine) DrainAsked() bool { return m.asked }

// CancelAll ends the contexts of all handlers: the time for draining is over.
func (m *Machine) CancelAll(now time.Time) {
	for w := range m.works.all() {
		if w.state == running {
			m.end(now, w, CauseDraining)
		}
	}
}

// Ration is how many messages of a priority the soldier should have on loan at most: its slots, less those that no delivery
// stands behind, because the order was acked after 60 s of running or went with its connection. Orders beyond that would only
// be kept from soldiers that have a slot for them. It is 0 while nothing may be claimed for lack of lease, token or inbox, and
// less while what comes waits behind orders of higher priorities.
// What comes in packs is short, so that many messages of many orders are soon done with; where that proves wrong, they are
// counted by their orders for a while, as many to a message as came last.
func (m *Machine) Ration(now time.Time, p contracts.Priority) int {
	if m.draining || m.inbox == "" || !m.lease.young(now) || !m.lease.heard(now) {
		return 0
	}
	return m.lines[lineOf(p)].ration(now, max(m.cfg.Slots-m.unheld, 0))
}

// GiveBack gives the queue's messages back in which an order is not claimed yet.
func (m *Machine) GiveBack(queue string) {
	m.giveBackWaiting(func(w *work) bool { return w.loan.delivery.Queue == queue })
}

func (m *Machine) giveBackWaiting(which func(*work) bool) {
	for w := range m.works.all() {
		if w.state == waiting && which(w) {
			m.giveBack(w.loan)
		}
	}
	m.trimWaiting()
}

// Idle tells whether nothing is left that a drain waits for: no claim without answer, no handler whose outcome is
// open, no final without confirm.
func (m *Machine) Idle() bool {
	for w := range m.works.all() {
		if w.state != abandoned || !w.final.confirmed {
			return false
		}
	}
	return true
}

// Counts says how much of what there is.
type Counts struct {
	// Waiting orders are not claimed yet, Claiming ones without answer, Running are handlers that have not returned,
	// Kept are finals not yet recorded, Taken are slots.
	Waiting, Claiming, Running, Kept, Taken int
}

// Counts counts.
func (m *Machine) Counts() Counts {
	c := Counts{Kept: m.kept.len(), Taken: m.taken}
	for w := range m.works.all() {
		switch w.state {
		case waiting:
			c.Waiting++
		case claiming, granted:
			c.Claiming++
		}
		if w.inside {
			c.Running++
		}
	}
	return c
}
