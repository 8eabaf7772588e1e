package dualstore

import (
	"context"

	"github.com/mission-control-dev/mission-control/store"
)

// Gates are the primary's alone: memory does not know who waits.

// Gates implements store.Gates.
func (s *Store) Gates(ctx context.Context, keys ...string) ([]store.Gate, error) {
	return s.primary.Gates(ctx, keys...)
}

// WaitsAtGate implements store.Gates.
func (s *Store) WaitsAtGate(ctx context.Context, key, missionID string) (bool, error) {
	return s.primary.WaitsAtGate(ctx, key, missionID)
}

// OpenGate implements store.Gates.
func (s *Store) OpenGate(ctx context.Context, key string) error {
	return s.primary.OpenGate(ctx, key)
}
