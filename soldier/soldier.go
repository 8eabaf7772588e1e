package soldier

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/amqpbroker"
	"github.com/mission-control-dev/mission-control/soldier/internal/engine"
	"github.com/mission-control-dev/mission-control/soldier/internal/journal"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
	"github.com/mission-control-dev/mission-control/soldier/internal/renew"
	"github.com/mission-control-dev/mission-control/soldier/internal/report"
	"github.com/mission-control-dev/mission-control/soldier/internal/telemetry"
	"github.com/mission-control-dev/mission-control/soldier/internal/worker"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

// settleTimeout is what handlers have to return in, and the broker to confirm in, after the drain's time is over.
const settleTimeout = 5 * time.Second

type stage int

const (
	idle stage = iota
	started
	stopped
)

// Soldier is one worker process. Register handlers, Start it once, Stop it once.
type Soldier struct {
	cfg        Config
	log        *zap.Logger
	unreadable atomic.Int64

	life     sync.Mutex // guards stage, handlers and what Start makes
	stage    stage
	handlers map[string]worker.Handler
	// middleware is around all of them, the first one outermost.
	middleware []Middleware
	done       chan struct{} // closed when Stop is through
	result     error         // of Stop, once done is closed
	asked      chan struct{} // closed when a commander asked for the drain

	broker broker.Broker
	own    *amqpbroker.Broker // the same, where it is the soldier's own
	// transport is the soldier's own HTTP connections, nil where a client was given.
	transport *http.Transport
	journal   *journal.Journal
	engine    *engine.Engine
	reporter  *report.Reporter
	recorder  *telemetry.Recorder
	renewer   *renew.Renewer
	pool      *worker.Pool

	parts      sync.WaitGroup
	stopOrders context.CancelFunc
	stopParts  context.CancelFunc
	ordersDone chan struct{}
}

// New checks the configuration. It fails with a *ConfigError.
func New(cfg Config) (*Soldier, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Soldier{
		cfg: cfg, log: cfg.Logger.With(zap.String("soldier_id", cfg.ID)), broker: cfg.Broker,
		handlers: map[string]worker.Handler{}, done: make(chan struct{}), asked: make(chan struct{}), ordersDone: make(chan struct{}),
	}
	if s.cfg.HTTPClient == nil {
		s.transport = http.DefaultTransport.(*http.Transport).Clone()
		s.cfg.HTTPClient = &http.Client{Transport: s.transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
	}
	if s.broker == nil {
		s.own, err = amqpbroker.New(amqpbroker.Config{URL: cfg.RabbitMQURL, Name: "soldier " + cfg.ID, Logger: s.log})
		if err != nil {
			return nil, &ConfigError{"RabbitMQURL", fmt.Sprintf("is of no use: %v", err)}
		}
		s.broker = s.own
	}
	return s, nil
}

// Start begins to work and returns at once; commanders and broker may come later. It fails where there is no handler,
// or the journal can't be written. The end of ctx does not stop the soldier. A second Start does nothing; after Stop it
// is an error.
func (s *Soldier) Start(ctx context.Context) error {
	s.life.Lock()
	defer s.life.Unlock()
	switch {
	case s.stage == started:
		return nil
	case s.stage == stopped:
		return errors.New("soldier was stopped: make a new one")
	case len(s.handlers) == 0:
		return errors.New("soldier has no handler: call soldier.Handle for each kind before Start")
	}
	if err := s.assemble(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if s.own != nil {
		if err := s.own.Start(ctx); err != nil {
			return fmt.Errorf("starting the broker client: %w", err)
		}
	}
	s.stage = started
	parts, stopParts := context.WithCancel(ctx)
	orders, stopOrders := context.WithCancel(parts)
	s.stopParts, s.stopOrders = stopParts, stopOrders
	for _, part := range []func(context.Context){s.engine.Run, s.renewer.Run, s.reporter.Run, s.recorder.Run, s.hear, s.awaitDrain} {
		s.parts.Go(func() { part(parts) })
	}
	s.parts.Go(func() {
		defer close(s.ordersDone)
		s.takeOrders(orders)
	})
	s.log.Info("soldier started", zap.Int("slots", s.cfg.Slots), zap.Strings("squads", s.cfg.Squads), zap.Strings("kinds", s.kinds()))
	return nil
}

// assemble makes the parts and ties them together.
func (s *Soldier) assemble() error {
	if s.cfg.Journal != "" {
		j, err := journal.Open(s.cfg.Journal)
		if err != nil {
			return &ConfigError{"Journal", err.Error()}
		}
		s.journal = j
	}
	s.recorder = telemetry.NewRecorder(tokens{s}, s.broker, s.log)
	s.pool = worker.New(worker.Config{
		SoldierID: s.cfg.ID, Handlers: s.ready(), Journal: s.journal, Sink: s.recorder, Log: s.log,
		Causes: worker.Causes{Timeout: ErrTimeout, Deadline: ErrDeadline, Cancelled: ErrCancelled, Superseded: ErrSuperseded, Draining: ErrDraining},
		Ended: func(id protocol.WorkID, e protocol.End) {
			s.engine.Do(func(m *protocol.Machine, now time.Time) { m.HandlerEnded(now, id, e) })
		},
	})
	s.engine = engine.New(
		protocol.Config{
			Slots: s.cfg.Slots, NewExecution: newExecution,
			Serves: func(kind string) bool { return s.handlers[kind] != nil },
		},
		engine.Hooks{
			Start: s.pool.Start, Cancel: s.pool.Cancel,
			Renew: func() { s.renewer.Now() }, Send: func() { s.reporter.Wake() },
		}, s.log)
	var err error
	s.renewer, err = renew.New(renew.Config{
		Identity: contracts.Renewal{
			SoldierID: s.cfg.ID, Squads: s.cfg.Squads, Kinds: s.kinds(), Slots: s.cfg.Slots, Version: s.cfg.Version,
			Packs: true,
		},
		CommanderURLs: s.cfg.CommanderURLs, EnrollmentKey: s.cfg.EnrollmentKey, HTTP: s.cfg.HTTPClient,
		Woken: func() { s.reporter.Wake() },
	}, s.engine, s.broker, s.log)
	if err != nil {
		return err
	}
	s.reporter = report.New(s.engine, s.renewer, s.broker, s.log)
	return nil
}

// tokens are the renewer's, which is made after those that speak with them.
type tokens struct{ s *Soldier }

// Current implements telemetry.Tokens.
func (t tokens) Current() (tokenauth.Credential, string, bool) { return t.s.renewer.Current() }

func (s *Soldier) kinds() []string { return slices.Sorted(maps.Keys(s.handlers)) }

// newExecution returns 128 random bits in hex.
func newExecution() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// DrainAsked is closed once an operator has asked this soldier to drain, with POST /soldiers/{soldier_id}/drain or `missionctl
// soldiers drain`. From then on it takes nothing more, and what runs goes on; the program is meant to Stop it, as after a
// SIGTERM, and to end. Who does not look has a soldier that stands idle.
func (s *Soldier) DrainAsked() <-chan struct{} { return s.asked }

// awaitDrain closes asked when its time has come, or returns when ctx ends.
func (s *Soldier) awaitDrain(ctx context.Context) {
	if s.engine.Until(ctx, func(m *protocol.Machine, _ time.Time) bool { return m.DrainAsked() }) == nil {
		close(s.asked)
	}
}

// Stop drains and ends the soldier. It takes no new orders and gives back those not yet claimed; running handlers have
// DrainTimeout to end by themselves, then their contexts end with ErrDraining and a handler that returns an error hands
// its mission back. It waits until the broker has confirmed every outcome, at most 5 s longer. The end of ctx cuts all
// of that short. The error wraps ErrDrained where work was left unfinished. A second Stop waits for the first.
func (s *Soldier) Stop(ctx context.Context) error {
	s.life.Lock()
	before := s.stage
	s.stage = stopped
	s.life.Unlock()
	switch before {
	case idle:
		close(s.done)
		return nil
	case started:
		s.result = s.stop(ctx)
		close(s.done)
	}
	select {
	case <-s.done:
		return s.result
	default:
	}
	select {
	case <-s.done:
		return s.result
	case <-ctx.Done():
		return fmt.Errorf("waiting for the soldier to stop: %w", ctx.Err())
	}
}

func (s *Soldier) stop(ctx context.Context) error {
	s.log.Info("soldier drains")
	// First no more orders, then give back: an order that comes between the two is given back as it comes.
	s.engine.Do(func(m *protocol.Machine, now time.Time) { m.Drain(now) })
	s.stopOrders()
	err := s.drained(ctx, s.cfg.DrainTimeout)
	if err != nil {
		s.engine.Do(func(m *protocol.Machine, now time.Time) { m.CancelAll(now) })
		err = s.drained(ctx, settleTimeout)
	}
	s.stopParts()
	s.parts.Wait()
	if s.own != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
		defer cancel()
		if cerr := s.own.Close(closing); cerr != nil {
			s.log.Warn("broker client did not close cleanly", zap.Error(cerr))
		}
	}
	if err == nil && s.journal != nil {
		_ = s.journal.Close() // each line is written by itself; nothing is buffered
	}
	if s.transport != nil {
		s.transport.CloseIdleConnections()
	}
	if err != nil {
		s.log.Warn("soldier stopped with work unfinished")
		return fmt.Errorf("draining: %w", ErrDrained)
	}
	s.log.Info("soldier stopped")
	return nil
}

// drained waits until nothing is left that a drain waits for.
func (s *Soldier) drained(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	select {
	case <-s.ordersDone:
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.engine.Until(ctx, func(m *protocol.Machine, _ time.Time) bool { return m.Idle() })
}

// Stats is how much of what a soldier has, at one moment.
type Stats struct {
	// Waiting orders are not claimed yet, Claiming ones are not answered, Running are handlers that have not returned,
	// Kept are outcomes that no commander has recorded yet, Slots are those taken.
	Waiting, Claiming, Running, Kept, Slots int
	// Unreadable counts orders that could not be read and were set aside, since the start.
	Unreadable int64
}

// Stats returns the soldier's numbers; all zero before Start.
func (s *Soldier) Stats() Stats {
	s.life.Lock()
	e := s.engine
	s.life.Unlock()
	out := Stats{Unreadable: s.unreadable.Load()}
	if e != nil {
		e.Read(func(m *protocol.Machine, _ time.Time) {
			c := m.Counts()
			out.Waiting, out.Claiming, out.Running, out.Kept, out.Slots = c.Waiting, c.Claiming, c.Running, c.Kept, c.Taken
		})
	}
	return out
}
