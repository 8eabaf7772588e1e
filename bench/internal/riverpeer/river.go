// Package riverpeer is River as a contender: PostgreSQL, with client and workers in this process. A job is done when its
// row says completed; its end is seen by River's event for that.
package riverpeer

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/mission-control-dev/mission-control/bench/internal/contender"
	"github.com/mission-control-dev/mission-control/bench/internal/postgres"
)

// Config is one set of settings.
type Config struct {
	// MaxWorkers, FetchCooldown and FetchPollInterval are River's.
	MaxWorkers                       int
	FetchCooldown, FetchPollInterval time.Duration
	// PoolSize is how many connections there are.
	PoolSize int
	// Postgres are settings of PostgreSQL.
	Postgres map[string]string
}

// River is the contender.
type River struct {
	cfg    Config
	server *postgres.Server
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	worked atomic.Int64
}

// New returns one that is not started.
func New(cfg Config) *River { return &River{cfg: cfg} }

// noop is a job without work.
type noop struct {
	N int `json:"n"`
}

// Kind names it.
func (noop) Kind() string { return "noop" }

type worker struct {
	river.WorkerDefaults[noop]
	worked *atomic.Int64
}

// Work keeps a result, as the others do.
func (w worker) Work(ctx context.Context, _ *river.Job[noop]) error {
	w.worked.Add(1)
	return river.RecordOutput(ctx, map[string]bool{"ok": true})
}

// Setup starts PostgreSQL and the workers.
func (r *River) Setup(ctx context.Context, dir string) error {
	var err error
	if r.server, err = postgres.Start(ctx, filepath.Join(dir, "postgres"), r.cfg.Postgres); err != nil {
		return err
	}
	pooling, err := pgxpool.ParseConfig(r.server.URL())
	if err != nil {
		return fmt.Errorf("reading the server's address: %w", err)
	}
	pooling.MaxConns = int32(r.cfg.PoolSize)
	if r.pool, err = pgxpool.NewWithConfig(ctx, pooling); err != nil {
		return fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	driver := riverpgxv5.New(r.pool)
	quiet := slog.New(slog.DiscardHandler)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet})
	if err != nil {
		return fmt.Errorf("preparing river's tables: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("making river's tables: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker{worked: &r.worked})
	r.client, err = river.NewClient(driver, &river.Config{
		FetchCooldown: r.cfg.FetchCooldown, FetchPollInterval: r.cfg.FetchPollInterval, JobTimeout: -1, Logger: quiet,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: r.cfg.MaxWorkers}}, Workers: workers,
	})
	if err != nil {
		return fmt.Errorf("preparing river: %w", err)
	}
	if err := r.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("starting river: %w", err)
	}
	return nil
}

// batchSize is how many jobs an InsertManyFast has.
const batchSize = 1000

// SubmitBatches inserts by COPY, River's fastest.
func (r *River) SubmitBatches(ctx context.Context, jobs int) error {
	return contender.Spread(ctx, contender.Chunks(jobs, batchSize), 2, func(ctx context.Context, i int) error {
		many := make([]river.InsertManyParams, contender.Chunk(i, jobs, batchSize))
		for at := range many {
			many[at].Args = noop{N: 1}
		}
		if _, err := r.client.InsertManyFast(ctx, many); err != nil {
			return fmt.Errorf("inserting jobs: %w", err)
		}
		return nil
	})
}

// SubmitSingles inserts one by one.
func (r *River) SubmitSingles(ctx context.Context, jobs int) error {
	return contender.Spread(ctx, jobs, contender.InFlight, func(ctx context.Context, _ int) error {
		if _, err := r.client.Insert(ctx, noop{N: 1}, nil); err != nil {
			return fmt.Errorf("inserting a job: %w", err)
		}
		return nil
	})
}

// AwaitAll counts completed rows, once the workers have worked on all: counting before would cost what it measures.
func (r *River) AwaitAll(ctx context.Context, total int) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if r.worked.Load() >= int64(total) {
			var done int
			if err := r.pool.QueryRow(ctx, "SELECT count(*) FROM river_job WHERE state = 'completed'").Scan(&done); err != nil {
				return fmt.Errorf("counting completed jobs: %w", err)
			}
			if done >= total {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d jobs were worked on: %w", r.worked.Load(), total, ctx.Err())
		}
	}
}

// Latencies sees jobs' ends by River's events.
func (r *River) Latencies(ctx context.Context, rate float64, jobs int) (map[string][]time.Duration, error) {
	events, cancel := r.client.SubscribeConfig(&river.SubscribeConfig{ChanSize: jobs, Kinds: []river.EventKind{river.EventKindJobCompleted}})
	w := contender.NewWatch(jobs)
	go func() {
		for e := range events {
			w.Seen(strconv.FormatInt(e.Job.ID, 10))
		}
	}()
	defer cancel()
	err := contender.Pace(ctx, rate, jobs, func(ctx context.Context, _ int, due time.Time) error {
		inserted, err := r.client.Insert(ctx, noop{N: 1}, nil)
		if err != nil {
			return fmt.Errorf("inserting a job: %w", err)
		}
		w.Due(strconv.FormatInt(inserted.Job.ID, 10), due)
		return nil
	})
	if err != nil {
		return nil, err
	}
	took, err := w.Await(ctx)
	return map[string][]time.Duration{contender.ByEvent: took}, err
}

// Processes are PostgreSQL, and this one for the rest.
func (r *River) Processes() map[string]int {
	return map[string]int{"postgres": r.server.PID(), "client and workers": os.Getpid()}
}

// Close ends the workers, then PostgreSQL.
func (r *River) Close(ctx context.Context) error {
	var err error
	if r.client != nil {
		err = r.client.StopAndCancel(ctx)
	}
	if r.pool != nil {
		r.pool.Close()
	}
	r.server.Stop(ctx)
	return err
}
