package redisstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

// A script call takes so many changes at most, and bytes, unless one change alone is larger.
const (
	chunkChanges = 64
	chunkBytes   = 1 << 20
	// createBytes and createChanges are for how much each CreateAll gets a second more than Config.Timeout.
	createBytes   = 4 << 20
	createChanges = 500
)

// call collects what a script that changes missions is given.
type call struct {
	// missions are the keys of the changes' missions, own those that some changes have beside.
	missions, own []string
	changes       []string
	size, dues    int
}

// add adds a change, unless the call has some and would grow too large. What is sent is what apply.lua reads, big-endian;
// n is the length that precedes a text:
//
//	bytes  what
//	8, 8   version that it must be made from, and makes
//	1      status, see statusByte
//	1      due entry: k is kept, s set, d dropped
//	8      when it is due, ms
//	2 + n  session
//	4 + n  what creation fixes, as in a row; nothing for other changes
//	4 + n  what changes, as in a row
//	4 + n  payload that lies apart
//	4 + n  result that lies apart
//	4 + n  history lines, as in a row
//	1      1: a session must be live, its key is among own
//	8      TTL of an idempotency key in ms; 0: there is none, otherwise it is among own
//	4 + n  what that key is used for
//	2      how many indexes the mission is put into, and those, 2 + n each, as they are named behind the prefix
func (c *call) add(s *Store, ch store.Change, limit int) (bool, error) {
	m := ch.Record.Mission
	id, ok := parseID(m.MissionID)
	if !ok {
		return false, fmt.Errorf("redis: commit: mission id %q is not a UUID in lower case", m.MissionID)
	}
	if len(ch.Record.Session) > math.MaxUint16 {
		return false, fmt.Errorf("redis: commit: session of mission %s has %d bytes, at most %d fit", m.MissionID, len(ch.Record.Session), math.MaxUint16)
	}
	b := make([]byte, 0, 256+len(m.Payload)+len(m.Result)+len(ch.History)*64)
	b = binary.BigEndian.AppendUint64(b, uint64(ch.IfVersion)) //nolint:gosec // not negative
	b = binary.BigEndian.AppendUint64(b, uint64(ch.Version())) //nolint:gosec // not negative
	b = append(b, statusByte(m.Status), dueBytes[ch.Due])
	b = binary.BigEndian.AppendUint64(b, uint64(ch.DueAt.Millis())) //nolint:gosec // read as signed
	b = putShort(b, ch.Record.Session)
	creates := ch.IfVersion == 0
	b = putSection(b, func(b []byte) []byte {
		if !creates { // it never changes, so it is sent once
			return b
		}
		return putFixed(b, m)
	})
	b = putSection(b, func(b []byte) []byte { return putChanging(b, ch.Record) })
	b = putApart(b, m.Payload, creates)
	b = putApart(b, m.Result, true)
	b = putSection(b, func(b []byte) []byte {
		for _, l := range ch.History {
			b = putSection(b, func(b []byte) []byte { return putLine(b, l) })
		}
		return b
	})
	var own []string
	guard := byte(0)
	if ch.IfSession != "" {
		guard, own = 1, append(own, s.keys.session(ch.IfSession))
	}
	b = append(b, guard)
	var ttl, use = int64(0), ""
	if i := ch.Idempotency; i != nil {
		ttl, use = i.TTL.Milliseconds(), encodeUse(i.BodyHash, id)
		own = append(own, s.keys.idempotency(i.Key))
	}
	b = binary.BigEndian.AppendUint64(b, uint64(ttl)) //nolint:gosec // not negative
	b = putSection(b, func(b []byte) []byte { return append(b, use...) })
	if creates {
		b = binary.BigEndian.AppendUint16(b, uint16(2+len(m.Labels))) //nolint:gosec // contracts.MaxLabels
		b = putShort(putShort(b, kindIndex(m.Kind)), squadIndex(m.Squad))
		for k, v := range m.Labels {
			b = putShort(b, labelIndex(contracts.Label{Key: k, Value: v}))
		}
	} else {
		b = append(b, 0, 0)
	}
	if len(c.changes) > 0 && c.size+len(b) > limit {
		return false, nil
	}
	c.missions, c.own, c.changes = append(c.missions, s.keys.mission(id)), append(c.own, own...), append(c.changes, rueidis.BinaryString(b))
	c.size += len(b)
	if ch.Due == store.DueSet {
		c.dues++
	}
	return true, nil
}

var dueBytes = map[store.DueChange]byte{store.DueKeep: 'k', store.DueSet: 's', store.DueDrop: 'd'}

// putShort appends a text behind its length in two bytes.
func putShort(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...) //nolint:gosec // checked, or a name of at most 400 bytes
}

// putApart appends a body that does not go into the row.
func putApart(b []byte, text []byte, goes bool) []byte {
	return putSection(b, func(b []byte) []byte {
		if !goes || len(text) <= bodyInRow {
			return b
		}
		return append(b, text...)
	})
}

// encodeUse is what an idempotency key was used for: how many missions, in two bytes, those, and the body's hash.
func encodeUse(hash string, ids ...rawID) string {
	b := make([]byte, 0, 2+len(rawID{})*len(ids)+len(hash))
	b = binary.BigEndian.AppendUint16(b, uint16(len(ids))) //nolint:gosec // contracts.MaxBatchMissions
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

// with returns all keys and arguments of a call, with more of both behind.
func (c *call) with(s *Store, moreKeys, moreArgs []string) (keys, args []string) {
	keys = slices.Concat([]string{s.keys.due(), s.keys.dispatch(), s.keys.events()}, c.missions, moreKeys, c.own)
	args = slices.Concat([]string{s.keys.prefix, strconv.Itoa(s.cfg.EventsKept), strconv.Itoa(len(c.changes)), strconv.Itoa(c.dues)},
		c.changes, moreArgs)
	return keys, args
}

// Commit implements store.Missions. It makes one script call for every 64 changes or 1 MiB, in order.
func (s *Store) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	if err := store.CheckAll(changes); err != nil {
		return nil, err
	}
	outcomes := make([]store.Outcome, 0, len(changes))
	for len(changes) > 0 {
		var c call
		for _, ch := range changes[:min(chunkChanges, len(changes))] {
			fits, err := c.add(s, ch, chunkBytes)
			if err != nil {
				return nil, err
			}
			if !fits {
				break
			}
		}
		keys, args := c.with(s, nil, nil)
		reply, err := s.run(ctx, "commit", s.scripts.commit, keys, args)
		if err != nil {
			return nil, err
		}
		n := len(c.changes)
		some, err := decodeOutcomes(changes[:n], reply[0], reply[1], reply[2:])
		if err != nil {
			return nil, err
		}
		outcomes, changes = append(outcomes, some...), changes[n:]
	}
	return outcomes, nil
}

// CreateAll implements store.Missions. It is one script call, however large the missions are together; it may take a
// second longer than Config.Timeout for every 4 MiB, and for every 500 missions.
func (s *Store) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	if err := store.CheckCreations(key, changes); err != nil {
		return nil, err
	}
	var all call
	ids := make([]rawID, len(changes))
	for i, c := range changes {
		if _, err := all.add(s, c, math.MaxInt); err != nil {
			return nil, err
		}
		ids[i], _ = parseID(c.Record.Mission.MissionID)
	}
	var own []string
	ttl, use := "", ""
	if key != nil {
		own, ttl, use = []string{s.keys.idempotency(key.Key)}, millis(key.TTL), encodeUse(key.BodyHash, ids...)
	}
	keys, args := all.with(s, own, []string{ttl, use})
	var reply []string
	extra := time.Duration(all.size)*time.Second/createBytes + time.Duration(len(changes))*time.Second/createChanges
	err := s.wait(ctx, "create missions", extra, func(ctx context.Context, client rueidis.Client) (err error) {
		keys, args := s.guarded(keys, args)
		reply, err = s.scripts.createAll.exec(ctx, client, keys, args)
		return err
	})
	if err != nil {
		return nil, err
	}
	uses := reply[2:]
	if len(uses) > 0 {
		uses = slices.Repeat(uses, len(changes))
	}
	return decodeOutcomes(changes, reply[0], strings.Repeat(reply[1], len(changes)), uses)
}

// decodeOutcomes reads what commit.lua returns: a letter for each change, the Dispatch of the first one that got a due entry,
// and what was used before.
func decodeOutcomes(changes []store.Change, first, codes string, uses []string) ([]store.Outcome, error) {
	var dispatch int64
	if first != "" {
		var err error
		if dispatch, err = strconv.ParseInt(first, 10, 64); err != nil {
			return nil, fmt.Errorf("redis: commit: unreadable dispatch: %w", err)
		}
	}
	if len(codes) != len(changes) {
		return nil, fmt.Errorf("redis: commit: %d outcomes of %d changes", len(codes), len(changes))
	}
	outcomes := make([]store.Outcome, len(changes))
	for i := range outcomes {
		o := &outcomes[i]
		switch codes[i] {
		case 'a':
			o.Code = store.Applied
			if changes[i].Due == store.DueSet {
				o.Dispatch = dispatch
				dispatch++
			}
		case 'c':
			o.Code = store.Conflict
		case 's':
			o.Code = store.SessionDead
		case 'd':
			e, err := decodeUse(uses[0])
			if err != nil {
				return nil, err
			}
			o.Code, o.Existing, uses = store.Duplicate, e, uses[1:]
		default:
			return nil, fmt.Errorf("redis: commit: unknown outcome %q", codes[i])
		}
	}
	return outcomes, nil
}
