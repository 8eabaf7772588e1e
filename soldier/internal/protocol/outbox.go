package protocol

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

type letterKind int

const (
	letterClaim letterKind = iota
	letterNoHandler
	letterFinal
	letterHandBack // of a grant that nothing here knows; sent once
	letterShow     // of a running execution that the commander does not know; sent once
)

// once tells whether the letter is sent once: what was lost is asked for again.
func (l *letter) once() bool { return l.kind == letterHandBack || l.kind == letterShow }

// letter is one update on its way to status_queue. It is sent as often as asked for until it is void.
type letter struct {
	kind   letterKind
	work   *work  // of a claim or NO_HANDLER
	final  *final // of a final
	update contracts.Update
	madeAt time.Time

	queued   bool // in the outbox
	inFlight bool // in a pack
	again    bool // asked for once more while in flight
	void     bool // not wanted any more
}

// maxPackBytes keeps a pack well below 1 MiB with its token and the JSON around the updates.
const maxPackBytes = 768 << 10

func (m *Machine) newLetter(now time.Time, k letterKind, w *work, u contracts.Update) *letter {
	return &letter{kind: k, work: w, update: u, madeAt: now}
}

// send puts the letter into the outbox, once.
func (m *Machine) send(l *letter) {
	switch {
	case l.void || l.queued:
	case l.inFlight:
		l.again = true
	default:
		l.queued = true
		m.outbox = append(m.outbox, l)
		m.do(Send{})
	}
}

// size bounds the letter's JSON from above.
func (l *letter) size() int {
	n := 1024 + len(l.update.Result)
	if e := l.update.Error; e != nil {
		n += 6 * (len(e.Code) + len(e.Message)) // all of it escaped as \u00XX
	}
	if t := l.update.Mission; t != nil {
		n += 1024 + len(t.Payload) + 6*(len(t.Name)+len(t.UniqueKey))
		for k, v := range t.Labels {
			n += 6*(len(k)+len(v)) + 8
		}
		if t.Error != nil {
			n += 6 * (len(t.Error.Code) + len(t.Error.Message))
		}
	}
	return n
}

// Pack is some of the outbox, taken to be published. PackDone must follow.
type Pack struct {
	// Session is whose token the pack needs.
	Session string
	Inbox   string
	// Updates are the taker's, but for what they point at. They lack MadeAt: what happened at these moments.
	Updates []contracts.Update
	MadeAt  []time.Time
	letters []*letter
}

// TakePack takes what waits to be sent, in order, as much as one pack may hold. False: there is nothing to send now.
// Without a session nothing is; without an inbox no claim is, as nothing could answer it.
func (m *Machine) TakePack() (Pack, bool) {
	p := Pack{Session: m.lease.session, Inbox: m.inbox}
	if p.Session == "" {
		return Pack{}, false
	}
	most := min(len(m.outbox), contracts.MaxPackedUpdates)
	p.letters, p.Updates, p.MadeAt = make([]*letter, 0, most), make([]contracts.Update, 0, most), make([]time.Time, 0, most)
	bytes := 0
	rest := m.outbox[:0]
	for i, l := range m.outbox {
		if l.void {
			l.queued = false
			continue
		}
		if l.kind == letterClaim && m.inbox == "" {
			rest = append(rest, l)
			continue
		}
		n := l.size()
		if len(p.letters) > 0 && (len(p.letters) == contracts.MaxPackedUpdates || bytes+n > maxPackBytes) {
			rest = append(rest, m.outbox[i:]...)
			break
		}
		bytes += n
		l.queued, l.inFlight, l.again = false, true, false
		p.letters = append(p.letters, l)
		p.Updates = append(p.Updates, l.update)
		p.MadeAt = append(p.MadeAt, l.madeAt)
	}
	clear(m.outbox[len(rest):])
	m.outbox = rest
	return p, len(p.letters) > 0
}

// Unsent is how many updates wait to be sent, at most: some may not be wanted any more.
func (m *Machine) Unsent() int { return len(m.outbox) }

// PackDone: the pack was published and confirmed, or failed with err: then it is unknown whether the broker has it, and
// its letters are back in the outbox.
func (m *Machine) PackDone(now time.Time, p Pack, err error) {
	for _, l := range p.letters {
		l.inFlight = false
		switch {
		case l.void, l.once():
		case err != nil || l.again:
			m.send(l)
			if err == nil {
				m.delivered(now, l)
			}
		default:
			m.delivered(now, l)
		}
	}
	m.advance(now)
}

// delivered: the broker has confirmed the letter.
func (m *Machine) delivered(now time.Time, l *letter) {
	switch l.kind {
	case letterClaim:
		if !l.queued {
			l.work.repeatAt = now.Add(contracts.ClaimRepeat)
			m.due(l.work.repeatAt)
		}
	case letterNoHandler:
		if w := l.work; !w.gone {
			m.ack(now, w)
			m.drop(w)
		}
	case letterFinal:
		m.confirm(now, l.final)
		if l.queued {
			l.final.resendAt = time.Time{} // on its way once more
		}
	}
}
