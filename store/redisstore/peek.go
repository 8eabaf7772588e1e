package redisstore

import (
	"context"

	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/store"
)

// Peek implements store.Missions.
func (s *Store) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	return s.load(ctx, ids, func(client rueidis.Client, id string) rueidis.Completed {
		return client.B().Hmget().Key(s.keys.mission(id)).Field("v", "c", "r").Build()
	})
}
