package dualstore

import (
	"container/list"
	"slices"
	"sync"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// twin remembers missions, those changed last in front. Only newer versions replace what it has.
type twin struct {
	maxMissions int
	maxBytes    int64
	bodyLimit   int

	mu      sync.Mutex
	entries map[string]*entry
	order   list.List // of ids
	bytes   int64
	// sorted are all ids in ascending order; nil after the set of them changed. It is needed, and stays as it is, while
	// the primary is away.
	sorted     []string
	generation uint64
}

func newTwin(cfg Config) *twin {
	return &twin{
		maxMissions: cfg.MaxMissions, maxBytes: cfg.MaxBytes, bodyLimit: cfg.BodyLimit, entries: map[string]*entry{},
	}
}

// changed takes over a change that the primary applied.
func (t *twin) changed(c store.Change) {
	r := c.Record
	r.Mission.Version = c.Version()
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[r.Mission.MissionID]
	if e == nil {
		if c.IfVersion != 0 {
			// What creation fixed is not the change's to say; the follower loads it.
			return
		}
		e = t.insert(r.Mission.MissionID)
	}
	if r.Mission.Version > e.version() {
		noPayload := e.noPayload
		if c.IfVersion != 0 {
			r.Mission = withFixed(r.Mission, e.record.Mission)
		}
		e.set(r, t.bodyLimit)
		e.noPayload = e.noPayload || noPayload
		t.order.MoveToFront(e.place)
	}
	e.addHistory(c.IfVersion, c.Version(), c.History)
	generation := e.generation
	t.touch(e)
	if e.version() > r.Mission.Version {
		e.generation = generation // what is there was not confirmed: the primary may have lost it
	}
}

// withFixed returns next with what a mission's creation fixed.
func withFixed(next, before contracts.Mission) contracts.Mission {
	next.Name, next.Kind, next.Squad, next.Priority = before.Name, before.Kind, before.Squad, before.Priority
	next.Labels, next.Payload, next.ConcurrencyKey = before.Labels, before.Payload, before.ConcurrencyKey
	next.TimeoutSeconds, next.Retry, next.CreatedAt = before.TimeoutSeconds, before.Retry, before.CreatedAt
	next.UniqueKey, next.DeadlineAt = before.UniqueKey, before.DeadlineAt
	return next
}

// place says where a record that is new to the twin goes.
type place int

const (
	// inFront: it was changed just now.
	inFront place = iota
	// behind all others, if there is room: it was read, or changed before them.
	behind
)

// learned takes over a record that was read from the primary.
func (t *twin) learned(r store.Record, where place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[r.Mission.MissionID]
	switch {
	case e == nil:
		if where == behind && (len(t.entries) >= t.maxMissions || t.bytes >= t.maxBytes) {
			return
		}
		e = t.insert(r.Mission.MissionID)
		if where == behind {
			t.order.MoveToBack(e.place)
		}
	case r.Mission.Version > e.version():
		t.order.MoveToFront(e.place)
	case r.Mission.Version == e.version() && !e.complete():
	default:
		if r.Mission.Version == e.version() {
			e.generation = t.generation
		}
		return
	}
	t.take(e, r)
}

// take replaces an entry by what the primary has.
func (t *twin) take(e *entry, r store.Record) {
	e.set(r, t.bodyLimit)
	if e.historyTo > 0 && e.historyTo < r.Mission.Version-1 {
		e.dropHistory() // changed by others
	}
	t.touch(e)
}

// listed takes over what a list of the primary said of missions that the twin has.
func (t *twin) listed(missions []contracts.Mission) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range missions {
		if e := t.entries[m.MissionID]; e != nil && m.Version > e.version() {
			e.setBrief(m)
			t.order.MoveToFront(e.place)
			t.touch(e)
		}
	}
}

// missing tells whether the twin lacks a version.
func (t *twin) missing(id string, version int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[id]
	return e.version() < version || !e.complete()
}

// toFront says that a mission changed later than all others.
func (t *twin) toFront(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[id]; e != nil {
		t.order.MoveToFront(e.place)
	}
}

// forget drops a mission that the primary does not have.
func (t *twin) forget(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[id]; e != nil {
		t.remove(e)
	}
}

// clear forgets everything.
func (t *twin) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.entries)
	t.order.Init()
	t.bytes, t.sorted = 0, nil
}

// reload begins a new generation and returns the ids of all entries. Each is then to be reloaded.
func (t *twin) reload() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.generation++
	return slices.Clone(t.ids())
}

// reloaded replaces an entry by what the primary has, also by an older version, unless the entry changed since reload. The
// zero Record removes it.
func (t *twin) reloaded(id string, r store.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[id]
	switch {
	case e == nil || e.generation == t.generation:
	case r.Mission.Version == 0:
		t.remove(e)
	default:
		if r.Mission.Version < e.version() {
			e.dropHistory()
		}
		t.take(e, r)
	}
}

// insert adds an empty entry in front.
func (t *twin) insert(id string) *entry {
	e := &entry{place: t.order.PushFront(id)}
	t.entries[id] = e
	t.sorted = nil
	return e
}

// touch accounts for an entry that changed, and drops the oldest ones beyond the bounds.
func (t *twin) touch(e *entry) {
	e.generation = t.generation
	size := e.size()
	t.bytes += size - e.bytes
	e.bytes = size
	for len(t.entries) > t.maxMissions || t.bytes > t.maxBytes && len(t.entries) > 1 {
		t.remove(t.entries[t.order.Back().Value.(string)])
	}
}

func (t *twin) remove(e *entry) {
	t.bytes -= e.bytes
	delete(t.entries, t.order.Remove(e.place).(string))
	t.sorted = nil
}

// ids returns all ids in ascending order.
func (t *twin) ids() []string {
	if t.sorted == nil {
		t.sorted = make([]string, 0, len(t.entries))
		for id := range t.entries {
			t.sorted = append(t.sorted, id)
		}
		slices.Sort(t.sorted)
	}
	return t.sorted
}

func (t *twin) get(id string) (store.Record, store.Source, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[id]
	if e == nil {
		return store.Record{}, store.Source{}, store.ErrNotInMemory
	}
	return e.record.Clone(), store.Source{PayloadOmitted: e.noPayload, ResultOmitted: e.noResult}, nil
}

// doubt begins a new generation: until an entry is confirmed, recall does not tell it.
func (t *twin) doubt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.generation++
}

// recall tells what was confirmed in this generation.
func (t *twin) recall(id string) (store.Record, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[id]
	if e == nil || e.generation != t.generation || !e.complete() {
		return store.Record{}, false
	}
	return e.record.Brief().Clone(), true
}

func (t *twin) history(id string) (store.History, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[id]
	if e == nil || e.historyTo != e.version() {
		return store.History{}, store.ErrNotInMemory
	}
	return store.History{Lines: slices.Clone(e.history), Dropped: e.dropped}, nil
}

func (t *twin) list(q store.Query) (store.Page, error) {
	if q.Cursor != "" && !contracts.ValidMissionID(q.Cursor) {
		return store.Page{}, store.ErrCursor
	}
	limit := min(max(q.Limit, 1), contracts.MaxListLimit)
	t.mu.Lock()
	defer t.mu.Unlock()
	ids := t.ids()
	i, floor := len(ids), 0
	if q.ByName() {
		floor = max(0, len(ids)-contracts.SearchWindow)
	}
	if q.Cursor != "" {
		i, _ = slices.BinarySearch(ids, q.Cursor)
	}
	page := store.Page{Cut: floor > 0}
	for i--; i >= floor; i-- {
		m := t.entries[ids[i]].record.Mission
		if !q.Fits(m) {
			continue
		}
		if len(page.Missions) == limit {
			page.Next = page.Missions[limit-1].MissionID
			break
		}
		page.Missions = append(page.Missions, store.Record{Mission: m.Brief()}.Clone().Mission)
	}
	return page, nil
}

// full tells whether there is no more room.
func (t *twin) full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.entries) >= t.maxMissions || t.bytes >= t.maxBytes
}
