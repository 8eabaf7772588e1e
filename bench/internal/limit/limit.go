// Package limit measures what RabbitMQ and Redis leave room for: the messages and writes of Mission Control's protocol,
// sent by bare clients that do nothing else. No JSON, no HTTP, no tokens, no indexes, no history. What a contender of ours
// reaches is told as a share of this.
//
//	orders    submitter ──> orders ──> soldier       one persistent message a job, confirmed; acked after the final
//	updates   soldier ──> status ──> commander       claims and finals, persistent, confirmed; acked when settled
//	grants    commander ──> inbox ──> soldier        transient; only where claims are answered
//
// Three of them: with two status messages a job; with status messages in packs of up to 64; and with packs, where a job's
// mission is written to Redis before its order is sent, its claim is decided by a script there and answered before the job
// starts, and its final is written there (the claim limit). The last is the floor of our protocol.
//
// All three run in this process, over a connection for each direction of each side, as ours do.
package limit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/bench/internal/contender"
	"github.com/mission-control-dev/mission-control/bench/internal/traffic"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/store/redisserver"
)

// Protocol is how much of ours is done.
type Protocol int

// The protocols.
const (
	// Single sends each status message by itself.
	Single Protocol = iota
	// Packed sends status messages in packs.
	Packed
	// Claimed also waits for the answer to the claim, with the mission in Redis.
	Claimed
)

// Sizes of bodies in bytes, near those of our messages: an order with a mission of no payload, a status update, and what
// a pack has besides (the token above all) and a message of grants has.
const (
	orderSize  = 640
	updateSize = 320
	packSize   = 560
	grantsSize = 16
	packMost   = 64
)

// Config is one limit.
type Config struct {
	Protocol Protocol
	// Slots is how many jobs may be under way.
	Slots int
	// OrdersTogether is how many orders a message has; 0 is one.
	OrdersTogether int
	// AppendFsync is Redis's, where it is used.
	AppendFsync string
}

// Limit is the contender.
type Limit struct {
	cfg    Config
	rabbit *rabbitserver.Server
	redis  *redisserver.Server
	store  rueidis.Client
	conns  []*amqp.Connection
	script *rueidis.Lua
	orders *outlet
	ids    atomic.Int64
	done   atomic.Int64
	watch  atomic.Pointer[contender.Watch] // nil unless latencies are measured
	failed chan error
	cancel context.CancelFunc
}

// New returns one that is not started.
func New(cfg Config) *Limit { return &Limit{cfg: cfg, failed: make(chan error, 8)} }

// Names of the queues.
const (
	orders = "orders"
	status = "status"
)

// Setup starts the servers and both sides.
func (l *Limit) Setup(ctx context.Context, dir string) error {
	l.script = rueidis.NewLuaScript(decide)
	var err error
	if l.rabbit, err = rabbitserver.Start(ctx, rabbitserver.Config{Dir: filepath.Join(dir, "rabbitmq")}); err != nil {
		return err
	}
	if l.cfg.Protocol == Claimed {
		if l.redis, err = redisserver.Start(ctx, redisserver.Config{Dir: filepath.Join(dir, "redis"), AppendFsync: l.cfg.AppendFsync}); err != nil {
			return err
		}
		l.store, err = rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{l.redis.Addr()}, DisableCache: true})
		if err != nil {
			return fmt.Errorf("connecting to redis: %w", err)
		}
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.cancel = cancel
	ch, err := l.channel()
	if err != nil {
		return err
	}
	for _, name := range []string{orders, status} {
		if _, err := ch.QueueDeclare(name, true, false, false, false, amqp.Table{"x-queue-type": "quorum"}); err != nil {
			return fmt.Errorf("declaring %s: %w", name, err)
		}
	}
	if l.orders, err = l.newOutlet(orders); err != nil {
		return err
	}
	inbox, err := l.startSoldier(running)
	if err != nil {
		return err
	}
	return l.startCommander(running, inbox)
}

// channel opens a connection of its own.
func (l *Limit) channel() (*amqp.Channel, error) {
	conn, err := amqp.Dial(l.rabbit.URL())
	if err != nil {
		return nil, fmt.Errorf("connecting to rabbitmq: %w", err)
	}
	l.conns = append(l.conns, conn)
	ch, err := conn.Channel()
	if err != nil {
		return nil, fmt.Errorf("opening a channel: %w", err)
	}
	return ch, nil
}

func (l *Limit) fail(err error) {
	select {
	case l.failed <- err:
	default:
	}
}

// AwaitAll waits for the commander's count of finals that are settled.
func (l *Limit) AwaitAll(ctx context.Context, total int) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for l.done.Load() < int64(total) {
		select {
		case <-tick.C:
		case err := <-l.failed:
			return err
		case <-ctx.Done():
			return fmt.Errorf("%d of %d jobs are done: %w", l.done.Load(), total, ctx.Err())
		}
	}
	return nil
}

// Traffic is that of the servers.
func (l *Limit) Traffic(ctx context.Context) (map[string]float64, error) {
	rabbit, err := traffic.RabbitMQ(ctx, l.rabbit)
	out := map[string]float64{"rabbitmq": rabbit}
	if err == nil && l.redis != nil {
		out["redis"], err = traffic.Redis(ctx, l.redis.Addr())
	}
	return out, err
}

// Processes are the servers; both sides are this process.
func (l *Limit) Processes() map[string]int {
	out := map[string]int{"rabbitmq": l.rabbit.PID(), "all clients": os.Getpid()}
	if l.redis != nil {
		out["redis"] = l.redis.PID()
	}
	return out
}

// Close ends both sides, then the servers.
func (l *Limit) Close(ctx context.Context) error {
	if l.cancel != nil {
		l.cancel()
	}
	for _, c := range l.conns {
		_ = c.Close() // the server goes next
	}
	if l.store != nil {
		l.store.Close()
	}
	var errs []error
	if l.rabbit != nil {
		if l.rabbit.PID() != 0 {
			errs = append(errs, l.rabbit.Kill())
		}
		errs = append(errs, l.rabbit.Stop(ctx))
	}
	if l.redis != nil && l.redis.PID() != 0 {
		errs = append(errs, l.redis.Kill())
	}
	return errors.Join(errs...)
}
