package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Errors of Jobs, beside the store's.
var (
	// ErrNotFound: there is no such job, or it is not kept any more.
	ErrNotFound = errors.New("no such bulk job")
	// ErrTooMany: maxUnfinished jobs wait.
	ErrTooMany = errors.New("too many bulk jobs wait")
)

const (
	// keepJobs and keepFor say which jobs that have ended are kept: the newest ones, for as long.
	keepJobs = 100
	keepFor  = 7 * 24 * time.Hour
	// maxUnfinished is how many jobs may wait.
	maxUnfinished = 100
	// previewTime bounds a preview.
	previewTime = 5 * time.Second
	// updateTries is how often a document is changed anew because others came first.
	updateTries = 20
)

// Store is what is needed of a store.
type Store interface {
	store.Documents
	Lister
	History(ctx context.Context, id string) (store.History, error)
}

// Jobs takes orders for jobs, and tells of them. It is safe for concurrent use.
type Jobs struct {
	store Store
	now   func() contracts.Time
	log   *zap.Logger
	// wake tells this commander's Runner that there is something to do.
	wake chan struct{}
}

// NewJobs returns Jobs. now is the clock that all commanders share.
func NewJobs(s Store, now func() contracts.Time, log *zap.Logger) *Jobs {
	return &Jobs{store: s, now: now, log: log.Named("bulk"), wake: make(chan struct{}, 1)}
}

// Preview tells what a job would choose now. It looks at contracts.MaxBulkPreview missions at most, for a few seconds.
func (j *Jobs) Preview(ctx context.Context, r contracts.BulkRequest) (contracts.BulkPreview, error) {
	began, walk, examined := time.Now(), NewWalk(j.store, queryOf(r.Filter)), 0
	p := contracts.BulkPreview{Sample: []contracts.Mission{}}
	for !walk.Ended && examined < contracts.MaxBulkPreview && time.Since(began) < previewTime {
		fit, n, err := walk.Next(ctx, contracts.MaxListLimit)
		if err != nil {
			return contracts.BulkPreview{}, err
		}
		examined += n
		for _, m := range fit {
			if !chosen(r, m) {
				continue
			}
			if p.Matched++; len(p.Sample) < contracts.MaxBulkSample {
				p.Sample = append(p.Sample, m)
			}
		}
	}
	p.Complete = walk.Ended
	return p, nil
}

// Order keeps a job for a valid request. A commander begins with it in a moment. ErrTooMany where it can't wait.
func (j *Jobs) Order(ctx context.Context, r contracts.BulkRequest) (contracts.BulkJob, error) {
	all, _, err := j.all(ctx)
	if err != nil {
		return contracts.BulkJob{}, err
	}
	waiting := 0
	for _, one := range all {
		if one.State == contracts.BulkRunning {
			waiting++
		}
	}
	if waiting >= maxUnfinished {
		return contracts.BulkJob{}, ErrTooMany
	}
	id, err := uuid.NewV7()
	if err != nil {
		return contracts.BulkJob{}, fmt.Errorf("make bulk job's id: %w", err)
	}
	now := j.now()
	newest, err := j.newest(ctx)
	if err != nil {
		return contracts.BulkJob{}, err
	}
	made := job{
		BulkJob: contracts.BulkJob{ID: id.String(), BulkRequest: r, State: contracts.BulkRunning, CreatedAt: now},
		Cursor:  contracts.FirstMissionID(latest(now, newest)),
	}
	d, err := made.document(0)
	if err != nil {
		return contracts.BulkJob{}, err
	}
	if _, err := j.store.PutDocument(ctx, collection, d); err != nil {
		return contracts.BulkJob{}, fmt.Errorf("keep bulk job: %w", err)
	}
	j.log.Info("bulk job ordered", zap.String("job", made.ID), zap.String("action", string(r.Action)), zap.Any("filter", r.Filter),
		zap.Bool("all", r.All), zap.String("reason", r.Reason))
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return made.BulkJob, nil
}

// newest is when the newest mission was created, by the clock of the commander that did it; and a millisecond.
func (j *Jobs) newest(ctx context.Context) (contracts.Time, error) {
	first, _, err := NewWalk(j.store, store.Query{}).Next(ctx, 1)
	if err != nil || len(first) == 0 {
		return contracts.Time{}, err
	}
	created, _ := contracts.MissionCreated(first[0].MissionID)
	return contracts.At(created.Add(time.Millisecond)), nil
}

func latest(a, b contracts.Time) contracts.Time {
	if a.After(b.Time) {
		return a
	}
	return b
}

// Job returns one; ErrNotFound. While the store is away it is as it was listed last.
func (j *Jobs) Job(ctx context.Context, id string) (contracts.BulkJob, store.Source, error) {
	d, err := j.store.Document(ctx, collection, id)
	switch {
	case errors.Is(err, store.ErrUnavailable):
		return j.listed(ctx, id, err)
	case errors.Is(err, store.ErrNotFound):
		return contracts.BulkJob{}, store.Source{}, ErrNotFound
	case err != nil:
		return contracts.BulkJob{}, store.Source{}, fmt.Errorf("read bulk job %s: %w", id, err)
	}
	found, err := readJob(d)
	return found.BulkJob, store.Source{}, err
}

// listed looks for a job in what memory has of the last list.
func (j *Jobs) listed(ctx context.Context, id string, away error) (contracts.BulkJob, store.Source, error) {
	all, source, err := j.List(ctx)
	if err == nil {
		for _, one := range all {
			if one.ID == id {
				return one, source, nil
			}
		}
	}
	return contracts.BulkJob{}, store.Source{}, fmt.Errorf("read bulk job %s: %w", id, away)
}

// List returns all that are kept, the newest first.
func (j *Jobs) List(ctx context.Context) ([]contracts.BulkJob, store.Source, error) {
	all, source, err := j.all(ctx)
	if err != nil {
		return nil, store.Source{}, err
	}
	list := make([]contracts.BulkJob, len(all))
	for i, one := range slices.Backward(all) {
		list[len(all)-1-i] = one.BulkJob
	}
	return list, source, nil
}

// Stop has a job end, and returns it as it is then; one that has ended stays as it is. ErrNotFound.
func (j *Jobs) Stop(ctx context.Context, id string) (contracts.BulkJob, error) {
	stopped, err := j.update(ctx, id, func(found *job) error {
		if found.State == contracts.BulkRunning {
			owner := found.Owner
			found.end(contracts.BulkStopped, j.now())
			found.Owner = owner // it counts what it has done meanwhile
		}
		return nil
	})
	return stopped.BulkJob, err
}

// versioned is a job in the version that was read.
type versioned struct {
	job
	version int64
}

// all returns all jobs that can be read, in the order in which they were given: one that can't holds up no other.
func (j *Jobs) all(ctx context.Context) ([]versioned, store.Source, error) {
	documents, source, err := j.store.ListDocuments(ctx, collection)
	if err != nil {
		return nil, store.Source{}, fmt.Errorf("list bulk jobs: %w", err)
	}
	all := make([]versioned, 0, len(documents))
	for _, d := range documents {
		found, err := readJob(d)
		if err != nil {
			j.log.Debug("bulk job is left out", zap.Error(err))
			continue
		}
		all = append(all, versioned{found, d.Version})
	}
	slices.SortFunc(all, func(a, b versioned) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt.Time), cmp.Compare(a.ID, b.ID))
	})
	return all, source, nil
}

// tidy removes jobs that are not kept any more, of all in their order.
func (j *Jobs) tidy(ctx context.Context, all []versioned) {
	ended, now := 0, j.now()
	for _, one := range slices.Backward(all) {
		if one.State == contracts.BulkRunning {
			continue
		}
		if ended++; ended <= keepJobs && now.Sub(one.FinishedAt.Time) < keepFor {
			continue
		}
		if err := j.store.DeleteDocument(ctx, collection, one.ID, one.version); err != nil && !errors.Is(err, store.ErrDocumentChanged) {
			j.log.Debug("bulk job can't be removed", zap.String("job", one.ID), zap.Error(err))
			return
		}
	}
}

// update changes a job, again where others came first.
func (j *Jobs) update(ctx context.Context, id string, change func(*job) error) (job, error) {
	for range updateTries {
		d, err := j.store.Document(ctx, collection, id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return job{}, ErrNotFound
		case err != nil:
			return job{}, fmt.Errorf("read bulk job %s: %w", id, err)
		}
		found, err := readJob(d)
		if err != nil {
			return job{}, err
		}
		if err := change(&found); err != nil {
			return job{}, err
		}
		next, err := found.document(d.Version)
		if err != nil {
			return job{}, err
		}
		_, err = j.store.PutDocument(ctx, collection, next)
		switch {
		case err == nil:
			return found, nil
		case !errors.Is(err, store.ErrDocumentChanged):
			return job{}, fmt.Errorf("keep bulk job %s: %w", id, err)
		}
	}
	return job{}, fmt.Errorf("bulk job %s: %w", id, mission.ErrContended)
}
