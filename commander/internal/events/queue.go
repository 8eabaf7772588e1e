package events

import "time"

// queue is what waits for one client, which has not been told yet. Its stream's lock guards it.
type queue interface {
	// offer adds a change, and tells whether there was room. since is where the client stands without it.
	offer(f frame, since mark, now time.Time) bool
	// due is when take has something to write; false where it has nothing until more is offered.
	due() (at time.Time, waits bool)
	// take returns what may be written now, and the id that the client got with it, empty for none. all is the id up to which everything was
	// offered. False: the client does not keep up.
	take(all string, now time.Time) (out []byte, id string, ok bool)
	// clear drops what waits.
	clear()
}

// mark is a place in the log. Ids are opaque, so numbers order them.
type mark struct {
	number int64
	id     string
}

// line is the queue of a client that is told everything. It has a length.
type line struct {
	frames []frame
	room   int
}

func (l *line) offer(f frame, _ mark, _ time.Time) bool {
	if len(l.frames) == l.room {
		return false
	}
	l.frames = append(l.frames, f)
	return true
}

func (l *line) due() (time.Time, bool) { return time.Time{}, len(l.frames) > 0 }

func (l *line) take(string, time.Time) (out []byte, id string, ok bool) {
	for _, f := range l.frames {
		out, id = append(out, f.bytes...), f.id
	}
	l.clear()
	return out, id, true
}

func (l *line) clear() { l.frames = nil }
