// Package worker runs handlers. Whatever a handler does, exactly one End comes of it: it returns, fails, panics, ends
// its goroutine, or gives a result that can't be sent. It never takes the process with it, short of what Go itself makes
// fatal.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier/internal/journal"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
	"github.com/mission-control-dev/mission-control/soldier/internal/telemetry"
)

// Job is one execution, as a handler's adapter sees it. It is to be read only.
type Job struct {
	Mission *contracts.Mission
	Ticket  *contracts.Ticket
}

// Handler carries out one job and returns its result as JSON, or nil for none. A *Failure is reported as it says.
type Handler func(ctx context.Context, job Job) (json.RawMessage, error)

// Failure is what a handler says of its error.
type Failure struct {
	// Code is the handler's own; empty is ErrorCodeFailed.
	Code string
	// Err has the message.
	Err error
	// NoRetry: no other attempt. RetryAfter: when the next one may come, at least a millisecond; 0 says nothing.
	NoRetry    bool
	RetryAfter time.Duration
}

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }

// Causes are the errors that contexts of handlers end with.
type Causes struct{ Timeout, Deadline, Cancelled, Superseded, Draining error }

func (c Causes) of(cause protocol.Cause) error {
	switch cause {
	case protocol.CauseTimeout:
		return c.Timeout
	case protocol.CauseDeadline:
		return c.Deadline
	case protocol.CauseCancelled:
		return c.Cancelled
	case protocol.CauseSuperseded:
		return c.Superseded
	default:
		return c.Draining
	}
}

// Config is what a pool needs.
type Config struct {
	SoldierID string
	Handlers  map[string]Handler
	Causes    Causes
	// Journal may be nil.
	Journal *journal.Journal
	// Sink takes what handlers report.
	Sink telemetry.Sink
	// Ended is told each end, once, from the handler's goroutine.
	Ended func(protocol.WorkID, protocol.End)
	Log   *zap.Logger
}

// Pool is the handlers that run. How many may is not its matter.
type Pool struct {
	cfg Config
	wg  sync.WaitGroup

	mu   sync.Mutex
	runs map[protocol.WorkID]context.CancelCauseFunc
}

// New returns a pool in which nothing runs.
func New(cfg Config) *Pool {
	return &Pool{cfg: cfg, runs: map[protocol.WorkID]context.CancelCauseFunc{}}
}

// Start calls the mission's handler in a goroutine of its own.
func (p *Pool) Start(s protocol.Start) {
	ctx, cancel := context.WithCancelCause(context.Background())
	p.mu.Lock()
	p.runs[s.Work] = cancel
	p.mu.Unlock()
	p.wg.Go(func() { p.run(ctx, s) })
}

// Cancel ends the context of a handler; the first cause counts.
func (p *Pool) Cancel(c protocol.Cancel) {
	p.mu.Lock()
	cancel := p.runs[c.Work]
	p.mu.Unlock()
	if cancel != nil {
		cancel(p.cfg.Causes.of(c.Cause))
	}
}

// Wait waits until no handler runs, or ctx ends, whose error it then returns.
func (p *Pool) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() { p.wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Pool) run(ctx context.Context, s protocol.Start) {
	out := outcome{goexit: true}
	ctx, voice := telemetry.With(ctx, s.Ticket, p.cfg.Sink)
	defer func() {
		// Also reached when the handler ended the goroutine (runtime.Goexit): then out says so.
		end := p.judge(ctx, s, out)
		p.mu.Lock()
		cancel := p.runs[s.Work]
		delete(p.runs, s.Work)
		p.mu.Unlock()
		cancel(context.Canceled)
		voice.End()
		p.write(s, journal.End, end, context.Cause(ctx))
		p.cfg.Ended(s.Work, end)
	}()
	p.write(s, journal.Start, protocol.End{}, nil)
	p.call(ctx, s, &out)
}

// outcome is how the call of a handler ended.
type outcome struct {
	result json.RawMessage
	err    error
	goexit bool
	// panicked is what the handler panicked with, as text.
	panicked string
	stack    []byte
}

func (p *Pool) call(ctx context.Context, s protocol.Start, out *outcome) {
	defer func() {
		if v := recover(); v != nil {
			out.goexit, out.panicked, out.stack = false, fmt.Sprint(v), debug.Stack()
			if out.panicked == "" {
				out.panicked = "(empty)"
			}
		}
	}()
	h := p.cfg.Handlers[s.Mission.Kind]
	out.result, out.err = h(ctx, Job{Mission: s.Mission, Ticket: s.Ticket})
	out.goexit = false
}

// judge decides what is reported. A handler that succeeds although its context has ended has succeeded; one that fails
// then has failed for the reason that the context ended for.
func (p *Pool) judge(ctx context.Context, s protocol.Start, out outcome) protocol.End {
	cause := context.Cause(ctx)
	switch {
	case out.goexit:
		return failed(contracts.ErrorCodePanic, "the handler ended its goroutine (runtime.Goexit); return an error instead")
	case out.panicked != "":
		p.cfg.Log.Error("handler panicked", zap.String("mission_id", s.Mission.MissionID),
			zap.String("execution", s.Ticket.Execution), zap.String("error", cut(out.panicked, 1<<10)),
			zap.String("stack", top(out.stack)))
		return failed(contracts.ErrorCodePanic, "the handler panicked: "+out.panicked)
	case out.err == nil && len(out.result) > contracts.MaxResultSize:
		return failed(contracts.ErrorCodeResultTooBig, fmt.Sprintf(
			"the result is %d bytes of JSON, at most %d are kept; store it elsewhere and return where",
			len(out.result), contracts.MaxResultSize))
	case out.err == nil:
		return protocol.End{Status: contracts.UpdateCompleted, Result: out.result}
	case cause == nil:
		return failedWith(out.err)
	case errors.Is(cause, p.cfg.Causes.Draining):
		return protocol.End{Status: contracts.UpdateReleased}
	case errors.Is(cause, p.cfg.Causes.Timeout):
		return failed(contracts.ErrorCodeTimeout, "the handler ran past timeout_seconds: "+text(out.err))
	case errors.Is(cause, p.cfg.Causes.Deadline):
		return failed(contracts.ErrorCodeDeadline, "the mission's deadline_at passed: "+text(out.err))
	default:
		return failed(contracts.ErrorCodeCancelled, "the handler was cancelled: "+text(out.err))
	}
}

// maxCode bounds a handler's own error code, in bytes.
const maxCode = 64

func failedWith(err error) protocol.End {
	var f *Failure
	if !errors.As(err, &f) {
		return failed(contracts.ErrorCodeFailed, text(err))
	}
	code, message := f.Code, text(f.Err)
	switch {
	case code == "":
		code = contracts.ErrorCodeFailed
	case len(code) > maxCode:
		code, message = contracts.ErrorCodeFailed, code+": "+message
	}
	end := failed(code, message)
	end.NoRetry, end.RetryAfter = f.NoRetry, f.RetryAfter
	return end
}

// text is the error's message. Error is a method of the handler's and may panic.
func text(err error) (s string) {
	defer func() {
		if v := recover(); v != nil {
			s = "the handler's error panicked when asked for its message"
		}
	}()
	return err.Error()
}

func failed(code, message string) protocol.End {
	return protocol.End{Status: contracts.UpdateFailed, Error: &contracts.MissionError{
		Code: code, Message: cut(strings.ToValidUTF8(message, "\uFFFD"), contracts.MaxErrorSize),
	}}
}

// cut shortens s to at most n bytes, between two characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// top is the part of a stack that a person looks at first.
func top(stack []byte) string {
	const lines = 24
	all := strings.SplitN(string(stack), "\n", lines+1)
	return strings.Join(all[:min(len(all), lines)], "\n")
}

func (p *Pool) write(s protocol.Start, e journal.Event, end protocol.End, cause error) {
	if p.cfg.Journal == nil {
		return
	}
	outcome := string(end.Status)
	if errors.Is(cause, p.cfg.Causes.Superseded) {
		outcome = "SUPERSEDED"
	}
	t := s.Ticket
	err := p.cfg.Journal.Write(journal.Line{
		Event: e, MissionID: t.MissionID, Execution: t.Execution, Run: t.Run, Attempt: t.Attempt,
		SoldierID: p.cfg.SoldierID, Session: t.Session, Outcome: outcome,
	})
	if err != nil {
		p.cfg.Log.Error("journal lacks a line", zap.String("mission_id", t.MissionID),
			zap.String("execution", t.Execution), zap.Error(err))
	}
}
