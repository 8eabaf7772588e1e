package soldier

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier/internal/worker"
)

// Mission is what a handler is to carry out.
type Mission[In any] struct {
	ID   string
	Name string
	Kind string
	// Payload is the mission's payload, decoded. A mission without one gives the zero value.
	Payload In
	Labels  map[string]string
	// Attempt counts tries from 1; MaxAttempts is how many there may be.
	Attempt, MaxAttempts int
	// Run grows with every execution of the mission and never goes back: a fencing token.
	Run int64
	// Execution is the random id of this execution.
	Execution string
	// Timeout is how long the handler has, from its start. ctx ends then.
	Timeout time.Duration
	// DeadlineAt is when ctx ends at the latest, by the commanders' clock; zero where the mission has no deadline.
	DeadlineAt time.Time
	CreatedAt  time.Time
}

// Handler carries out missions of one kind. Its result is written as JSON, at most 256 KiB of it. ctx ends at the
// timeout, at the mission's deadline, when the mission is cancelled or taken away, and when the soldier has no more time to stop in; context.Cause
// says which. A handler that still succeeds then is taken at its word. One that goes on for 10 s after that without
// returning is reported without it, and keeps its slot until it returns.
type Handler[In, Out any] func(ctx context.Context, m Mission[In]) (Out, error)

// Handle makes h the handler of a kind. In is decoded from the payload; json.RawMessage takes it as it is. Out may be
// json.RawMessage too, and any type whose value is null stands for no result.
//
// It panics on mistakes of the program: a kind that is not [a-z0-9][a-z0-9._-]{0,63}, a kind that has a handler
// already, no handler, or a soldier that was started.
func Handle[In, Out any](s *Soldier, kind string, h Handler[In, Out]) {
	if h == nil {
		panic(fmt.Sprintf("soldier: no handler given for kind %q", kind))
	}
	s.handle(kind, func(ctx context.Context, job worker.Job) (json.RawMessage, error) {
		m, err := missionOf[In](job)
		if err != nil {
			return nil, &Error{Code: CodeInvalidPayload, Message: err.Error()}
		}
		out, err := h(ctx, m)
		if err != nil {
			return nil, err
		}
		b, err := encode(out)
		switch {
		case err != nil:
			return nil, &Error{Code: CodeInvalidResult, Message: err.Error()}
		case string(b) == "null":
			return nil, nil
		}
		return b, nil
	})
}

// encode returns a result as JSON without HTML's escapes: they would make six bytes of each <, > and &, and so bring a result
// over its limit. As contracts does, of whose messages it becomes a part.
func encode(result any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(result); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func missionOf[In any](job worker.Job) (Mission[In], error) {
	from := job.Mission
	m := Mission[In]{
		ID: from.MissionID, Name: from.Name, Kind: from.Kind, Labels: maps.Clone(from.Labels),
		Attempt: job.Ticket.Attempt, MaxAttempts: from.MaxAttempts,
		Run: job.Ticket.Run, Execution: job.Ticket.Execution,
		Timeout: time.Duration(from.TimeoutSeconds) * time.Second, DeadlineAt: from.DeadlineAt.Time, CreatedAt: from.CreatedAt.Time,
	}
	switch payload, asIs := any(&m.Payload).(*json.RawMessage); {
	case len(from.Payload) == 0:
	case asIs:
		*payload = bytes.Clone(from.Payload)
	default:
		if err := json.Unmarshal(from.Payload, &m.Payload); err != nil {
			return m, fmt.Errorf("the payload does not fit the handler's input: %w", err)
		}
	}
	return m, nil
}

func (s *Soldier) handle(kind string, h worker.Handler) {
	s.life.Lock()
	defer s.life.Unlock()
	switch {
	case !contracts.ValidToken(kind):
		panic(fmt.Sprintf("soldier: kind %q must be 1 to 64 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit", kind))
	case s.handlers[kind] != nil:
		panic(fmt.Sprintf("soldier: kind %q has a handler already", kind))
	case s.stage != idle:
		panic(fmt.Sprintf("soldier: register the handler of kind %q before Start", kind))
	}
	s.handlers[kind] = h
}

// Next goes on to the next middleware, at last to the handler, and returns the result as JSON, nil for none.
type Next func(ctx context.Context) (json.RawMessage, error)

// Middleware is around the handlers of all kinds: for what they have in common, such as traces, metrics, locks or
// transactions. It calls next once, or not at all, and returns what the mission ends with. It sees a handler's error as it was
// returned; a payload that does not fit, and a result that is no JSON, are an *Error. A panic passes through it.
type Middleware func(ctx context.Context, m Mission[json.RawMessage], next Next) (json.RawMessage, error)

// Use adds middleware, the first one outermost. Call it before Start; it panics after.
func (s *Soldier) Use(middleware ...Middleware) {
	s.life.Lock()
	defer s.life.Unlock()
	if s.stage != idle {
		panic("soldier: add middleware before Start")
	}
	s.middleware = append(s.middleware, middleware...)
}

// Rehearsal returns the handlers by kind, as they run inside the middleware. It is for package soldiertest, whose Run is what
// tests call.
func (s *Soldier) Rehearsal() map[string]worker.Handler {
	s.life.Lock()
	defer s.life.Unlock()
	return s.ready()
}

// ready returns the handlers, each inside the middleware, with errors as a worker reports them. s.life is held.
func (s *Soldier) ready() map[string]worker.Handler {
	all := make(map[string]worker.Handler, len(s.handlers))
	for kind, h := range s.handlers {
		h = inside(h, s.middleware)
		all[kind] = func(ctx context.Context, job worker.Job) (json.RawMessage, error) {
			result, err := h(ctx, job)
			return result, failure(err)
		}
	}
	return all
}

func inside(h worker.Handler, middleware []Middleware) worker.Handler {
	if len(middleware) == 0 {
		return h
	}
	return func(ctx context.Context, job worker.Job) (json.RawMessage, error) {
		m, _ := missionOf[json.RawMessage](job) // takes any payload
		next := func(ctx context.Context) (json.RawMessage, error) { return h(ctx, job) }
		for _, outer := range slices.Backward(middleware) {
			inner := next
			next = func(ctx context.Context) (json.RawMessage, error) { return outer(ctx, m, inner) }
		}
		return next(ctx)
	}
}
