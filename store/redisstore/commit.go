package redisstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

// A script call takes so many changes at most, and bytes, unless one change alone is larger.
const (
	chunkChanges = 128
	chunkBytes   = 1 << 20
	// createBytes and createChanges are for how much each CreateAll gets a second more than Config.Timeout.
	createBytes   = 4 << 20
	createChanges = 500
)

// call collects what a script that changes missions is given.
type call struct {
	// missions are the keys of the changes' missions, own those that some changes have beside.
	missions, own []string
	// steps, parts and args are the pieces of the changes.
	steps       []byte
	parts, args []string
	bytes, dues int
}

func newCall(changes int) call {
	return call{
		missions: make([]string, 0, changes), parts: make([]string, 0, changes), steps: make([]byte, 0, stepBytes*changes),
	}
}

// add adds a change, unless the call has some and would have more bytes than limit.
func (c *call) add(k keys, ch store.Change, limit int) (bool, error) {
	s, err := encodeChange(ch)
	if err != nil {
		return false, err
	}
	n := s.bytes()
	if len(c.parts) > 0 && c.bytes+n > limit {
		return false, nil
	}
	c.missions, c.parts = append(c.missions, k.mission(s.id)), append(c.parts, s.part)
	c.steps, c.args = append(c.steps, s.fixed...), append(c.args, s.own...)
	if ch.IfSession != "" {
		c.own = append(c.own, k.session(ch.IfSession))
	}
	if ch.Idempotency != nil {
		c.own = append(c.own, k.idempotency(ch.Idempotency.Key))
	}
	if ch.Due == store.DueSet {
		c.dues++
	}
	c.bytes += n
	return true, nil
}

// with returns all keys and arguments of a call, with more of both: keys behind the missions, arguments last.
func (c *call) with(s *Store, moreKeys, moreArgs []string) (keys, args []string) {
	keys = slices.Concat([]string{s.keys.due(), s.keys.dispatch(), s.keys.events()}, c.missions, moreKeys, c.own)
	head := []string{
		s.keys.prefix, strconv.Itoa(s.cfg.EventsKept), strconv.Itoa(len(c.parts)), strconv.Itoa(c.dues), rueidis.BinaryString(c.steps),
	}
	return keys, slices.Concat(head, c.parts, c.args, moreArgs)
}

// distinct returns the first changes, up to the first whose mission has one already.
func distinct(changes []store.Change) []store.Change {
	seen := make(map[string]struct{}, len(changes))
	for i, c := range changes {
		id := c.Record.Mission.MissionID
		if _, again := seen[id]; again {
			return changes[:i]
		}
		seen[id] = struct{}{}
	}
	return changes
}

// Commit implements store.Missions. It makes one script call for every 128 changes or 1 MiB, in order, and begins another one
// for a mission that the call has already.
func (s *Store) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	if err := store.CheckAll(changes); err != nil {
		return nil, err
	}
	outcomes := make([]store.Outcome, 0, len(changes))
	for len(changes) > 0 {
		some := distinct(changes[:min(chunkChanges, len(changes))])
		c := newCall(len(some))
		for _, ch := range some {
			fits, err := c.add(s.keys, ch, chunkBytes)
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
		n := len(c.parts)
		made, err := decodeOutcomes(changes[:n], reply[0], reply[2], reply[3:])
		if err != nil {
			return nil, err
		}
		s.tell(changes[:n], made, reply[1])
		outcomes, changes = append(outcomes, made...), changes[n:]
	}
	return outcomes, nil
}

// CreateAll implements store.Missions. It is one script call, however large the missions are together; it may take a
// second longer than Config.Timeout for every 4 MiB, and for every 500 missions.
func (s *Store) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	if err := store.CheckCreations(key, changes); err != nil {
		return nil, err
	}
	all := newCall(len(changes))
	ids := make([]rawID, len(changes))
	for i, c := range changes {
		if _, err := all.add(s.keys, c, math.MaxInt); err != nil {
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
	extra := time.Duration(all.bytes)*time.Second/createBytes + time.Duration(len(changes))*time.Second/createChanges
	err := s.wait(ctx, "create missions", extra, func(ctx context.Context, client rueidis.Client) (err error) {
		keys, args := s.guarded(keys, args)
		reply, err = s.scripts.createAll.exec(ctx, client, keys, args)
		return err
	})
	if err != nil {
		return nil, err
	}
	uses := reply[3:]
	if reply[2] == "t" {
		return takenAll(len(changes), uses)
	}
	if len(uses) > 0 {
		uses = slices.Repeat(uses, len(changes))
	}
	outcomes, err := decodeOutcomes(changes, reply[0], reply[2], uses)
	if err == nil {
		s.tell(changes, outcomes, reply[1])
	}
	return outcomes, err
}

// decodeOutcomes reads what commit.lua returns: a letter for each change, and a + where it admitted others; the Dispatch of the
// first one that sets a due entry, and of what was used before, or who has the unique key.
func decodeOutcomes(changes []store.Change, first, codes string, uses []string) ([]store.Outcome, error) {
	var dispatch int64
	if first != "" {
		var err error
		if dispatch, err = strconv.ParseInt(first, 10, 64); err != nil {
			return nil, fmt.Errorf("redis: commit: unreadable dispatch: %w", err)
		}
	}
	codes, admitted := strings.CutSuffix(codes, "+")
	if len(codes) != len(changes) {
		return nil, fmt.Errorf("redis: commit: %d outcomes of %d changes", len(codes), len(changes))
	}
	outcomes := make([]store.Outcome, len(changes))
	for i := range outcomes {
		o := &outcomes[i]
		switch codes[i] {
		case 'a', 'w':
			o.Code, o.Admitted = store.Applied, admitted
			if changes[i].Due == store.DueSet {
				if codes[i] == 'a' {
					o.Dispatch = dispatch
				}
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
		case 't':
			o.Code, o.Holder, uses = store.Taken, textID(uses[0]), uses[1:]
		default:
			return nil, fmt.Errorf("redis: commit: unknown outcome %q", codes[i])
		}
	}
	return outcomes, nil
}

// takenAll reads what create_all.lua says of a unique key that somebody has: the number of the mission that asked for it, and who.
func takenAll(changes int, found []string) ([]store.Outcome, error) {
	i, err := strconv.Atoi(found[0])
	if err != nil || i < 1 || i > changes {
		return nil, fmt.Errorf("redis: create missions: %q is the number of no mission", found[0])
	}
	outcomes := slices.Repeat([]store.Outcome{{Code: store.Taken}}, changes)
	outcomes[i-1].Holder = textID(found[1])
	return outcomes, nil
}
