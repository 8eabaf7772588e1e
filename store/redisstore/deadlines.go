package redisstore

import (
	"context"
	"strconv"
	"time"
)

// TakeDeadlines implements store.Deadlines. It returns 1000 missions at most.
func (s *Store) TakeDeadlines(ctx context.Context, limit int, hold time.Duration) ([]string, error) {
	if limit <= 0 {
		return nil, nil
	}
	return missionIDs(s.run(ctx, "take deadlines", s.scripts.takeDeadlines,
		[]string{s.keys.due(), s.keys.dispatch(), s.keys.deadlines()},
		[]string{s.keys.prefix, strconv.Itoa(min(limit, outboxChunk)), strconv.FormatInt(hold.Milliseconds(), 10)}))
}
