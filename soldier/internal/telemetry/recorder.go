package telemetry

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

const (
	// sendEvery is the least time between two packs.
	sendEvery = 500 * time.Millisecond
	// pauseAfter is the least time between a pack that could not be sent and the next one.
	pauseAfter = 2 * time.Second
	// publishTimeout ends one publish without confirm, lastTimeout the one at the end.
	publishTimeout = 10 * time.Second
	lastTimeout    = time.Second
	// packBytes bounds what one pack tells; maxBuffered what all executions may have to tell.
	packBytes   = 128 << 10
	maxBuffered = 4 << 20
	// lineBytes is what a line counts for beside its text.
	lineBytes = 64
)

// Tokens gives the token to speak with.
type Tokens interface {
	// Current returns the newest token, while it lives, and the session it is for.
	Current() (tokenauth.Credential, string, bool)
}

// Recorder is a Sink that tells the commanders. It is safe for concurrent use.
type Recorder struct {
	tokens    Tokens
	publisher broker.Publisher
	log       *zap.Logger
	wake      chan struct{} // of size 1

	mu         sync.Mutex
	executions map[string]*execution
	// turns are those that have something to tell, each once.
	turns []*execution
	// size is that of all lines together.
	size int
}

// execution is what one execution has to tell.
type execution struct {
	ticket   contracts.Ticket
	seq      int64
	progress *contracts.Progress
	// before is how many lines were told, or given up, before these.
	before int64
	lines  []line
	size   int
	// waits: it is among the turns. ended: it says nothing more.
	waits, ended bool
}

type line struct {
	at time.Time
	contracts.LogLine
}

func (l line) size() int { return lineBytes + len(l.Text) }

// NewRecorder returns a Recorder.
func NewRecorder(t Tokens, p broker.Publisher, log *zap.Logger) *Recorder {
	return &Recorder{tokens: t, publisher: p, log: log, wake: make(chan struct{}, 1), executions: map[string]*execution{}}
}

// Progress implements Sink.
func (r *Recorder) Progress(t *contracts.Ticket, p contracts.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.of(t)
	e.progress = &p
	r.enqueue(e)
}

// Line implements Sink.
func (r *Recorder) Line(t *contracts.Ticket, at time.Time, l contracts.LogLine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.of(t)
	r.add(e, line{at, l})
	r.shorten(e)
	r.enqueue(e)
}

// Ended implements Sink.
func (r *Recorder) Ended(t *contracts.Ticket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.of(t)
	if e.ended = true; !e.waits {
		delete(r.executions, t.Execution)
	}
}

func (r *Recorder) of(t *contracts.Ticket) *execution {
	e := r.executions[t.Execution]
	if e == nil {
		e = &execution{ticket: *t}
		r.executions[t.Execution] = e
	}
	return e
}

func (r *Recorder) add(e *execution, lines ...line) {
	for _, l := range lines {
		e.lines = append(e.lines, l)
		e.size += l.size()
		r.size += l.size()
	}
}

// shorten gives the execution's oldest lines up while it, or all together, have more than may be.
func (r *Recorder) shorten(e *execution) {
	for len(e.lines) > 0 && (len(e.lines) > contracts.MaxLogLines || e.size > contracts.MaxLogBytes || r.size > maxBuffered) {
		r.pop(e, 1)
	}
}

// pop takes the execution's first n lines.
func (r *Recorder) pop(e *execution, n int) []line {
	popped := e.lines[:n:n]
	for _, l := range popped {
		e.size -= l.size()
		r.size -= l.size()
	}
	e.lines = e.lines[n:]
	e.before += int64(n)
	return popped
}

func (r *Recorder) enqueue(e *execution) {
	if e.waits {
		return
	}
	e.waits = true
	if r.turns = append(r.turns, e); len(r.turns) == 1 {
		r.nudge()
	}
}

func (r *Recorder) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run tells until ctx ends, and then, once more, what is left.
func (r *Recorder) Run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			continue
		case <-r.wake:
		}
		wait := sendEvery
		if !r.send(ctx, publishTimeout) {
			wait = pauseAfter
		}
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
		if r.waiting() {
			r.nudge()
		}
	}
	for range 2 { // an ended execution's lines fit into two packs
		if r.waiting() && !r.send(context.WithoutCancel(ctx), lastTimeout) {
			return
		}
	}
}

func (r *Recorder) waiting() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.turns) > 0
}

// told is what a pack tells of one execution.
type told struct {
	e        *execution
	seq      int64
	progress *contracts.Progress
	before   int64
	lines    []line
}

// send tells one pack, if there is anything, and says whether it was taken.
func (r *Recorder) send(ctx context.Context, timeout time.Duration) bool {
	cred, session, ok := r.tokens.Current()
	if !ok {
		return false
	}
	pack := r.take(session)
	if len(pack) == 0 {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := r.publish(ctx, cred, pack)
	if err != nil {
		r.log.Debug("progress and log lines wait", zap.Error(err))
	}
	r.settle(pack, err == nil)
	return err == nil
}

// take takes what goes into one pack. Of executions of a session that is no more nothing is told.
func (r *Recorder) take(session string) []told {
	r.mu.Lock()
	defer r.mu.Unlock()
	var pack []told
	turns, room := len(r.turns), packBytes
	for range turns {
		if room < 0 || len(pack) == contracts.MaxPackedReports {
			break
		}
		e := r.turns[0]
		r.turns = r.turns[1:]
		if e.ticket.Session != session {
			r.pop(e, len(e.lines))
			e.progress, e.waits = nil, false
			r.forget(e)
			continue
		}
		n := 0
		for n < len(e.lines) && room > 0 {
			room -= e.lines[n].size()
			n++
		}
		room -= lineBytes
		e.seq++
		t := told{e: e, seq: e.seq, progress: e.progress, before: e.before}
		t.lines = r.pop(e, n)
		e.progress = nil
		pack = append(pack, t)
	}
	return pack
}

// settle puts back what was not taken, behind all that waits, and forgets executions that have told all.
func (r *Recorder) settle(pack []told, taken bool) { //nolint:revive // it is what became of the pack
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range pack {
		e := t.e
		if !taken {
			if e.progress == nil {
				e.progress = t.progress
			}
			if e.before == t.before+int64(len(t.lines)) { // else what came since has pushed them out
				e.lines, e.before = slices.Concat(t.lines, e.lines), t.before
				for _, l := range t.lines {
					e.size += l.size()
					r.size += l.size()
				}
				r.shorten(e)
			}
		}
		if e.waits = len(e.lines) > 0 || e.progress != nil; e.waits {
			r.turns = append(r.turns, e)
		}
		r.forget(e)
	}
}

func (r *Recorder) forget(e *execution) {
	if e.ended && !e.waits {
		delete(r.executions, e.ticket.Execution)
	}
}

func (r *Recorder) publish(ctx context.Context, cred tokenauth.Credential, pack []told) error {
	reports := make([]contracts.Report, len(pack))
	for i, t := range pack {
		report := contracts.Report{Seq: t.seq, Ticket: t.e.ticket, Progress: t.progress, Before: t.before}
		for _, l := range t.lines {
			l.LogLine.At = contracts.At(cred.Time(l.at))
			report.Lines = append(report.Lines, l.LogLine)
		}
		reports[i] = report
	}
	body, err := contracts.NewTelemetryPack(cred.Raw, contracts.At(cred.Time(time.Now())), reports...).Encode()
	if err != nil {
		return fmt.Errorf("encoding a telemetry pack: %w", err)
	}
	err = r.publisher.Publish(ctx, topology.Telemetry, broker.Message{
		Type: string(contracts.TypeTelemetry), Body: body, Durability: broker.Transient,
	})
	if err != nil {
		return fmt.Errorf("publishing a telemetry pack: %w", err)
	}
	return nil
}
