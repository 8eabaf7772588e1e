package memstore

import (
	"cmp"
	"context"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// telemetry is what was reported of a mission.
type telemetry struct {
	progress store.Progress
	// seq is the last report's of the run, said how many lines it has said.
	seq, said int64
	lines     []contracts.NumberedLine
	last      int64
	size      int
}

// AddReports implements store.Telemetry.
func (s *Store) AddReports(ctx context.Context, reports ...store.Report) error {
	if err := cmp.Or(ctx.Err(), store.CheckReports(reports)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range reports {
		if m := s.missions[r.MissionID]; m != nil {
			m.told.add(r)
		}
	}
	return nil
}

func (t *telemetry) add(r store.Report) {
	if r.Run > t.progress.Run {
		t.progress, t.seq, t.said = store.Progress{Run: r.Run}, 0, 0
	}
	if r.Run < t.progress.Run || r.Seq <= t.seq {
		return
	}
	if t.seq = r.Seq; r.Progress != nil {
		t.progress.Progress = *r.Progress
	}
	t.last += max(0, r.Before-t.said)
	known := min(max(0, t.said-r.Before), int64(len(r.Lines)))
	t.said = max(t.said, r.Before+int64(len(r.Lines)))
	for _, l := range r.Lines[known:] {
		t.last++
		t.lines = append(t.lines, contracts.NumberedLine{Number: t.last, Attempt: r.Attempt, Run: r.Run, LogLine: l})
		t.size += store.LineSize(l)
	}
	for len(t.lines) > contracts.MaxLogLines || t.size > contracts.MaxLogBytes {
		t.size -= store.LineSize(t.lines[0].LogLine)
		t.lines = t.lines[1:]
	}
}

// Progress implements store.Telemetry.
func (s *Store) Progress(ctx context.Context, ids ...string) ([]store.Progress, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]store.Progress, len(ids))
	for i, id := range ids {
		if m := s.missions[id]; m != nil {
			all[i] = m.told.progress
		}
	}
	return all, nil
}

// Log implements store.Telemetry.
func (s *Store) Log(ctx context.Context, id string, after int64) (store.Log, error) {
	if err := ctx.Err(); err != nil {
		return store.Log{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.missions[id]
	if m == nil {
		return store.Log{}, store.ErrNotFound
	}
	t := &m.told
	log := store.Log{Progress: t.progress, Last: t.last, Dropped: t.last - int64(len(t.lines))}
	for _, l := range t.lines {
		if l.Number > after {
			log.Lines = append(log.Lines, l)
		}
	}
	return log, nil
}
