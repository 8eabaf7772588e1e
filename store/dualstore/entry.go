package dualstore

import (
	"container/list"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// entry is one mission in the twin.
type entry struct {
	record store.Record
	// noPayload and noResult: it was left out, or is not known for this version.
	noPayload, noResult bool
	// partial: the record came from a list, so the bodies and what the protocol needs may be older than the version.
	partial bool
	// history has the lines of all versions up to historyTo; 0 where the beginning was not seen.
	history   []contracts.HistoryLine
	historyTo int64
	dropped   int
	// generation of the twin at the last change; see twin.reload.
	generation uint64
	bytes      int64
	place      *list.Element
}

// What an entry takes beside its texts, and a line of history beside its: roughly, on 64 bits.
const (
	entryBytes = 1100
	lineBytes  = 180
	labelBytes = 48
	// historyHead lines and the last ones are kept of a long history, as in every store.
	historyHead = 20
)

// version of an entry; 0 for none.
func (e *entry) version() int64 {
	if e == nil {
		return 0
	}
	return e.record.Mission.Version
}

// set takes a record over. full says that it came with its bodies, as far as they are within limit.
func (e *entry) set(r store.Record, bodyLimit int) {
	m := &r.Mission
	e.noPayload, e.noResult, e.partial = len(m.Payload) > bodyLimit, len(m.Result) > bodyLimit, false
	if e.noPayload {
		m.Payload = nil
	}
	if e.noResult {
		m.Result = nil
	}
	e.record = r.Clone()
}

// setBrief takes over what a list says of a mission: all but the bodies. The payload never changes.
func (e *entry) setBrief(m contracts.Mission) {
	m.Payload = e.record.Mission.Payload
	e.record.Mission = m
	e.record = e.record.Clone()
	e.noResult, e.partial = true, true
}

// addHistory adds the lines of the change that made a version from the one before.
func (e *entry) addHistory(from, to int64, lines []contracts.HistoryLine) {
	if e.historyTo != from {
		if e.historyTo < from { // a gap: it can't be told any more
			e.dropHistory()
		}
		return
	}
	e.historyTo = to
	e.history = append(e.history, lines...)
	if over := len(e.history) - contracts.MaxHistoryLines; over > 0 {
		e.history = slices.Delete(e.history, historyHead, historyHead+over)
		e.dropped += over
	}
}

// dropHistory gives the lines up for good.
func (e *entry) dropHistory() {
	e.history, e.dropped, e.historyTo = nil, 0, -1
}

func (e *entry) size() int64 {
	m := e.record.Mission
	n := entryBytes + 2*len(m.MissionID) + len(m.Name) + len(m.Kind) + len(m.Squad) + len(m.ConcurrencyKey) + len(m.UniqueKey) + len(m.StatusReason) + len(m.SoldierID) +
		len(m.Payload) + len(m.Result) + len(e.record.Execution) + len(e.record.Session) + len(e.record.Recorded)
	for k, v := range m.Labels {
		n += labelBytes + len(k) + len(v)
	}
	if m.Error != nil {
		n += labelBytes + len(m.Error.Code) + len(m.Error.Message)
	}
	for _, l := range e.history {
		n += lineBytes + len(l.SoldierID) + len(l.Message)
	}
	return int64(n)
}

// complete tells whether the entry has all that the twin may keep of this version.
func (e *entry) complete() bool { return !e.partial }
