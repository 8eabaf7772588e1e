package soldiertest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
	"github.com/mission-control-dev/mission-control/soldier/internal/worker"
)

// New returns a soldier for tests: register handlers and middleware with it, and give it to Run. It is not to be started.
func New() *soldier.Soldier {
	s, err := soldier.New(soldier.Config{ID: "test", EnrollmentKey: "none"})
	if err != nil {
		panic(fmt.Sprintf("soldiertest: %v", err)) // the configuration is this package's own
	}
	return s
}

// MissionID is the id of every mission that Run carries out.
const MissionID = "01900000-0000-7000-8000-000000000001"

// Outcome is what a soldier would report of an execution.
type Outcome struct {
	// Status is UpdateCompleted, UpdateFailed, or UpdateReleased: handed back while the soldier drained.
	Status contracts.UpdateStatus
	// Result of a COMPLETED, as JSON; nil for none.
	Result json.RawMessage
	// Error of a FAILED.
	Error *contracts.MissionError
	// NoRetry and RetryAfter of a FAILED, see soldier.NoRetry and soldier.RetryAfter.
	NoRetry    bool
	RetryAfter time.Duration
	// Progress is all that the handler said of it, Log are the lines that it logged, in their order.
	Progress []contracts.Progress
	Log      []contracts.LogLine
}

// notes is a telemetry.Sink that keeps all that is said.
type notes struct {
	mu       sync.Mutex
	progress []contracts.Progress
	lines    []contracts.LogLine
}

func (n *notes) Progress(_ *contracts.Ticket, p contracts.Progress) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.progress = append(n.progress, p)
}

func (n *notes) Line(_ *contracts.Ticket, at time.Time, l contracts.LogLine) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l.At = contracts.At(at)
	n.lines = append(n.lines, l)
}

func (n *notes) Ended(*contracts.Ticket) {}

// Option changes what a handler is told.
type Option func(*settings)

type settings struct {
	mission contracts.Mission
	run     int64
}

// Attempt makes it the n-th attempt of a mission; 1 without it.
func Attempt(n int) Option { return func(s *settings) { s.mission.Attempt = n } }

// Fence makes it the n-th run of a mission; 1 without it.
func Fence(n int64) Option { return func(s *settings) { s.run = n } }

// Run carries out one mission with the handler of its kind and returns when the handler has. The request gets defaults as by a
// commander, also for its name; it fails where a commander would not accept it, or nothing handles its kind.
//
// The handler's context ends after timeout_seconds with soldier.ErrTimeout. It ends with ctx, too: with ctx's cause where
// that is one of package soldier, with ErrTimeout where it is a deadline, else with ErrCancelled.
func Run(ctx context.Context, s *soldier.Soldier, r contracts.MissionRequest, options ...Option) (Outcome, error) {
	if r.Name == "" {
		r.Name = "test"
	}
	r.Normalize()
	if err := r.Validate(time.Now()); err != nil {
		return Outcome{}, fmt.Errorf("a commander would refuse the mission: %w", err)
	}
	handlers := s.Rehearsal()
	if handlers[r.Kind] == nil {
		return Outcome{}, fmt.Errorf("no handler for kind %q: register it before Run", r.Kind)
	}
	set := settings{mission: missionOf(r), run: 1}
	for _, o := range options {
		o(&set)
	}
	m := set.mission
	ended := make(chan protocol.End, 1)
	said := &notes{}
	pool := worker.New(worker.Config{
		SoldierID: "test", Handlers: handlers, Sink: said, Log: zap.NewNop(), Ended: func(_ protocol.WorkID, e protocol.End) { ended <- e },
		Causes: worker.Causes{
			Timeout: soldier.ErrTimeout, Deadline: soldier.ErrDeadline, Cancelled: soldier.ErrCancelled, Superseded: soldier.ErrSuperseded, Draining: soldier.ErrDraining,
		},
	})
	const work = protocol.WorkID(1)
	pool.Start(protocol.Start{Work: work, Mission: &m, Ticket: &contracts.Ticket{
		MissionID: m.MissionID, Attempt: m.Attempt, Run: set.run, Execution: rand.Text(),
	}})
	limit := time.NewTimer(time.Duration(r.TimeoutSeconds) * time.Second)
	defer limit.Stop()
	for over := ctx.Done(); ; {
		select {
		case e := <-ended:
			return Outcome{
				Status: e.Status, Result: e.Result, Error: e.Error, NoRetry: e.NoRetry, RetryAfter: e.RetryAfter,
				Progress: said.progress, Log: said.lines, // nothing is added to them any more
			}, pool.Wait(context.WithoutCancel(ctx))
		case <-limit.C:
			pool.Cancel(protocol.Cancel{Work: work, Cause: protocol.CauseTimeout})
		case <-over:
			pool.Cancel(protocol.Cancel{Work: work, Cause: causeOf(ctx)})
			over = nil
		}
	}
}

func missionOf(r contracts.MissionRequest) contracts.Mission {
	now := contracts.At(time.Now())
	return contracts.Mission{
		MissionID: MissionID, Name: r.Name, Kind: r.Kind, Payload: r.Payload, Priority: r.Priority, Squad: r.Squad, Labels: r.Labels,
		Status: contracts.StatusInProgress, Attempt: 1, MaxAttempts: r.MaxAttempts, TimeoutSeconds: r.TimeoutSeconds,
		CreatedAt: now, UpdatedAt: now, Version: 1,
	}
}

func causeOf(ctx context.Context) protocol.Cause {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, soldier.ErrDraining):
		return protocol.CauseDraining
	case errors.Is(cause, soldier.ErrSuperseded):
		return protocol.CauseSuperseded
	case errors.Is(cause, soldier.ErrDeadline):
		return protocol.CauseDeadline
	case errors.Is(cause, soldier.ErrTimeout), errors.Is(cause, context.DeadlineExceeded):
		return protocol.CauseTimeout
	default:
		return protocol.CauseCancelled
	}
}
