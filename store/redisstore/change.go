package redisstore

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// A change goes to lua/apply.lua in up to three pieces. Numbers are big-endian. The first is its step, of a fixed length:
//
//	bytes  what
//	8      version that it must be made from
//	1      due entry, see dueByte
//	1      1: a session must be live, its key is among the call's own
//	1      1: it has an idempotency key, likewise, and its TTL in ms and what it is used for are among the call's own arguments
//	1      1: it creates, and the list of its indexes is among the call's own arguments: 2 + n each
//	1      1: its payload lies apart, and is among the call's own arguments
//	1      1: its result lies apart, likewise
//	15     when the due entry is due, ms in decimal digits
//
// The second is what it writes of the row, see row.go: all that is behind what stays, and for a creation all that is behind
// the Dispatch. The third are its own arguments, in this order: indexes, payload, result, TTL, use.
type step struct {
	id rawID
	// fixed is the first piece, part the second.
	fixed, part string
	own         []string
}

// stepBytes is how long all steps' first pieces are.
const stepBytes = 29

// encodeChange returns what apply.lua is told of a change.
func encodeChange(c store.Change) (step, error) {
	m := c.Record.Mission
	id, ok := parseID(m.MissionID)
	if !ok {
		return step{}, fmt.Errorf("redis: mission id %q is not a UUID in lower case", m.MissionID)
	}
	if n := len(c.Record.Session); n > math.MaxUint16 {
		return step{}, fmt.Errorf("redis: session of mission %s has %d bytes, at most %d are kept", m.MissionID, n, math.MaxUint16)
	}
	creates, payload, result := c.IfVersion == 0, len(m.Payload) > bodyInRow, len(m.Result) > bodyInRow
	size := stepBytes + 200 + 64*len(c.History)
	if creates {
		size += 64 + len(m.Name) + min(len(m.Payload), bodyInRow)
	}
	b := make([]byte, 0, size+min(len(m.Result), bodyInRow))
	b = put64(b, c.IfVersion)
	b = append(b, dueByte(c.Due), flag(c.IfSession != ""), flag(c.Idempotency != nil), flag(creates), flag(creates && payload), flag(result))
	b = putDigits(b, c.DueAt)
	if creates {
		b = putCreated(b, m)
	}
	b = putLines(b, c.History)
	b = putTail(b, c.Record, c.Version())
	text := rueidis.BinaryString(b)
	s := step{id: id, fixed: text[:stepBytes], part: text[stepBytes:]}
	if creates {
		s.own = append(s.own, indexList(m))
	}
	if creates && payload {
		s.own = append(s.own, string(m.Payload))
	}
	if result {
		s.own = append(s.own, string(m.Result))
	}
	if i := c.Idempotency; i != nil {
		s.own = append(s.own, millis(i.TTL), encodeUse(i.BodyHash, id))
	}
	return s, nil
}

// bytes is how much it is to send.
func (s step) bytes() int {
	n := len(s.fixed) + len(s.part)
	for _, text := range s.own {
		n += len(text)
	}
	return n
}

func flag(is bool) byte { //nolint:revive // it is what is written
	if is {
		return 1
	}
	return 0
}

// digits is in how many a moment's ms are written: enough for the year 30,000.
const digits = 15

func putDigits(b []byte, at contracts.Time) []byte {
	b = append(b, strings.Repeat("0", digits)...)
	v := min(max(at.Millis(), 0), 999_999_999_999_999)
	for i := len(b) - 1; v > 0; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
	return b
}

// indexList are the indexes that a new mission is put into, beside its status'.
func indexList(m contracts.Mission) string {
	b := putShort(putShort(make([]byte, 0, 64), kindIndex(m.Kind)), squadIndex(m.Squad))
	for k, v := range m.Labels {
		b = putShort(b, labelIndex(contracts.Label{Key: k, Value: v}))
	}
	return rueidis.BinaryString(b)
}

// dueByte is what becomes of a due entry: kept, set or dropped.
func dueByte(d store.DueChange) byte {
	switch d {
	case store.DueSet:
		return 's'
	case store.DueDrop:
		return 'd'
	default:
		return 'k'
	}
}

func put64(b []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(v)) //nolint:gosec // the same bits
}

func put16(b []byte, v int) []byte {
	return binary.BigEndian.AppendUint16(b, uint16(v)) //nolint:gosec // numbers and sizes that contracts bounds far below
}

// putShort appends a text behind its length in two bytes.
func putShort(b []byte, s string) []byte { return append(put16(b, len(s)), s...) }

// encodeUse is what an idempotency key was used for: how many missions, in two bytes, those, and the body's hash.
func encodeUse(hash string, ids ...rawID) string {
	b := make([]byte, 0, 2+len(rawID{})*len(ids)+len(hash))
	b = put16(b, len(ids))
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return string(append(b, hash...))
}

func decodeUse(text string) (store.Existing, error) {
	r := reader{b: text}
	e := store.Existing{MissionIDs: make([]string, r.fixed(2))}
	for i := range e.MissionIDs {
		var id rawID
		copy(id[:], r.take(uint64(len(id))))
		e.MissionIDs[i] = id.String()
	}
	e.BodyHash = r.b
	if r.err != nil {
		return store.Existing{}, fmt.Errorf("redis: what an idempotency key was used for is unreadable: %w", r.err)
	}
	return e, nil
}
