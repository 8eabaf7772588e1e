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
	"github.com/mission-control-dev/mission-control/contracts/freeport"
	"github.com/mission-control-dev/mission-control/store/redisserver"
)

// Config is one set of settings.
type Config struct {
	// Commander and Soldier are the paths of the programs.
	Commander, Soldier string
	// Commanders is how many there are; 0 is one.
	Commanders int
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
	cfg        Config
	dir        string
	redis      *redisserver.Server
	rabbit     *rabbitserver.Server
	commanders []*child.Process
	addrs      []string
	soldiers   []*child.Process
	enlisted   int // soldiers so far
	client     *client.Client
	load       *load
	profiles   map[string]string
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

// Setup starts the parts, and returns when the commanders are well and know the soldier.
func (o *Ours) Setup(ctx context.Context, dir string) error {
	o.dir = dir
	var err error
	if o.redis, err = redisserver.Start(ctx, redisserver.Config{Dir: filepath.Join(dir, "redis"), AppendFsync: o.cfg.AppendFsync}); err != nil {
		return err
	}
	if o.rabbit, err = rabbitserver.Start(ctx, rabbitserver.Config{Dir: filepath.Join(dir, "rabbitmq")}); err != nil {
		return err
	}
	for range max(1, o.cfg.Commanders) {
		addr, err := freeport.TakeAddr()
		if err != nil {
			return err
		}
		o.addrs = append(o.addrs, addr)
	}
	if o.client, err = client.New(client.Config{BaseURL: o.urls()[0]}); err != nil {
		return err
	}
	o.load = newLoad(o.urls())
	if err := o.StartCommanders(ctx); err != nil || o.cfg.Slots == 0 {
		return err
	}
	return o.StartSoldier(ctx, o.cfg.Slots)
}

func (o *Ours) urls() []string {
	var urls []string
	for _, addr := range o.addrs {
		urls = append(urls, "http://"+addr)
	}
	return urls
}

// StartCommanders starts all of them, and returns when they are well.
func (o *Ours) StartCommanders(ctx context.Context) error {
	for i, addr := range o.addrs {
		commander, err := o.start(o.cfg.Commander, filepath.Join(o.dir, numbered("commander", i)+".log"), append(o.shared(),
			"COMMANDER_ADDR="+addr, "REDIS_URL="+o.redis.URL(), "COMMANDER_MASTER_SECRET="+masterSecret,
			"COMMANDER_ENROLLMENT_KEY="+enrollmentKey, "COMMANDER_ORDERS_WINDOW="+windowText(o.cfg.OrdersWindow)))
		if err != nil {
			return err
		}
		o.commanders = append(o.commanders, commander)
	}
	for i, commander := range o.commanders {
		well := func(ctx context.Context) error { return o.well(ctx, o.urls()[i]) }
		if err := commander.Await(ctx, well); err != nil {
			return err
		}
	}
	return nil
}

// StopCommanders ends them as an operator would.
func (o *Ours) StopCommanders(ctx context.Context) {
	for _, commander := range o.commanders {
		commander.Stop(ctx, syscall.SIGTERM)
	}
	o.commanders = nil
}

// StartSoldier starts one more soldier, and returns when the first commander knows it.
func (o *Ours) StartSoldier(ctx context.Context, slots int) error {
	o.enlisted++
	id := fmt.Sprintf("bench-%d", o.enlisted)
	soldier, err := o.start(o.cfg.Soldier, filepath.Join(o.dir, numbered("soldier", o.enlisted-1)+".log"), append(o.shared(),
		"SOLDIER_ID="+id, "SOLDIER_ENROLLMENT_KEY="+enrollmentKey, "COMMANDER_URL="+strings.Join(o.urls(), ","),
		"SOLDIER_SLOTS="+strconv.Itoa(slots), "SOLDIER_DRAIN_TIMEOUT=0s"))
	if err != nil {
		return err
	}
	o.soldiers = append(o.soldiers, soldier)
	return soldier.Await(ctx, func(ctx context.Context) error { return o.knows(ctx, id) })
}

// StopSoldiers ends them all.
func (o *Ours) StopSoldiers(ctx context.Context) {
	for _, soldier := range o.soldiers {
		soldier.Stop(ctx, syscall.SIGTERM)
	}
	o.soldiers = nil
}

// shared are settings of both programs.
func (o *Ours) shared() []string {
	return []string{"RABBITMQ_URL=" + o.rabbit.URL(), "LOG_LEVEL=warn"}
}

// numbered is a name, with a number behind it from the second on.
func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, i+1)
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
		addr, err := freeport.TakeAddr()
		if err != nil {
			return nil, err
		}
		o.profiles[strings.TrimSuffix(filepath.Base(log), ".log")] = addr
		cmd.Env = append(cmd.Env, "BENCH_PPROF="+addr)
	}
	return child.Start(cmd, log)
}

// well tells whether the commander with the URL is.
func (o *Ours) well(ctx context.Context, url string) error {
	c, err := client.New(client.Config{BaseURL: url})
	if err != nil {
		return err
	}
	h, err := c.Health(ctx)
	if err == nil && h.Status != "ok" {
		err = fmt.Errorf("the commander's health is %q", h.Status)
	}
	return err
}

// knows tells whether the first commander knows the soldier.
func (o *Ours) knows(ctx context.Context, id string) error {
	fleet, err := o.client.Soldiers(ctx)
	if err != nil {
		return err
	}
	for _, s := range fleet.Soldiers {
		if s.SoldierID == id {
			return nil
		}
	}
	return fmt.Errorf("the commander does not know soldier %s yet", id)
}

// BatchSize is how many missions a POST /missions/batch carries.
const BatchSize = 500

// batchesInFlight is how many batches are under way at once.
const batchesInFlight = 4

// SubmitBatches posts to /missions/batch.
func (o *Ours) SubmitBatches(ctx context.Context, jobs int) error {
	return o.SubmitAs(ctx, jobs, func(int) []byte { return o.load.one })
}

// SubmitAs posts to /missions/batch what mission writes for each job.
func (o *Ours) SubmitAs(ctx context.Context, jobs int, mission func(i int) []byte) error {
	return contender.Spread(ctx, contender.Chunks(jobs, BatchSize), batchesInFlight, func(_ context.Context, i int) error {
		return o.load.batch(contender.Chunk(i, jobs, BatchSize), func(k int) []byte { return mission(i*BatchSize + k) })
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

// Processes are all parts.
func (o *Ours) Processes() map[string]int {
	out := map[string]int{"redis": o.redis.PID(), "rabbitmq": o.rabbit.PID()}
	for i, commander := range o.commanders {
		out[numbered("commander", i)] = commander.PID()
	}
	for i, soldier := range o.soldiers {
		out[numbered("soldier", i)] = soldier.PID()
	}
	return out
}

// Profiles are the addresses where our programs serve pprof, by name; empty unless asked for.
func (o *Ours) Profiles() map[string]string { return o.profiles }

// Close ends the soldier first, so that nothing complains of the others' end.
func (o *Ours) Close(ctx context.Context) error {
	o.StopSoldiers(ctx)
	o.StopCommanders(ctx)
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
