package memstore

import (
	"context"

	"github.com/mission-control-dev/mission-control/store"
)

// Peek implements store.Missions.
func (s *Store) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	records, err := s.Load(ctx, ids...)
	for i := range records {
		records[i] = records[i].Brief()
	}
	return records, err
}
