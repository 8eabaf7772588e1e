// Package engine turns the protocol's state machine into a running thing: one lock around it, one timer for its
// deadlines, and its effects carried out. Whatever happens to a soldier passes through Engine.Do.
//
// Effects that only touch memory (start, cancel, renew, send, note) are carried out under the lock, in order, so that a
// cancel never overtakes the start it is meant for; their hooks must not block and must not call the engine. Settling
// talks to the broker and is done after the lock is released, by whoever caused it.
package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
)

// Hooks carry effects out.
type Hooks struct {
	// Start starts a handler in a goroutine of its own; Cancel ends its context.
	Start  func(protocol.Start)
	Cancel func(protocol.Cancel)
	// Renew asks for a renewal, Send says that there is something to send.
	Renew func()
	Send  func()
}

// Engine is a machine that runs. It is safe for concurrent use.
type Engine struct {
	hooks Hooks
	log   *zap.Logger
	nudge chan struct{} // of size 1: the next deadline may be an earlier one

	mu      sync.Mutex
	machine *protocol.Machine
	waiters map[*waiter]struct{}
}

// waiter is a call of Until. Whoever changes the machine looks whether that is what is waited for: most changes are not, and
// need wake nobody.
type waiter struct {
	ok  func(m *protocol.Machine, now time.Time) bool
	met chan struct{} // closed when ok was true
}

// New returns an engine. Deadlines are kept while Run runs.
func New(cfg protocol.Config, hooks Hooks, log *zap.Logger) *Engine {
	return &Engine{hooks: hooks, log: log, nudge: make(chan struct{}, 1), machine: protocol.New(cfg), waiters: map[*waiter]struct{}{}}
}

// Do makes one step of the machine and carries out what comes of it.
func (e *Engine) Do(step func(m *protocol.Machine, now time.Time)) {
	for _, s := range e.step(step) {
		e.settle(s)
	}
}

func (e *Engine) step(step func(m *protocol.Machine, now time.Time)) []protocol.Settle {
	e.mu.Lock()
	defer e.mu.Unlock()
	before, timed := e.machine.Wake()
	now := time.Now()
	step(e.machine, now)
	var settle []protocol.Settle
	for _, effect := range e.machine.Effects() {
		switch x := effect.(type) {
		case protocol.Start:
			e.hooks.Start(x)
		case protocol.Cancel:
			e.hooks.Cancel(x)
		case protocol.Renew:
			e.hooks.Renew()
		case protocol.Send:
			e.hooks.Send()
		case protocol.Note:
			e.note(x)
		case protocol.Settle:
			settle = append(settle, x)
		}
	}
	if after, ok := e.machine.Wake(); ok && (!timed || after.Before(before)) {
		select {
		case e.nudge <- struct{}{}:
		default:
		}
	}
	for w := range e.waiters {
		if w.ok(e.machine, now) {
			delete(e.waiters, w)
			close(w.met)
		}
	}
	return settle
}

func (e *Engine) settle(s protocol.Settle) {
	var err error
	if s.Outcome == broker.Acked {
		err = s.Delivery.Ack()
	} else {
		err = s.Delivery.Nack(s.Outcome)
	}
	switch {
	case err == nil, errors.Is(err, broker.ErrStaleDelivery), errors.Is(err, broker.ErrClosed):
	default:
		e.log.Warn("order could not be settled, it will come again",
			zap.String("mission_id", s.MissionID), zap.String("queue", s.Delivery.Queue), zap.Error(err))
	}
}

// Run keeps the machine's deadlines until ctx ends.
func (e *Engine) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		var due <-chan time.Time
		e.mu.Lock()
		if at, ok := e.machine.Wake(); ok {
			timer.Reset(time.Until(at))
			due = timer.C
		}
		e.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-e.nudge:
		case <-due:
			e.Do(func(m *protocol.Machine, now time.Time) { m.Tick(now) })
		}
	}
}

// Read looks at the machine without changing it.
func (e *Engine) Read(look func(m *protocol.Machine, now time.Time)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	look(e.machine, time.Now())
}

// Until waits until the machine satisfies ok, or ctx ends, whose error it then returns. ok is asked after each change, by
// whoever makes it, and no more once Until has returned; it must be quick.
func (e *Engine) Until(ctx context.Context, ok func(m *protocol.Machine, now time.Time) bool) error {
	w := &waiter{ok: ok, met: make(chan struct{})}
	e.mu.Lock()
	if ok(e.machine, time.Now()) {
		e.mu.Unlock()
		return nil
	}
	e.waiters[w] = struct{}{}
	e.mu.Unlock()
	select {
	case <-w.met:
		return nil
	case <-ctx.Done():
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.waiters, w)
		return ctx.Err()
	}
}

func (e *Engine) note(n protocol.Note) {
	level := zap.WarnLevel
	switch n.What {
	case protocol.NoteEnded, protocol.NoteNewSession, protocol.NoteShown, protocol.NoteDrainAsked:
		level = zap.InfoLevel
	case protocol.NoteRefused:
		level = zap.DebugLevel
	}
	entry := e.log.Check(level, string(n.What))
	if entry == nil {
		return // every mission ends here: its fields are not made for nothing
	}
	fields := make([]zap.Field, 0, 5)
	if n.MissionID != "" {
		fields = append(fields, zap.String("mission_id", n.MissionID), zap.Int("attempt", n.Attempt))
	}
	if n.Execution != "" {
		fields = append(fields, zap.String("execution", n.Execution), zap.Int64("run", n.Run))
	}
	switch n.What {
	case protocol.NoteSessionDead, protocol.NoteNewSession:
		fields = append(fields, zap.String("session", n.Reason))
	default:
		if n.Reason != "" {
			fields = append(fields, zap.String("reason", n.Reason))
		}
	}
	entry.Write(fields...)
}
