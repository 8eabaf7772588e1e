package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

// outboxChunk is how many entries one script call takes or clears.
const outboxChunk = 1000

// TakeDue implements store.Outbox. It returns 1000 entries at most.
func (s *Store) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	if limit <= 0 {
		return nil, nil
	}
	reply, err := s.run(ctx, "take due entries", s.scripts.takeDue,
		[]string{s.keys.due(), s.keys.dispatch()},
		[]string{s.keys.prefix, strconv.Itoa(min(limit, outboxChunk)), strconv.FormatInt(hold.Milliseconds(), 10)})
	if err != nil {
		return nil, err
	}
	if len(reply) == 1 {
		return nil, nil
	}
	first, err := strconv.ParseInt(reply[0], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("redis: take due entries: unreadable dispatch: %w", err)
	}
	taken := make([]store.Due, len(reply)-1)
	for i, id := range reply[1:] {
		taken[i] = store.Due{MissionID: textID(id), Dispatch: first + int64(i)}
	}
	return taken, nil
}

// missionIDs writes the ids in a reply as text.
func missionIDs(reply []string, err error) ([]string, error) {
	ids := make([]string, len(reply))
	for i, text := range reply {
		ids[i] = textID(text)
	}
	return ids, err
}

// ClearDue implements store.Outbox.
func (s *Store) ClearDue(ctx context.Context, entries ...store.Due) error {
	for len(entries) > 0 {
		chunk := entries[:min(outboxChunk, len(entries))]
		entries = entries[len(chunk):]
		keys := append(make([]string, 0, 4+len(chunk)), s.keys.due(), s.keys.dispatch(), s.keys.shelves())
		args := append(make([]string, 0, 3+len(chunk)), s.keys.prefix, "")
		dispatches := make([]byte, 0, 8*len(chunk))
		for _, e := range chunk {
			if id, ok := parseID(e.MissionID); ok {
				keys, args = append(keys, s.keys.mission(id)), append(args, e.Shelf)
				dispatches = put64(dispatches, e.Dispatch)
			}
		}
		args[1] = rueidis.BinaryString(dispatches)
		err := s.do(ctx, "clear due entries", s.exec(s.scripts.clearDue, keys, args))
		if err != nil {
			return err
		}
	}
	return nil
}
