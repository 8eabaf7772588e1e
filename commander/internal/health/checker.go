package health

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/contracts/broker"
)

const (
	// every is the time between the beginnings of two round trips, patience how long one may take. Together they are the
	// greatest age of a report.
	every    = time.Second
	patience = time.Second
	// oldest is the age at which a good report is believed no more: the process was stopped, or is starved.
	oldest = every + patience + 500*time.Millisecond
)

// Store is what is asked of Redis: a round trip, and a warning for operators.
type Store interface {
	Check(ctx context.Context) (warning string, err error)
}

// Broker is what is asked of RabbitMQ.
type Broker interface {
	Ping(ctx context.Context) error
	Health() broker.Health
}

// Config of a Checker.
type Config struct {
	// Ground and Version are shown as they are.
	Ground, Version string
	// InProcess: store and broker are in this process. What answers is then reported as not used, for there is no Redis
	// and no RabbitMQ; what doesn't is down all the same.
	InProcess bool
	// BrokerWarning returns what operators should know about a broker that answers, beside what the broker's Health has, empty
	// where that is nothing. It must not block. Nil knows of nothing.
	BrokerWarning func() string
	// Excused tells whether the missing subscription to a queue was given up on purpose. Nil excuses none.
	Excused func(queue string) bool
}

// Checker asks in the background.
type Checker struct {
	cfg    Config
	redis  *probe
	rabbit *probe

	mu     sync.Mutex
	cancel context.CancelFunc
	done   sync.WaitGroup
	ended  bool
}

// New returns a checker. Until Start has had its first answers, it reports Down.
func New(cfg Config, s Store, b Broker) *Checker {
	if cfg.Excused == nil {
		cfg.Excused = func(string) bool { return false }
	}
	if cfg.BrokerWarning == nil {
		cfg.BrokerWarning = func() string { return "" }
	}
	c := &Checker{cfg: cfg}
	c.redis = newProbe(s.Check)
	c.rabbit = newProbe(func(ctx context.Context) (string, error) {
		err := c.askBroker(ctx, b)
		return strings.Trim(cfg.BrokerWarning()+"; "+b.Health().Warning, "; "), err
	})
	return c
}

// Start begins to ask. It returns at once.
func (c *Checker) Start(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil || c.ended {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.done.Go(func() { background.Every(ctx, every, c.redis.once) })
	c.done.Go(func() { background.Every(ctx, every, c.rabbit.once) })
	return nil
}

// Stop ends the asking, and waits for round trips under way until ctx ends.
func (c *Checker) Stop(ctx context.Context) error {
	c.mu.Lock()
	c.ended = true
	if c.cancel != nil {
		c.cancel()
	}
	c.mu.Unlock()
	idle := make(chan struct{})
	go func() { c.done.Wait(); close(idle) }()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop health checks: %w", ctx.Err())
	}
}

// Report returns how things are. It never waits.
func (c *Checker) Report() Report {
	checks := Checks{Redis: c.redis.last(), RabbitMQ: c.rabbit.last()}
	if c.cfg.InProcess {
		checks.Redis, checks.RabbitMQ = checks.Redis.notUsed(), checks.RabbitMQ.notUsed()
	}
	return Report{Status: overall(checks), Ground: c.cfg.Ground, Version: c.cfg.Version, Checks: checks}
}

// askBroker makes a round trip, then looks at what a round trip can't tell.
func (c *Checker) askBroker(ctx context.Context, b Broker) error {
	if err := b.Ping(ctx); err != nil {
		if why := b.Health().Err; why != nil {
			return why
		}
		return err
	}
	h := b.Health()
	var missing []string
	for _, q := range h.Unsubscribed {
		if !c.cfg.Excused(q) {
			missing = append(missing, q)
		}
	}
	switch {
	case !h.Connected && h.Err != nil:
		return h.Err
	case !h.Connected:
		return errors.New("not connected")
	case h.Blocked != "":
		return fmt.Errorf("blocks publishing: %s", h.Blocked)
	case len(missing) > 0:
		return fmt.Errorf("connected but not subscribed to %s", strings.Join(missing, ", "))
	}
	return nil
}
