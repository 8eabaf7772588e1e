package bulk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// every is the time between two looks for jobs that other commanders took orders for, or left behind.
	every = 2 * time.Second
	// lease is for how long a step has the job to itself, stepTime how long it may take: so it is over before.
	lease    = 7 * time.Second
	stepTime = 4 * time.Second
	// stepSize is how many missions a step changes, stepPages how many lists it looks at for them.
	stepSize  = 100
	stepPages = 10
	// perSecond is how many missions are changed at most, and between is the pause between two steps at least: the others' work
	// comes first.
	perSecond = 2000
	between   = 20 * time.Millisecond
	// patience is how often a job whose missions can't be listed is tried before it fails.
	patience = 5
)

// errLost means that another commander has the job.
var errLost = errors.New("the job is another commander's")

// Missions changes missions: a mission.Service.
type Missions interface {
	CancelAll(ctx context.Context, ids []string, t mission.Terms) ([]error, error)
	RetryAll(ctx context.Context, ids []string, t mission.Terms) ([]error, error)
	PurgeAll(ctx context.Context, ids []string, t mission.Terms) ([]error, error)
}

// Runner works on jobs. Stop waits for the step that is under way; others go on with the job at once.
type Runner struct {
	*background.Work

	jobs     *Jobs
	missions Missions
	counted  func(action contracts.BulkAction, outcome string, missions int)
	log      *zap.Logger
	owner    string
	// failures counts how often in a row a job failed for another reason than that the store is away.
	failures map[string]int
}

// NewRunner returns a runner. counted is told of what was changed, skipped or failed, and must not block.
func NewRunner(j *Jobs, ms Missions, counted func(action contracts.BulkAction, outcome string, missions int)) *Runner {
	r := &Runner{jobs: j, missions: ms, counted: counted, log: j.log, owner: uuid.NewString(), failures: map[string]int{}}
	r.Work = background.New(r.run)
	return r
}

func (r *Runner) run(ctx context.Context) {
	for ctx.Err() == nil {
		if worked, err := r.next(ctx); err != nil {
			r.log.Debug("bulk jobs wait", zap.Error(err))
		} else if worked {
			continue
		}
		background.PauseUnless(ctx, every, r.jobs.wake)
	}
}

// next works on the oldest job that has not ended, unless another commander does, and tells whether it did.
func (r *Runner) next(ctx context.Context) (bool, error) {
	look, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	all, source, err := r.jobs.all(look)
	if err != nil || source.Degraded {
		return false, err
	}
	r.jobs.tidy(look, all)
	i := slices.IndexFunc(all, func(v versioned) bool { return v.State == contracts.BulkRunning })
	if i < 0 {
		return false, nil
	}
	if found := all[i]; found.Owner != r.owner && found.Until.After(r.jobs.now().Time) {
		return false, nil
	}
	err = r.work(ctx, all[i].ID)
	return err == nil, r.judge(ctx, all[i].ID, err)
}

// judge ends a job that fails again and again. That the store is away, or that others have the job, is no failure of it.
func (r *Runner) judge(ctx context.Context, id string, err error) error {
	if err == nil || errors.Is(err, errLost) || errors.Is(err, ErrNotFound) || errors.Is(err, store.ErrUnavailable) ||
		errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return err
	}
	r.failures[id]++
	r.log.Warn("bulk job's step failed", zap.String("job", id), zap.Int("failures", r.failures[id]), zap.Error(err))
	if r.failures[id] < patience {
		return err
	}
	delete(r.failures, id)
	_, keepErr := r.jobs.update(ctx, id, func(j *job) error {
		if j.State == contracts.BulkRunning {
			j.Error = err.Error()
			j.end(contracts.BulkFailed, r.jobs.now())
		}
		return nil
	})
	return errors.Join(err, keepErr)
}

// work works on a job until it ends, or the runner does.
func (r *Runner) work(ctx context.Context, id string) error {
	held, err := r.take(ctx, id)
	if err != nil || held.State != contracts.BulkRunning {
		return err
	}
	var done tally
	if len(held.Pending) > 0 {
		if done, err = r.repeat(ctx, held); err != nil {
			return err
		}
	}
	for {
		began := time.Now()
		if ctx.Err() != nil {
			return r.release(ctx, held, done)
		}
		if held, err = r.advance(ctx, held, done); err != nil {
			return err
		}
		if held.State != contracts.BulkRunning {
			r.say(held)
			return nil
		}
		if done, err = r.step(ctx, held, held.Pending); err != nil {
			return err
		}
		took, least := time.Since(began), time.Duration(len(held.Pending))*time.Second/perSecond
		background.Pause(ctx, max(between, least-took))
	}
}

// take takes the lease.
func (r *Runner) take(ctx context.Context, id string) (job, error) {
	ctx, cancel := r.bounded(ctx)
	defer cancel()
	return r.jobs.update(ctx, id, func(j *job) error {
		now := r.jobs.now()
		if j.Owner != r.owner && j.Until.After(now.Time) {
			return errLost
		}
		if j.State == contracts.BulkRunning {
			j.Owner, j.Until = r.owner, contracts.At(now.Add(lease))
		}
		return nil
	})
}

// bounded is the time of a step, which the runner's end does not cut short.
func (r *Runner) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), stepTime)
}

// mine tells whether the job is as this runner left it, but perhaps stopped.
func (r *Runner) mine(j *job, held job) error {
	if j.Owner != r.owner || !slices.Equal(j.Pending, held.Pending) {
		return errLost
	}
	return nil
}

// advance counts what became of the step, and writes down whom the next one will change. The job has ended where there is nobody.
func (r *Runner) advance(ctx context.Context, held job, done tally) (job, error) {
	ctx, cancel := r.bounded(ctx)
	defer cancel()
	walk, ids, examined, err := r.choose(ctx, held)
	if err != nil {
		return job{}, err
	}
	next, err := r.jobs.update(ctx, held.ID, func(j *job) error {
		if err := r.mine(j, held); err != nil {
			return err
		}
		j.count(done)
		j.Pending = nil
		now := r.jobs.now()
		switch {
		case j.State != contracts.BulkRunning:
			j.Owner = ""
		case walk.Ended && len(ids) == 0:
			j.Examined += examined
			j.end(contracts.BulkDone, now)
		default:
			j.Examined, j.Matched = j.Examined+examined, j.Matched+len(ids)
			j.Cursor, j.Listed, j.Pending, j.Until = walk.Cursor, walk.Ended, ids, contracts.At(now.Add(lease))
		}
		return nil
	})
	if err == nil {
		delete(r.failures, held.ID)
		r.tell(held.Action, done)
	}
	return next, err
}

// choose lists the next missions to change.
func (r *Runner) choose(ctx context.Context, held job) (walk *Walk, ids []string, examined int, err error) {
	q := queryOf(held.Filter)
	q.Cursor = held.Cursor
	walk = NewWalk(r.jobs.store, q)
	walk.Ended = held.Listed
	for page := 0; page < stepPages && len(ids) < stepSize && !walk.Ended; page++ {
		fit, n, err := walk.Next(ctx, stepSize-len(ids))
		if err != nil {
			return nil, nil, 0, err
		}
		examined += n
		for _, m := range fit {
			if chosen(held.BulkRequest, m) {
				ids = append(ids, m.MissionID)
			}
		}
	}
	return walk, ids, examined, nil
}

// release counts what became of the last step, and lets others go on.
func (r *Runner) release(ctx context.Context, held job, done tally) error {
	ctx, cancel := r.bounded(ctx)
	defer cancel()
	_, err := r.jobs.update(ctx, held.ID, func(j *job) error {
		if err := r.mine(j, held); err != nil {
			return err
		}
		j.count(done)
		j.Pending, j.Owner, j.Until = nil, "", contracts.Time{}
		return nil
	})
	if err == nil {
		r.tell(held.Action, done)
	}
	return err
}

// step changes missions.
func (r *Runner) step(ctx context.Context, held job, ids []string) (tally, error) {
	var done tally
	if len(ids) == 0 {
		return done, nil
	}
	ctx, cancel := r.bounded(ctx)
	defer cancel()
	change := map[contracts.BulkAction]func(context.Context, []string, mission.Terms) ([]error, error){
		contracts.BulkCancel: r.missions.CancelAll, contracts.BulkRetry: r.missions.RetryAll, contracts.BulkPurge: r.missions.PurgeAll,
	}[held.Action]
	if change == nil {
		return done, fmt.Errorf("bulk job %s has the action %q, which this release does not know", held.ID, held.Action)
	}
	errs, err := change(ctx, ids, held.terms())
	if err != nil {
		return tally{}, err
	}
	for i, id := range ids {
		done.note(id, errs[i])
	}
	return done, nil
}

// repeat does a step that was begun before, perhaps by another commander, perhaps to its end.
func (r *Runner) repeat(ctx context.Context, held job) (tally, error) {
	if held.Action == contracts.BulkPurge {
		done, err := r.step(ctx, held, held.Pending)
		done.changed += done.skipped[contracts.BulkSkippedGone]
		delete(done.skipped, contracts.BulkSkippedGone)
		return done, err
	}
	var open []string
	for _, id := range held.Pending {
		marked, err := r.marked(ctx, held, id)
		if err != nil {
			return tally{}, err
		}
		if !marked {
			open = append(open, id)
		}
	}
	done, err := r.step(ctx, held, open)
	done.changed += len(held.Pending) - len(open)
	return done, err
}

// marked tells whether the job has changed a mission.
func (r *Runner) marked(ctx context.Context, held job, id string) (bool, error) {
	ctx, cancel := r.bounded(ctx)
	defer cancel()
	h, err := r.jobs.store.History(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case errors.Is(err, store.ErrNotInMemory), err == nil && h.Source.Degraded:
		return false, store.ErrUnavailable
	case err != nil:
		return false, fmt.Errorf("read history of mission %s: %w", id, err)
	}
	return slices.ContainsFunc(h.Lines, func(l contracts.HistoryLine) bool { return strings.Contains(l.Message, held.mark()) }), nil
}

func (r *Runner) tell(a contracts.BulkAction, t tally) {
	skipped := 0
	for _, n := range t.skipped {
		skipped += n
	}
	for outcome, n := range map[string]int{"changed": t.changed, "skipped": skipped, "failed": t.failed} {
		if n > 0 {
			r.counted(a, outcome, n)
		}
	}
}

func (r *Runner) say(j job) {
	r.log.Info("bulk job ended", zap.String("job", j.ID), zap.String("action", string(j.Action)), zap.String("state", string(j.State)),
		zap.Int("matched", j.Matched), zap.Int("changed", j.Changed), zap.Any("skipped", j.Skipped), zap.Int("failed", j.Failed))
}
