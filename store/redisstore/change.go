package redisstore

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// encodeChange returns what apply.lua reads of a change. Numbers are big-endian, n is the length that precedes a text:
//
//	bytes  what
//	8, 8   version that it must be made from, and makes
//	1      status, see statusByte
//	1      due entry, see dueByte
//	8      when that is due, ms
//	1      1: a session must be live, its key is among the change's own
//	1      1: it has an idempotency key, likewise
//	1      1: its result lies apart
//	2 + n  session
//	4 + n  what changes, as in a row
//	4 + n  history lines, as in a row
//	4 + n  the result, only where it lies apart
//
// and for a creation:
//
//	4 + n  what it fixes, as in a row
//	4 + n  payload that lies apart
//	8      TTL of the idempotency key in ms
//	4 + n  what that key is used for
//	2      how many indexes the mission is put into; and the name of each behind the prefix, 2 + n
func encodeChange(c store.Change) (rawID, string, error) {
	m := c.Record.Mission
	id, ok := parseID(m.MissionID)
	if !ok {
		return id, "", fmt.Errorf("redis: mission id %q is not a UUID in lower case", m.MissionID)
	}
	if n := len(c.Record.Session); n > math.MaxUint16 {
		return id, "", fmt.Errorf("redis: session of mission %s has %d bytes, at most %d are kept", m.MissionID, n, math.MaxUint16)
	}
	b := make([]byte, 0, 320+len(m.Name)+len(m.Payload)+len(m.Result)+64*len(c.History))
	b = put64(b, c.IfVersion)
	b = put64(b, c.Version())
	b = append(b, statusByte(m.Status), dueByte(c.Due))
	b = put64(b, c.DueAt.Millis())
	var has [3]byte
	if c.IfSession != "" {
		has[0] = 1
	}
	if c.Idempotency != nil {
		has[1] = 1
	}
	if len(m.Result) > bodyInRow {
		has[2] = 1
	}
	b = append(b, has[:]...)
	b = putShort(b, c.Record.Session)
	b = putSection(b, func(b []byte) []byte { return putChanging(b, c.Record) })
	b = putSection(b, func(b []byte) []byte { return putLines(b, c.History) })
	if len(m.Result) > bodyInRow {
		b = putSection(b, func(b []byte) []byte { return append(b, m.Result...) })
	}
	if c.IfVersion == 0 {
		b = putCreation(b, id, c)
	}
	return id, rueidis.BinaryString(b), nil
}

func putCreation(b []byte, id rawID, c store.Change) []byte {
	m := c.Record.Mission
	b = putSection(b, func(b []byte) []byte { return putFixed(b, m) })
	b = putSection(b, func(b []byte) []byte {
		if len(m.Payload) <= bodyInRow {
			return b
		}
		return append(b, m.Payload...)
	})
	var ttl int64
	var use string
	if i := c.Idempotency; i != nil {
		ttl, use = i.TTL.Milliseconds(), encodeUse(i.BodyHash, id)
	}
	b = put64(b, ttl)
	b = putSection(b, func(b []byte) []byte { return append(b, use...) })
	b = put16(b, 2+len(m.Labels))
	b = putShort(putShort(b, kindIndex(m.Kind)), squadIndex(m.Squad))
	for k, v := range m.Labels {
		b = putShort(b, labelIndex(contracts.Label{Key: k, Value: v}))
	}
	return b
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
