package protocol

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Orders wait in a line for each priority. A free slot goes to the highest line in which one waits, but a line that was passed
// over seven times has the next one: so of eight slots one goes to the lower ones, however many higher orders there are.
//
// Which orders wait is more than what is here. When the order of a slot has been acked, the broker sends the next one of
// its queue, which is on its way for a moment: a slot is kept for it that long, where such orders came promptly before.
//
// What waits behind higher orders is held back from soldiers that are free. So a line in which an order waits for too long is
// given less: first a few messages, then none but for its turn. It has all again as soon as a slot is free that nobody wants.
const (
	// turnAfter is how often a line is passed over.
	turnAfter = 7
	// linePatience is how long an order may wait behind those of higher lines.
	linePatience = 5 * time.Second
	// arrival is how long the next order of a queue is on its way, once one of before has been acked or the subscription
	// stands; subscribing is how long that takes at most, for all that is known.
	arrival     = 50 * time.Millisecond
	subscribing = 100 * time.Millisecond
)

// lines are in the order of priority, the highest first.
const lines = 3

func lineOf(p contracts.Priority) int {
	switch p {
	case contracts.PriorityHigh:
		return 0
	case contracts.PriorityLow:
		return 2
	default:
		return 1
	}
}

// line is what is known of the orders of one priority, of all squads.
type line struct {
	waiting []*work // not yet claimed, in the order of delivery
	// passed is how many claims of higher lines there were since its own last one, turnAfter at most.
	passed int
	given  allowance

	// coming messages are on their way until comingUntil. That counts while they are prompt: the last one came in time.
	coming      int
	comingUntil time.Time
	prompt      bool

	packSize     int       // orders in the message that came last
	crowdedUntil time.Time // until then the ration counts orders
}

// allowance is how many messages of a line the soldier takes.
type allowance int

const (
	all  allowance = iota // as many as there are slots
	few                   // an eighth
	none                  // none but for its turn, which is a few
)

// turn tells whether the next slot is the line's.
func (l *line) turn() bool { return l.passed >= turnAfter }

// expect notes that another message is on its way, in the place of one that was acked. Only a message that comes makes the wait
// for the next ones longer.
func (l *line) expect(now time.Time) {
	if l.lapse(now); l.coming == 0 {
		l.comingUntil = now.Add(arrival)
	}
	l.coming++
}

// came notes that a message came.
func (l *line) came(now time.Time) {
	if l.lapse(now); l.coming > 0 {
		l.coming, l.comingUntil, l.prompt = l.coming-1, now.Add(arrival), true
	}
}

// lapse gives up what should have come.
func (l *line) lapse(now time.Time) {
	if l.coming > 0 && !now.Before(l.comingUntil) {
		l.coming, l.prompt = 0, false
	}
}

// expected is for how many messages slots are kept.
func (l *line) expected(now time.Time) int {
	if l.lapse(now); l.prompt {
		return l.coming
	}
	return 0
}

// OrdersAsked: a queue of the priority is about to be subscribed to, with this prefetch. Where several are at once, those of
// lower priorities may be the first to come.
func (m *Machine) OrdersAsked(now time.Time, p contracts.Priority, prefetch int) {
	l := &m.lines[lineOf(p)]
	l.coming, l.comingUntil, l.prompt = prefetch, now.Add(subscribing), true
}

// OrdersComing: the subscription stands, and what is in the queue comes at once.
func (m *Machine) OrdersComing(now time.Time, p contracts.Priority, prefetch int) {
	l := &m.lines[lineOf(p)]
	l.coming, l.comingUntil, l.prompt = prefetch, now.Add(arrival), true
	m.wakeForComing(now)
}

func (m *Machine) lineOf(w *work) *line { return &m.lines[lineOf(w.mission.Priority)] }

// next takes the order out of its line that gets the next slot; nil where none does now.
func (m *Machine) next(now time.Time) *work {
	kept := 0
	for i := range m.lines {
		switch l := &m.lines[i]; {
		case l.turn() && len(l.waiting) > 0:
			return m.leave(i)
		case l.turn():
			kept = max(kept, min(l.expected(now), 1))
		}
	}
	for i := range m.lines {
		l := &m.lines[i]
		if len(l.waiting) > 0 {
			if m.cfg.Slots-m.taken > kept {
				return m.leave(i)
			}
			m.wakeForComing(now)
			return nil
		}
		kept += l.expected(now)
	}
	return nil
}

// wakeForComing makes sure that those who wait for what does not come wait no longer.
func (m *Machine) wakeForComing(now time.Time) {
	for i := range m.lines {
		if l := &m.lines[i]; l.expected(now) > 0 {
			m.due(l.comingUntil)
		}
	}
}

// leave takes the first order out of a line, and counts whom it passes.
func (m *Machine) leave(i int) *work {
	l := &m.lines[i]
	w := l.waiting[0]
	l.waiting[0] = nil
	l.waiting = l.waiting[1:]
	w.passed, l.passed = l.passed, 0
	for j := i + 1; j < lines; j++ {
		m.lines[j].passed = min(m.lines[j].passed+1, turnAfter)
	}
	return w
}

// anyWaits tells whether an order waits in any line.
func (m *Machine) anyWaits() bool {
	for i := range m.lines {
		if len(m.lines[i].waiting) > 0 {
			return true
		}
	}
	return false
}

// widen gives all lines all that they may have, once a slot is free that nobody wants.
func (m *Machine) widen(now time.Time) {
	narrow, wanted := false, 0
	for i := range m.lines {
		if len(m.lines[i].waiting) > 0 {
			return
		}
		narrow = narrow || m.lines[i].given != all
		wanted += m.lines[i].expected(now)
	}
	switch {
	case !narrow || m.taken >= m.cfg.Slots:
	case m.taken+wanted >= m.cfg.Slots:
		m.wakeForComing(now)
	default:
		for i := range m.lines {
			m.lines[i].given = all
		}
	}
}

// ration is what is left of a ration for the line.
func (l *line) ration(now time.Time, ration int) int {
	if ration > 0 && now.Before(l.crowdedUntil) && l.packSize > 1 {
		ration = max(ration/l.packSize, 1)
	}
	switch {
	case l.given == few, l.given == none && l.turn():
		return min(ration, max(ration/(turnAfter+1), 1))
	case l.given == none:
		return 0
	}
	return ration
}
