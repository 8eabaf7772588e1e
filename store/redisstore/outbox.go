package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

// outboxChunk is how many entries one script call takes or clears.
const outboxChunk = 1000

// TakeDue implements store.Outbox. It returns 1000 entries at most.
func (s *Store) TakeDue(ctx context.Context, limit int, hold time.Duration) ([]store.Due, error) {
	if limit <= 0 {
		return nil, nil
	}
	reply, err := s.run(ctx, "take due entries", s.scripts.takeDue,
		[]string{s.keys.due(), s.keys.dueNumbers(), s.keys.dispatch()},
		[]string{strconv.Itoa(min(limit, outboxChunk)), strconv.FormatInt(hold.Milliseconds(), 10)})
	if err != nil {
		return nil, err
	}
	taken := make([]store.Due, 0, len(reply)/2)
	for i := 0; i+1 < len(reply); i += 2 {
		n, err := strconv.ParseInt(reply[i+1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("redis: take due entries: unreadable dispatch: %w", err)
		}
		taken = append(taken, store.Due{MissionID: reply[i], Dispatch: n})
	}
	return taken, nil
}

// ClearDue implements store.Outbox.
func (s *Store) ClearDue(ctx context.Context, entries ...store.Due) error {
	for len(entries) > 0 {
		chunk := entries[:min(outboxChunk, len(entries))]
		entries = entries[len(chunk):]
		args := make([]string, 0, 1+3*len(chunk))
		args = append(args, s.keys.prefix)
		for _, e := range chunk {
			args = append(args, e.MissionID, strconv.FormatInt(e.Dispatch, 10), e.Shelf)
		}
		err := s.do(ctx, "clear due entries", s.exec(s.scripts.clearDue, []string{s.keys.due(), s.keys.dueNumbers()}, args))
		if err != nil {
			return err
		}
	}
	return nil
}
