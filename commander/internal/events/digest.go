package events

import (
	"math"
	"strconv"
	"time"
)

const (
	// moreEvery is the time between two counts of what is left out.
	moreEvery = time.Second
	// gulp is the time between two writes to a client that is told as much as it may be: a few large ones cost both sides less.
	gulp = 200 * time.Millisecond
	// tooLong is how long a client may take nothing while it is not told of something.
	tooLong = 5 * time.Second
	// distinct is how many missions that are left out are told apart between two counts.
	distinct = 4096
)

// digest is the queue of a client that is told a bounded number of changes a second. It has the newest picture of each mission that waits, as many
// missions as may be told in a second; of further ones it counts how many they are. A mission that the client watches waits for
// nothing and takes nobody's place.
//
// What it writes has no ids: newest pictures are told in the order of the first changes, so no picture's id says what the client has by
// then. The id comes behind them, as a frame of its own: it is that of the last event before all that waits or is not counted yet.
type digest struct {
	watched map[string]bool
	urgent  pictures
	waiting pictures
	// sent are the times of the last frames, as many as may come in a second, in a ring: the one at next is the oldest.
	sent []time.Time
	next int
	// rest: until then what waits is not looked at.
	rest time.Time

	// missed are missions that were left out since told, more of them than are told apart; the first one at missedAt, when the
	// client stood at missedSince.
	missed      map[string]struct{}
	more        int
	missedAt    time.Time
	missedSince mark
	told        time.Time
}

func newDigest(perSecond int, watched map[string]bool) *digest {
	return &digest{
		watched: watched, urgent: pictures{of: map[string]waiting{}}, waiting: pictures{of: map[string]waiting{}},
		sent: make([]time.Time, perSecond), missed: map[string]struct{}{},
	}
}

func (d *digest) offer(f frame, since mark, now time.Time) bool {
	if d.watched[f.missionID] {
		d.urgent.put(f, since)
		return true
	}
	if d.waiting.renew(f) {
		return true
	}
	if len(d.waiting.order) < len(d.sent) {
		d.waiting.put(f, since)
		delete(d.missed, f.missionID) // it is told of after all
		return true
	}
	if d.left() == 0 {
		d.missedAt, d.missedSince = now, since
	}
	if _, known := d.missed[f.missionID]; known {
		return true
	}
	if len(d.missed) < distinct {
		d.missed[f.missionID] = struct{}{}
	} else {
		d.more++
	}
	return true
}

// left is how many missions were left out and not counted to the client yet.
func (d *digest) left() int { return len(d.missed) + d.more }

func (d *digest) due() (at time.Time, waits bool) {
	sooner := func(t time.Time) {
		if !waits || t.Before(at) {
			at, waits = t, true
		}
	}
	if len(d.urgent.order) > 0 {
		sooner(time.Time{})
	}
	if len(d.waiting.order) > 0 {
		free := d.sent[d.next].Add(time.Second)
		if free.Before(d.rest) {
			free = d.rest
		}
		sooner(free)
	}
	if d.left() > 0 {
		sooner(d.told.Add(moreEvery))
	}
	return at, waits
}

func (d *digest) take(all string, now time.Time) (out []byte, id string, ok bool) {
	if d.left() > 0 && now.Sub(d.missedAt) > tooLong {
		return nil, "", false
	}
	out = d.count(now)
	for len(d.urgent.order) > 0 {
		out = d.urgent.shift().appendAnonymous(out)
	}
	out = d.some(out, now)
	if len(out) == 0 {
		return nil, "", true
	}
	id = d.place(all)
	return append(out, placed(id)...), id, true
}

// count says how much was left out, where that is due.
func (d *digest) count(now time.Time) []byte {
	left := d.left()
	if left == 0 || now.Sub(d.told) < moreEvery {
		return nil
	}
	d.forget()
	d.told = now
	return moreFrame(left)
}

// some adds what waits and may be told now.
func (d *digest) some(out []byte, now time.Time) []byte {
	if now.Before(d.rest) {
		return out
	}
	before := len(out)
	for len(d.waiting.order) > 0 && d.may(now) {
		out = d.waiting.shift().appendAnonymous(out)
	}
	if len(out) > before && len(d.waiting.order) > 0 {
		d.rest = now.Add(gulp)
	}
	return out
}

// may takes one of the frames of this second, if there is one left.
func (d *digest) may(now time.Time) bool {
	if now.Sub(d.sent[d.next]) < time.Second {
		return false
	}
	d.sent[d.next] = now
	d.next = (d.next + 1) % len(d.sent)
	return true
}

// place is the id before all that the client has not been told.
func (d *digest) place(all string) string {
	before := mark{math.MaxInt64, all}
	if len(d.waiting.order) > 0 {
		before = d.waiting.first().since
	}
	if d.left() > 0 && d.missedSince.number < before.number {
		before = d.missedSince
	}
	return before.id
}

// caughtUp returns what the client is told at once of what it missed while it was away: frames, of which no more are unwatched than may come in
// a second, and how many others there are.
func (d *digest) caughtUp(frames []frame, others int, now time.Time) (out []byte) {
	if others > 0 {
		out = moreFrame(others)
		d.told = now
	}
	for _, f := range frames {
		if !d.watched[f.missionID] {
			d.may(now)
		}
		out = f.appendAnonymous(out)
	}
	return out
}

func (d *digest) clear() {
	d.urgent.clear()
	d.waiting.clear()
	d.forget()
}

func (d *digest) forget() {
	clear(d.missed)
	d.more = 0
}

func moreFrame(missions int) []byte {
	return encode("more", "", []byte(`{"missions":`+strconv.Itoa(missions)+`}`))
}

// pictures are the newest ones of some missions, in the order of their first changes.
type pictures struct {
	order []string
	of    map[string]waiting
}

type waiting struct {
	frame frame
	since mark
}

// renew puts a newer picture in the place of one that is there.
func (p *pictures) renew(f frame) bool {
	w, there := p.of[f.missionID]
	if there {
		w.frame = f
		p.of[f.missionID] = w
	}
	return there
}

func (p *pictures) put(f frame, since mark) {
	if !p.renew(f) {
		p.of[f.missionID] = waiting{f, since}
		p.order = append(p.order, f.missionID)
	}
}

func (p *pictures) first() waiting { return p.of[p.order[0]] }

// shift takes the first one out.
func (p *pictures) shift() frame {
	f := p.first().frame
	delete(p.of, f.missionID)
	p.order = p.order[1:]
	return f
}

func (p *pictures) clear() {
	p.order = nil
	clear(p.of)
}
