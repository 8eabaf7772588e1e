package dualstore

import (
	"context"

	"github.com/mission-control-dev/mission-control/store"
)

// Peek implements store.Missions: the primary's alone, as Load is.
func (s *Store) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	return s.primary.Peek(ctx, ids...)
}
