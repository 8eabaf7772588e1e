// Package asynqpeer is Asynq as a contender: Redis, with client and server in this process. A job is done when it is in
// Asynq's set of completed tasks; its end is seen by the handler, a moment before that.
package asynqpeer

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"

	"github.com/mission-control-dev/mission-control/bench/internal/contender"
	"github.com/mission-control-dev/mission-control/bench/internal/redisjobs"
	"github.com/mission-control-dev/mission-control/bench/internal/traffic"
)

// Config is one set of settings.
type Config struct {
	// Concurrency and TaskCheckInterval are Asynq's; 0 is its default (a task a core, and 1 s).
	Concurrency       int
	TaskCheckInterval time.Duration
	// PoolSize is how many connections to Redis client and server have each; 0 is the default (10 a core).
	PoolSize int
	// AppendFsync is Redis's.
	AppendFsync string
}

// Asynq is the contender.
type Asynq struct {
	cfg    Config
	jobs   redisjobs.Jobs
	client *asynq.Client
	server *asynq.Server
	watch  atomic.Pointer[contender.Watch]
	number atomic.Int64
}

// New returns one that is not started.
func New(cfg Config) *Asynq { return &Asynq{cfg: cfg} }

// retention keeps completed tasks with their results.
const retention = 24 * time.Hour

// Setup starts Redis and the server.
func (a *Asynq) Setup(ctx context.Context, dir string) error {
	if err := a.jobs.Start(ctx, filepath.Join(dir, "redis"), a.cfg.AppendFsync); err != nil {
		return err
	}
	redis := asynq.RedisClientOpt{Addr: a.jobs.Addr(), PoolSize: a.cfg.PoolSize}
	a.client = asynq.NewClient(redis)
	a.server = asynq.NewServer(redis, asynq.Config{
		Concurrency: a.cfg.Concurrency, TaskCheckInterval: a.cfg.TaskCheckInterval, LogLevel: asynq.ErrorLevel,
	})
	if err := a.server.Start(asynq.HandlerFunc(a.handle)); err != nil {
		return fmt.Errorf("starting asynq's server: %w", err)
	}
	return nil
}

func (a *Asynq) handle(_ context.Context, t *asynq.Task) error {
	_, err := t.ResultWriter().Write([]byte(`{"ok":true}`))
	if w := a.watch.Load(); w != nil {
		var args struct {
			N string `json:"n"`
		}
		if err := json.Unmarshal(t.Payload(), &args); err != nil {
			slog.Error("asynq: unreadable payload", "error", err)
		}
		w.Seen(args.N)
	}
	return err
}

func (a *Asynq) enqueue(ctx context.Context, id string) error {
	if _, err := a.client.EnqueueContext(ctx, asynq.NewTask("noop", []byte(`{"n":"`+id+`"}`)), asynq.Retention(retention)); err != nil {
		return fmt.Errorf("enqueueing: %w", err)
	}
	return nil
}

// SubmitBatches is SubmitSingles: Asynq has no bulk call.
func (a *Asynq) SubmitBatches(ctx context.Context, jobs int) error { return a.SubmitSingles(ctx, jobs) }

// SubmitSingles enqueues.
func (a *Asynq) SubmitSingles(ctx context.Context, jobs int) error {
	return contender.Spread(ctx, jobs, contender.InFlight, func(ctx context.Context, _ int) error {
		return a.enqueue(ctx, strconv.FormatInt(a.number.Add(1), 10))
	})
}

// AwaitAll counts completed tasks.
func (a *Asynq) AwaitAll(ctx context.Context, total int) error {
	return a.jobs.AwaitCard(ctx, "asynq:{default}:completed", total)
}

// Latencies sees jobs' ends in the handler.
func (a *Asynq) Latencies(ctx context.Context, rate float64, jobs int) (map[string][]time.Duration, error) {
	w := contender.NewWatch(jobs)
	a.watch.Store(w)
	defer a.watch.Store(nil)
	err := contender.Pace(ctx, rate, jobs, func(ctx context.Context, _ int, due time.Time) error {
		id := strconv.FormatInt(a.number.Add(1), 10)
		w.Due(id, due)
		return a.enqueue(ctx, id)
	})
	if err != nil {
		return nil, err
	}
	took, err := w.Await(ctx)
	return map[string][]time.Duration{contender.ByEvent: took}, err
}

// Traffic is Redis's.
func (a *Asynq) Traffic(ctx context.Context) (map[string]float64, error) {
	redis, err := traffic.Redis(ctx, a.jobs.Addr())
	return map[string]float64{"redis": redis}, err
}

// Processes are Redis, and this one for the rest.
func (a *Asynq) Processes() map[string]int {
	return map[string]int{"redis": a.jobs.PID(), "client and server": os.Getpid()}
}

// Close ends the server and Redis.
func (a *Asynq) Close(context.Context) error {
	if a.server != nil {
		a.server.Shutdown()
	}
	if a.client != nil {
		_ = a.client.Close() // Redis goes next
	}
	return a.jobs.Stop()
}
