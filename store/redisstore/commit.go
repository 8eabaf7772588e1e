package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/mission-control-dev/mission-control/store"
)

// A script call takes so many changes at most, and bytes, unless one change alone is larger.
const (
	chunkChanges = 64
	chunkBytes   = 1 << 20
)

// call collects what a script that changes missions is given.
type call struct {
	keys, args     []string
	changes, bytes int
}

// encodeChange returns the keys and arguments of a change, in the order in which apply.lua reads them.
func (s *Store) encodeChange(c store.Change) (keys, args []string, err error) {
	r := c.Record.Clone()
	m := r.Mission
	coreJSON, restJSON, err := encodeRecord(r)
	if err != nil {
		return nil, nil, err
	}
	due, at := "keep", ""
	switch c.Due {
	case store.DueSet:
		due, at = "set", strconv.FormatInt(c.DueAt.Millis(), 10)
	case store.DueDrop:
		due = "drop"
	}
	keys = []string{s.keys.mission(m.MissionID), s.keys.history(m.MissionID)}
	if c.IfSession != "" {
		keys = append(keys, s.keys.session(c.IfSession))
	}
	var ttl, hash string
	if i := c.Idempotency; i != nil {
		ttl, hash = strconv.FormatInt(i.TTL.Milliseconds(), 10), i.BodyHash
		keys = append(keys, s.keys.idempotency(i.Key))
	}
	payload := ""
	if c.IfVersion == 0 { // it never changes, so it is sent once
		payload = string(m.Payload)
	} else {
		coreJSON = ""
	}
	args = []string{
		m.MissionID, strconv.FormatInt(c.IfVersion, 10), strconv.FormatInt(c.IfVersion+1, 10), string(m.Status), r.Session,
		coreJSON, restJSON, payload, string(m.Result), m.Kind, m.Squad, due, at, c.IfSession, ttl, hash,
		strconv.Itoa(len(c.History)),
	}
	for _, l := range c.History {
		text, err := encodeLine(l)
		if err != nil {
			return nil, nil, fmt.Errorf("encoding history of mission %s: %w", m.MissionID, err)
		}
		args = append(args, text)
	}
	return keys, args, nil
}

func (c *call) add(keys, args []string) {
	c.keys, c.args = append(c.keys, keys...), append(c.args, args...)
	c.changes++
	c.bytes += size(args)
}

func size(args []string) (n int) {
	for _, a := range args {
		n += len(a)
	}
	return n
}

// shared are the keys that every change may touch, and the arguments before all others.
func (s *Store) sharedKeys() []string {
	return []string{s.keys.events(), s.keys.due(), s.keys.dueNumbers(), s.keys.dispatch(), s.keys.all()}
}

func (s *Store) sharedArgs() []string {
	return []string{s.keys.prefix, strconv.Itoa(s.cfg.EventsKept)}
}

// Commit implements store.Missions. It makes one script call for every 64 changes or 1 MiB, in order.
func (s *Store) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	if err := store.CheckAll(changes); err != nil {
		return nil, err
	}
	outcomes := make([]store.Outcome, 0, len(changes))
	var pending call
	flush := func() error {
		if pending.changes == 0 {
			return nil
		}
		keys := append(s.sharedKeys(), pending.keys...)
		args := append(append(s.sharedArgs(), strconv.Itoa(pending.changes)), pending.args...)
		reply, err := s.run(ctx, "commit", s.scripts.commit, keys, args)
		if err != nil {
			return err
		}
		for i := 0; i+1 < len(reply); i += 2 {
			o, err := decodeOutcome(reply[i], reply[i+1])
			if err != nil {
				return err
			}
			outcomes = append(outcomes, o)
		}
		pending = call{}
		return nil
	}
	for _, c := range changes {
		keys, args, err := s.encodeChange(c)
		if err != nil {
			return nil, err
		}
		if pending.changes == chunkChanges || pending.changes > 0 && pending.bytes+size(args) > chunkBytes {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		pending.add(keys, args)
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return outcomes, nil
}

func decodeOutcome(code, detail string) (store.Outcome, error) {
	switch code {
	case "applied":
		return applied(detail)
	case "conflict":
		return store.Outcome{Code: store.Conflict}, nil
	case "session_dead":
		return store.Outcome{Code: store.SessionDead}, nil
	case "duplicate":
		id, hash, _ := strings.Cut(detail, " ")
		return store.Outcome{Code: store.Duplicate, Existing: store.Existing{MissionID: id, BodyHash: hash}}, nil
	}
	return store.Outcome{}, fmt.Errorf("redis: commit: unknown outcome %q", code)
}

func applied(dispatch string) (store.Outcome, error) {
	if dispatch == "" {
		return store.Outcome{Code: store.Applied}, nil
	}
	n, err := strconv.ParseInt(dispatch, 10, 64)
	if err != nil {
		return store.Outcome{}, fmt.Errorf("redis: commit: unreadable dispatch: %w", err)
	}
	return store.Outcome{Code: store.Applied, Dispatch: n}, nil
}
