package redisstore

import (
	"strconv"
	"strings"
	"sync"

	"github.com/mission-control-dev/mission-control/store"
)

const (
	// toldKept is how many events are remembered: some 1 MiB.
	toldKept = 8192
	// toldPiece is how many events one step of the chain has at most: a reader whose limit ends within one asks Redis next.
	toldPiece = 100
)

// told remembers the newest events that this Store has heard of, its own from the replies of its commits: who follows the
// log need not ask Redis for them.
//
// It is a chain: behind the id of an event lie the events that follow it. A reply says which entry of the log was the last
// before its own, so a link is the truth whatever the order in which replies come, and ends where another commander wrote. A Redis that
// lost its last writes gives a number again with another ms; a reader that is behind the lost one finds no link, and as soon as
// Redis contradicts the chain all of it is forgotten.
type told struct {
	mu sync.Mutex
	// links are the events behind an id.
	links map[string][]store.Event
	// ends are the ids that links lead to, end is one after which the log had nothing when it was read.
	ends map[string]struct{}
	end  string
	// order of the links, oldest first, and how many events they have.
	order  []string
	events int
	// newest is the number of the event heard of last.
	newest uint64
	news   chan struct{}
}

func newTold() *told {
	t := &told{news: make(chan struct{})}
	t.forget()
	return t
}

// forget begins anew: the log of another epoch counts from the start again.
func (t *told) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
}

// clear is forget; t.mu is held.
func (t *told) clear() {
	t.links, t.ends, t.end = map[string][]store.Event{}, map[string]struct{}{}, ""
	t.order, t.events, t.newest = nil, 0, 0
}

// hear takes over events, each with its id, and what was the last one before them.
func (t *told) hear(before string, events []store.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(events) > 0 {
		piece := events[:min(toldPiece, len(events))]
		events = events[len(piece):]
		last := piece[len(piece)-1].ID
		if link := t.links[before]; len(link) > 0 && link[0].ID != piece[0].ID {
			t.clear() // Redis has lost what is there
		}
		if _, known := t.links[before]; !known {
			t.links[before], t.ends[last] = piece, struct{}{}
			t.order, t.events = append(t.order, before), t.events+len(piece)
		}
		before = last
	}
	t.newest = eventNumber(before)
	for t.events > toldKept {
		oldest := t.links[t.order[0]]
		delete(t.links, t.order[0])
		delete(t.ends, oldest[len(oldest)-1].ID)
		t.order, t.events = t.order[1:], t.events-len(oldest)
	}
	close(t.news)
	t.news = make(chan struct{})
}

// heardEnd notes that the log ended there when it was read. An event of this Store's own that came just then is asked for.
func (t *told) heardEnd(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.links[id]) > 0 {
		t.clear()
	}
	t.end = id
}

// gone notes that the log has no such event. What the chain does not know may be any reader's invention.
func (t *told) gone(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, led := t.ends[id]; led || id == t.end || len(t.links[id]) > 0 {
		t.clear()
	}
}

// looked is what told knows of what is behind an event.
type looked struct {
	// events that follow, at most as many as were asked for.
	events []store.Event
	// known: the event was heard of, so that it is, or was a moment ago, one of this log.
	known bool
	// lacks: there are later events, and what follows was not heard of.
	lacks bool
	// news is closed when more is heard of.
	news <-chan struct{}
}

func (t *told) after(id string, limit int) looked {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := looked{news: t.news}
	_, led := t.ends[id]
	l.known = led || id == t.end
	for at := id; ; {
		piece := t.links[at]
		piece = piece[:min(len(piece), limit-len(l.events))]
		if len(piece) == 0 {
			break
		}
		l.events = append(l.events, piece...)
		at = piece[len(piece)-1].ID
	}
	l.lacks = len(l.events) == 0 && t.newest > eventNumber(id)
	return l
}

// eventNumber is the first half of an id; 0 where it has none.
func eventNumber(id string) uint64 {
	number, _, _ := strings.Cut(id, "-")
	n, _ := strconv.ParseUint(number, 10, 64)
	return n
}

// tell takes over the events of changes that were applied. entries is what apply.lua says of them: the id of the entry before
// theirs, a space, and theirs; or nothing.
func (s *Store) tell(changes []store.Change, outcomes []store.Outcome, entries string) {
	before, last, written := strings.Cut(entries, " ")
	if !written {
		return
	}
	_, ms, _ := strings.Cut(last, "-")
	events := make([]store.Event, 0, len(changes))
	for i, o := range outcomes {
		if o.Code == store.Applied {
			m := changes[i].Record.Mission
			events = append(events, store.Event{MissionID: m.MissionID, Version: changes[i].Version(), Status: m.Status})
		}
	}
	first := eventNumber(last) - uint64(len(events)) + 1
	for i := range events {
		events[i].ID = strconv.FormatUint(first+uint64(i), 10) + "-" + ms //nolint:gosec // an index
	}
	s.told.hear(before, events)
}
