// Package ours is Mission Control as a contender: RabbitMQ, Redis, one commander and one soldier, each a process.
//
// Missions go in through the HTTP API, from a plain HTTP client that sends ready-made bodies over kept-alive connections
// and reads the answers' statuses alone, as a load generator does. They are done when GET /stats, which is read from
// Redis, counts them as COMPLETED.
package ours

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/child"
	"github.com/mission-control-dev/mission-control/bench/internal/contender"
	"github.com/mission-control-dev/mission-control/bench/internal/traffic"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/store/redisserver"
)

// Config is one set of settings.
type Config struct {
	// Commander and Soldier are the paths of the programs.
	Commander, Soldier string
	// Slots is the soldier's; 0 starts none.
	Slots int
	// AppendFsync is Redis's.
	AppendFsync string
	// OrdersWindow is the commander's; 0 is its default.
	OrdersWindow int
	// Pprof has both programs serve their profiles.
	Pprof bool
}

// Ours is the stack.
type Ours struct {
	cfg       Config
	redis     *redisserver.Server
	rabbit    *rabbitserver.Server
	commander *child.Process
	soldier   *child.Process
	client    *client.Client
	load      *load
	addr      string
	profiles  map[string]string
	// last are ids of missions posted one by one, of late.
	last [1000]atomic.Pointer[string]
}

// New returns a stack that is not started.
func New(cfg Config) *Ours { return &Ours{cfg: cfg, profiles: map[string]string{}} }

// enrollmentKey and masterSecret are for the benchmark's own stack, which lives for a minute on loopback.
const (
	enrollmentKey = "the benchmark's enrolment key"
	masterSecret  = "the benchmark's master secret, which keeps nothing secret"
)

// Setup starts the parts, and returns when the commander is well and knows the soldier.
func (o *Ours) Setup(ctx context.Context, dir string) error {
	var err error
	if o.redis, err = redisserver.Start(ctx, redisserver.Config{Dir: filepath.Join(dir, "redis"), AppendFsync: o.cfg.AppendFsync}); err != nil {
		return err
	}
	if o.rabbit, err = rabbitserver.Start(ctx, rabbitserver.Config{Dir: filepath.Join(dir, "rabbitmq")}); err != nil {
		return err
	}
	if o.addr, err = child.FreeAddr(); err != nil {
		return err
	}
	url := "http://" + o.addr
	if o.client, err = client.New(client.Config{BaseURL: url}); err != nil {
		return err
	}
	o.load = newLoad(url)
	shared := []string{"RABBITMQ_URL=" + o.rabbit.URL(), "LOG_LEVEL=warn"}
	o.commander, err = o.start(o.cfg.Commander, filepath.Join(dir, "commander.log"), append(shared,
		"COMMANDER_ADDR="+o.addr, "REDIS_URL="+o.redis.URL(), "COMMANDER_MASTER_SECRET="+masterSecret,
		"COMMANDER_ENROLLMENT_KEY="+enrollmentKey, "COMMANDER_ORDERS_WINDOW="+windowText(o.cfg.OrdersWindow)))
	if err != nil {
		return err
	}
	if err := o.commander.Await(ctx, o.healthy); err != nil {
		return err
	}
	if o.cfg.Slots == 0 {
		return nil
	}
	o.soldier, err = o.start(o.cfg.Soldier, filepath.Join(dir, "soldier.log"), append(shared,
		"SOLDIER_ID=bench", "SOLDIER_ENROLLMENT_KEY="+enrollmentKey, "COMMANDER_URL="+url,
		"SOLDIER_SLOTS="+strconv.Itoa(o.cfg.Slots), "SOLDIER_DRAIN_TIMEOUT=0s"))
	if err != nil {
		return err
	}
	return o.soldier.Await(ctx, o.knowsSoldier)
}

func windowText(window int) string {
	if window == 0 {
		return ""
	}
	return strconv.Itoa(window)
}

// start starts one of our programs without the settings of the caller's own stack.
func (o *Ours) start(program, log string, env []string) (*child.Process, error) {
	cmd := exec.Command(program)
	for _, kv := range os.Environ() {
		switch name, _, _ := strings.Cut(kv, "="); {
		case strings.HasPrefix(name, "COMMANDER_"), strings.HasPrefix(name, "SOLDIER_"), strings.HasPrefix(name, "REDIS_"),
			strings.HasPrefix(name, "RABBITMQ_"), strings.HasPrefix(name, "LOG_"), strings.HasPrefix(name, "MISSION_CONTROL_"):
		default:
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	if o.cfg.Pprof {
		addr, err := child.FreeAddr()
		if err != nil {
			return nil, err
		}
		o.profiles[strings.TrimSuffix(filepath.Base(log), ".log")] = addr
		cmd.Env = append(cmd.Env, "BENCH_PPROF="+addr)
	}
	return child.Start(cmd, log)
}

func (o *Ours) healthy(ctx context.Context) error {
	h, err := o.client.Health(ctx)
	if err == nil && h.Status != "ok" {
		err = fmt.Errorf("the commander's health is %q", h.Status)
	}
	return err
}

func (o *Ours) knowsSoldier(ctx context.Context) error {
	fleet, err := o.client.Soldiers(ctx)
	if err == nil && len(fleet.Soldiers) == 0 {
		err = errors.New("the commander knows no soldier yet")
	}
	return err
}

// BatchSize is how many missions a POST /missions/batch carries.
const BatchSize = 500

// batchesInFlight is how many batches are under way at once.
const batchesInFlight = 4

// SubmitBatches posts to /missions/batch.
func (o *Ours) SubmitBatches(ctx context.Context, jobs int) error {
	return contender.Spread(ctx, contender.Chunks(jobs, BatchSize), batchesInFlight, func(_ context.Context, i int) error {
		return o.load.batch(contender.Chunk(i, jobs, BatchSize))
	})
}

// SubmitSingles posts to /missions, each from a connection that is kept.
func (o *Ours) SubmitSingles(ctx context.Context, jobs int) error {
	return contender.Spread(ctx, jobs, contender.InFlight, func(_ context.Context, i int) error {
		id, err := o.load.single()
		o.last[i%len(o.last)].Store(&id)
		return err
	})
}

// AwaitAll asks /stats every 20 ms.
func (o *Ours) AwaitAll(ctx context.Context, total int) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := o.client.Stats(ctx)
		if err != nil {
			return err
		}
		if s.Counts[contracts.StatusFailed] > 0 {
			return fmt.Errorf("%d missions failed", s.Counts[contracts.StatusFailed])
		}
		if s.Counts[contracts.StatusCompleted] >= int64(total) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d missions (%v): %w", total, s.Counts, ctx.Err())
		}
	}
}

// Traffic is that of the two servers.
func (o *Ours) Traffic(ctx context.Context) (map[string]float64, error) {
	redis, err := traffic.Redis(ctx, o.redis.Addr())
	if err != nil {
		return nil, err
	}
	rabbit, err := traffic.RabbitMQ(ctx, o.rabbit)
	return map[string]float64{"redis": redis, "rabbitmq": rabbit}, err
}

// Processes are the four parts.
func (o *Ours) Processes() map[string]int {
	out := map[string]int{"commander": o.commander.PID(), "redis": o.redis.PID(), "rabbitmq": o.rabbit.PID()}
	if o.soldier != nil {
		out["soldier"] = o.soldier.PID()
	}
	return out
}

// Profiles are the addresses where our programs serve pprof, by name; empty unless asked for.
func (o *Ours) Profiles() map[string]string { return o.profiles }

// Close ends the soldier first, so that nothing complains of the others' end.
func (o *Ours) Close(ctx context.Context) error {
	o.soldier.Stop(ctx, syscall.SIGTERM)
	o.commander.Stop(ctx, syscall.SIGTERM)
	var errs []error
	// Their data goes with them: there is nothing to be graceful about.
	if o.rabbit != nil {
		if o.rabbit.PID() != 0 {
			errs = append(errs, o.rabbit.Kill())
		}
		errs = append(errs, o.rabbit.Stop(ctx))
	}
	if o.redis != nil && o.redis.PID() != 0 {
		errs = append(errs, o.redis.Kill())
	}
	return errors.Join(errs...)
}
