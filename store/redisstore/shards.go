package redisstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/rueidis"
)

// ShardsError: Redis holds the data of an installation with another number of shards, and nothing was changed. Missions would
// be looked for where they are not.
type ShardsError struct{ Found, Want int }

func (e *ShardsError) Error() string {
	return fmt.Sprintf("redis holds the missions of an installation with %d shards, and this one is set to %d: "+
		"the number is fixed for as long as the data lives, set it to %d", e.Found, e.Want, e.Found)
}

// ensureLayout writes how the data is laid out where there is none, and fails where it is laid out otherwise. Shard 0, which
// every installation has, is asked first: a shard that nobody used yet does not know of the others.
func (s *Store) ensureLayout(ctx context.Context, client rueidis.Client) error {
	if err := ensureSchema(ctx, client, s.keys.schema()); err != nil {
		return err
	}
	if err := s.ensureShards(ctx, client, shardKeys(0).shards()); err != nil || s.cfg.Shard == 0 {
		return err
	}
	return s.ensureShards(ctx, client, s.keys.shards())
}

func (s *Store) ensureShards(ctx context.Context, client rueidis.Client, key string) error {
	found, err := client.Do(ctx, client.B().Get().Key(key).Build()).AsInt64()
	if rueidis.IsRedisNil(err) {
		err = client.Do(ctx, client.B().Set().Key(key).Value(strconv.Itoa(s.cfg.Shards)).Nx().Build()).Error()
		if rueidis.IsRedisNil(err) {
			return s.ensureShards(ctx, client, key) // another commander was first
		}
		return err
	}
	if err == nil && int(found) != s.cfg.Shards {
		return answer(&ShardsError{Found: int(found), Want: s.cfg.Shards})
	}
	return err
}
