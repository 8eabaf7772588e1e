package redisstore

import (
	"context"
	"fmt"
	"maps"
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
	payload, labels := "", map[string]string(nil)
	if c.IfVersion == 0 { // they never change, so they are sent once
		payload, labels = string(m.Payload), m.Labels
	} else {
		coreJSON = ""
	}
	args = []string{
		m.MissionID, strconv.FormatInt(c.IfVersion, 10), strconv.FormatInt(c.Version(), 10), string(m.Status), r.Session,
		coreJSON, restJSON, payload, string(m.Result), m.Kind, m.Squad, due, at, c.IfSession, ttl, hash,
		strconv.Itoa(len(c.History)), strconv.Itoa(len(labels)),
	}
	for _, l := range c.History {
		text, err := encodeLine(l)
		if err != nil {
			return nil, nil, fmt.Errorf("encoding history of mission %s: %w", m.MissionID, err)
		}
		args = append(args, text)
	}
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		args = append(args, contracts.Label{Key: k, Value: labels[k]}.String())
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

// CreateAll implements store.Missions. It is one script call, however large the missions are together; it may take a
// second longer than Config.Timeout for every 4 MiB, and for every 500 missions.
func (s *Store) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	if err := store.CheckCreations(key, changes); err != nil {
		return nil, err
	}
	var all call
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.Record.Mission.MissionID
		keys, args, err := s.encodeChange(c)
		if err != nil {
			return nil, err
		}
		all.add(keys, args)
	}
	shared, ttl, use := s.sharedKeys(), "", ""
	if key != nil {
		shared, ttl = append(shared, s.keys.idempotency(key.Key)), strconv.FormatInt(key.TTL.Milliseconds(), 10)
		use = strings.Join(ids, ",") + " " + key.BodyHash
	}
	keys := append(shared, all.keys...)
	args := slices.Concat(s.sharedArgs(), []string{strconv.Itoa(all.changes), ttl, use}, all.args)
	var reply []string
	extra := time.Duration(all.bytes)*time.Second/createBytes + time.Duration(all.changes)*time.Second/createChanges
	err := s.wait(ctx, "create missions", extra, func(ctx context.Context, client rueidis.Client) (err error) {
		keys, args := s.guarded(keys, args)
		reply, err = s.scripts.createAll.exec(ctx, client, keys, args)
		return err
	})
	if err != nil {
		return nil, err
	}
	if reply[0] != "applied" {
		o, err := decodeOutcome(reply[0], strings.Join(reply[1:], ""))
		return slices.Repeat([]store.Outcome{o}, len(changes)), err
	}
	outcomes := make([]store.Outcome, len(changes))
	for i, dispatch := range reply[1:] {
		if outcomes[i], err = applied(dispatch); err != nil {
			return nil, err
		}
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
		ids, hash, _ := strings.Cut(detail, " ")
		e := store.Existing{MissionIDs: strings.Split(ids, ","), BodyHash: hash}
		return store.Outcome{Code: store.Duplicate, Existing: e}, nil
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
