package dualstore

import (
	"context"

	"github.com/mission-control-dev/mission-control/store"
)

// Nothing of telemetry is in memory: while the primary is away, nobody waits for it.

// AddReports implements store.Telemetry. A primary that takes its time with reports is not away for reads.
func (s *Store) AddReports(ctx context.Context, reports ...store.Report) error {
	if s.breaker.isAway() {
		return store.ErrUnavailable
	}
	return s.primary.AddReports(ctx, reports...)
}

// Progress implements store.Telemetry.
func (s *Store) Progress(ctx context.Context, ids ...string) ([]store.Progress, error) {
	return read(ctx, s, func(ctx context.Context) ([]store.Progress, error) {
		return s.primary.Progress(ctx, ids...)
	}, func() ([]store.Progress, error) { return nil, store.ErrUnavailable })
}

// Log implements store.Telemetry.
func (s *Store) Log(ctx context.Context, id string, after int64) (store.Log, error) {
	return read(ctx, s, func(ctx context.Context) (store.Log, error) {
		return s.primary.Log(ctx, id, after)
	}, func() (store.Log, error) { return store.Log{}, store.ErrUnavailable })
}
