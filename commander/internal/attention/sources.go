package attention

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// Health tells how things are, at once: a health.Checker.
type Health interface{ Report() health.Report }

// Store is what is read of a store.Store.
type Store interface {
	Counts(ctx context.Context) (store.Counts, error)
	List(ctx context.Context, q store.Query) (store.Page, error)
	Peek(ctx context.Context, ids ...string) ([]store.Record, error)
	ListSessions(ctx context.Context) ([]store.Session, store.Source, error)
}

// Squads knows the squads, at once: a squads.Registry. ok is false where they are not known yet.
type Squads interface {
	List() (list []squads.Squad, ok bool)
}

// Limits knows the squads' limits: a limits.Keeper. Nil is that they are not known.
type Limits interface {
	Squads(ctx context.Context) (map[string]limits.Squad, error)
}

// Depths tells how full a queue is: a depths.Depths.
type Depths interface {
	Depth(ctx context.Context, queue string) (broker.Depth, error)
}

// Failures tells what attempts failed with: a trends.Keeper.
type Failures interface {
	Failures(ctx context.Context, r contracts.Range) (contracts.FailureList, store.Source, error)
}

// Schedules lists the schedules with their runs: a schedule.Keeper.
type Schedules interface {
	WithRuns(ctx context.Context) ([]contracts.Schedule, store.Source, error)
}

// Bulk lists the bulk jobs: a bulk.Jobs.
type Bulk interface {
	List(ctx context.Context) ([]contracts.BulkJob, store.Source, error)
}

// Sources are who is asked. All are required.
type Sources struct {
	Health    Health
	Store     Store
	Squads    Squads
	Limits    Limits
	Depths    Depths
	Failures  Failures
	Schedules Schedules
	Bulk      Bulk
}

// errOld: the store is away, and what memory has of this is too old to judge by.
var errOld = errors.New("only memory knows, as of some time ago")

// fill writes what a source said into a picture.
type fill func(*Picture)

// source is one question.
type source struct {
	name string
	// every is the least time between two questions; 0 asks at each look.
	every time.Duration
	ask   func(ctx context.Context, p Picture) (fill, error)

	begun   time.Time
	took    time.Duration
	last    fill    // nil where that is not known
	running *asking // nil where none is
}

// asking is a question that was put. The rest is there once done is closed.
type asking struct {
	done chan struct{}
	said fill
	err  error
	took time.Duration
}

const (
	// share is what part of the time a source's questions may take: one in so many, but for the longest pause.
	share        = 10
	longestPause = 30 * time.Second
)

func (s *source) due(now time.Time) bool {
	return s.running == nil && (s.begun.IsZero() || now.Sub(s.begun) >= max(s.every, min(share*s.took, longestPause)))
}

// hear notes the answer of a source that was asked. One that has not answered yet is not known.
func (s *source) hear(log *zap.Logger) {
	s.last = nil
	select {
	case <-s.running.done:
		a := s.running
		s.running, s.took = nil, a.took
		if a.err == nil {
			s.last = a.said
			return
		}
		log.Debug("a source can't be asked now", zap.String("source", s.name), zap.Error(a.err))
	default:
	}
}

// documentsEvery is for what lists a collection of documents.
const documentsEvery = 4 * time.Second

// independent are the sources that ask for one thing; last is the one that needs to know what they said.
func (s Sources) independent(now func() contracts.Time) []*source {
	fleet := &fleetSource{store: s.Store, now: now, lost: map[string]int{}, draining: map[string]contracts.Time{}}
	return []*source{
		{name: "health", ask: s.health},
		{name: "counts", ask: s.counts},
		{name: "soldiers", ask: fleet.ask},
		{name: "squads", ask: s.squads},
		{name: "limits", ask: s.limits, every: documentsEvery},
		{name: "depths", ask: s.depths},
		{name: "failures", ask: s.failures, every: documentsEvery},
		{name: "schedules", ask: s.schedules, every: documentsEvery},
		{name: "bulk", ask: s.bulk, every: documentsEvery},
	}
}

func (s Sources) last() *source {
	w := &waitingSource{store: s.Store}
	return &source{name: "waiting", ask: w.ask}
}

func (s Sources) health(context.Context, Picture) (fill, error) {
	r := s.Health.Report()
	return func(p *Picture) { p.Health = known(r) }, nil
}

func (s Sources) counts(ctx context.Context, _ Picture) (fill, error) {
	c, err := s.Store.Counts(ctx)
	if err == nil && c.Source.Degraded {
		err = errOld
	}
	return func(p *Picture) { p.Counts = known(c.ByStatus) }, err
}

func (s Sources) squads(context.Context, Picture) (fill, error) {
	list, ok := s.Squads.List()
	if !ok {
		return nil, errOld
	}
	return func(p *Picture) { p.Squads = known(list) }, nil
}

func (s Sources) limits(ctx context.Context, _ Picture) (fill, error) {
	list, err := s.Limits.Squads(ctx)
	if err == nil && list == nil {
		err = errOld
	}
	return func(p *Picture) { p.Limits = known(list) }, err
}

func (s Sources) depths(ctx context.Context, _ Picture) (fill, error) {
	ready := map[string]int{}
	for _, queue := range []string{topology.Submissions, topology.StatusRefused, topology.SubmissionsRefused, topology.OrdersDead} {
		d, err := s.Depths.Depth(ctx, queue)
		switch {
		case errors.Is(err, broker.ErrUnroutable): // nobody has declared it yet
		case err != nil:
			return nil, fmt.Errorf("depth of %s: %w", queue, err)
		default:
			ready[queue] = d.Ready
		}
	}
	return func(p *Picture) { p.Depths = known(ready) }, nil
}

func (s Sources) failures(ctx context.Context, _ Picture) (fill, error) {
	list, _, err := s.Failures.Failures(ctx, contracts.RangeHour)
	return func(p *Picture) { p.Failures = known(list.Groups) }, err
}

func (s Sources) schedules(ctx context.Context, _ Picture) (fill, error) {
	list, _, err := s.Schedules.WithRuns(ctx)
	return func(p *Picture) { p.Schedules = known(list) }, err
}

func (s Sources) bulk(ctx context.Context, _ Picture) (fill, error) {
	list, _, err := s.Bulk.List(ctx)
	return func(p *Picture) { p.Bulk = known(list) }, err
}

// fleetSource remembers of sessions what the store does not tell each time.
type fleetSource struct {
	store    Store
	now      func() contracts.Time
	lost     map[string]int
	draining map[string]contracts.Time
}

// peekMost is at how many missions of dead sessions one look looks.
const peekMost = 200

func (f *fleetSource) ask(ctx context.Context, _ Picture) (fill, error) {
	sessions, from, err := f.store.ListSessions(ctx)
	if err == nil && from.Degraded {
		err = errOld
	}
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	peeked := 0
	for _, s := range sessions {
		there[s.ID] = true
		switch _, counted := f.lost[s.ID]; {
		case s.State == store.SessionLive:
			if _, seen := f.draining[s.ID]; s.Draining && !seen {
				f.draining[s.ID] = f.now()
			}
		case !counted && peeked+len(s.Running) <= peekMost:
			peeked += len(s.Running)
			if f.lost[s.ID], err = f.lostBy(ctx, s); err != nil {
				delete(f.lost, s.ID)
				return nil, err
			}
		}
	}
	gone := func(id string) bool { return !there[id] }
	maps.DeleteFunc(f.lost, func(id string, _ int) bool { return gone(id) })
	maps.DeleteFunc(f.draining, func(id string, _ contracts.Time) bool { return gone(id) })
	fleet := Fleet{Sessions: sessions, Lost: maps.Clone(f.lost), Draining: maps.Clone(f.draining)}
	return func(p *Picture) { p.Fleet = known(fleet) }, nil
}

// lostBy counts the runs of a dead session that were given back, about: what it ran when it was last heard of may have ended in
// peace since. Then its mission has no loss, or, where an earlier run had one, was COMPLETED by this very run. One that failed by it and
// is tried again after an earlier loss is counted all the same.
func (f *fleetSource) lostBy(ctx context.Context, s store.Session) (n int, err error) {
	if len(s.Running) == 0 {
		return 0, nil
	}
	ids := make([]string, len(s.Running))
	for i, r := range s.Running {
		ids[i] = r.MissionID
	}
	records, err := f.store.Peek(ctx, ids...)
	if err != nil {
		return 0, err
	}
	for i, r := range records {
		completed := r.Mission.Status == contracts.StatusCompleted && r.Mission.Run == s.Running[i].Run
		if r.Mission.Losses > 0 && !completed {
			n++
		}
	}
	return n, nil
}
