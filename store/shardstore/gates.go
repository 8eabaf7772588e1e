package shardstore

import (
	"context"
	"fmt"

	"github.com/mission-control-dev/mission-control/store"
)

// A gate is one shard's, as a step is in one shard. Missions of a concurrency key would have to lie together, with their batch,
// and with their idempotency key: so over more than one shard there are no gates, see ungated.

// Gates implements store.Gates.
func (s *Store) Gates(ctx context.Context, keys ...string) ([]store.Gate, error) {
	return s.shards[0].Gates(ctx, keys...)
}

// WaitsAtGate implements store.Gates.
func (s *Store) WaitsAtGate(ctx context.Context, key, missionID string) (bool, error) {
	return s.shards[s.of(missionID)].WaitsAtGate(ctx, key, missionID)
}

// OpenGate implements store.Gates.
func (s *Store) OpenGate(ctx context.Context, key string) error {
	return s.shards[0].OpenGate(ctx, key)
}

// ungated returns an error for the creation of a mission whose gate would be in several shards.
func (s *Store) ungated(c store.Change) error {
	if c.IfVersion != 0 || c.Record.Mission.ConcurrencyKey == "" || len(s.shards) == 1 {
		return nil
	}
	return fmt.Errorf("mission %s has a concurrency key: with more than one shard there are none", missionOf(c))
}
