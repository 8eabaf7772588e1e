package shardstore

import (
	"context"

	"github.com/mission-control-dev/mission-control/store"
)

// AddReports implements store.Telemetry: shards side by side.
func (s *Store) AddReports(ctx context.Context, reports ...store.Report) error {
	if err := store.CheckReports(reports); err != nil {
		return err
	}
	parts := split(s, reports, func(r store.Report) string { return r.MissionID })
	return s.some(func(i int) bool { return len(parts[i]) > 0 }, func(i int) error {
		return s.shards[i].AddReports(ctx, pick(reports, parts[i])...)
	})
}

// Progress implements store.Telemetry.
func (s *Store) Progress(ctx context.Context, ids ...string) ([]store.Progress, error) {
	all := make([]store.Progress, len(ids))
	parts := split(s, ids, func(id string) string { return id })
	err := s.some(func(i int) bool { return len(parts[i]) > 0 }, func(i int) error {
		found, err := s.shards[i].Progress(ctx, pick(ids, parts[i])...)
		if err != nil {
			return err
		}
		for k, at := range parts[i] {
			all[at] = found[k]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Log implements store.Telemetry.
func (s *Store) Log(ctx context.Context, id string, after int64) (store.Log, error) {
	return s.shards[s.of(id)].Log(ctx, id, after)
}
