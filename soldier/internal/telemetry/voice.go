// Package telemetry carries what handlers report while they run, progress and log lines, to the commanders.
//
// A handler speaks through its context, and never waits: what it says goes into a buffer that is bounded for each execution and
// for all together. The Recorder empties it in packs, at most twice a second, whatever is said:
//
//	handler ──> Voice ──> Recorder (the newest lines of each execution) ──> pack ──> telemetry_queue
//
// Where more is said than can be told, the oldest lines go; each report says how many lines came before its own, so that what
// is lost, here or further on, is counted in the end. What could not be sent is tried again. An execution that says nothing
// has no place in the Recorder, and costs nothing.
package telemetry

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Sink takes what handlers report. Its methods must not block.
type Sink interface {
	Progress(t *contracts.Ticket, p contracts.Progress)
	// Line is said at a moment; l.At is not set.
	Line(t *contracts.Ticket, at time.Time, l contracts.LogLine)
	// Ended says, of an execution that said anything, that it says nothing more.
	Ended(t *contracts.Ticket)
}

// Voice is one execution's way to a Sink. A nil Voice says nothing.
type Voice struct {
	ticket *contracts.Ticket
	sink   Sink

	mu          sync.Mutex
	used, ended bool
}

type key struct{}

// With returns a context through which a handler reports. End the Voice when the handler has returned.
func With(ctx context.Context, t *contracts.Ticket, s Sink) (context.Context, *Voice) {
	v := &Voice{ticket: t, sink: s}
	return context.WithValue(ctx, key{}, v), v
}

// From returns the context's Voice, nil where it has none.
func From(ctx context.Context) *Voice {
	v, _ := ctx.Value(key{}).(*Voice)
	return v
}

// Progress says how far the handler has come. What is out of range is brought into it.
func (v *Voice) Progress(percent int, text string) {
	text, _ = fit(text, contracts.MaxProgressText)
	v.say(func() { v.sink.Progress(v.ticket, contracts.Progress{Percent: min(max(percent, 0), 100), Text: text}) })
}

// Line adds a line to the log. Text that is too long is cut.
func (v *Voice) Line(level contracts.LogLevel, text string) {
	text, cut := fit(text, contracts.MaxLogText)
	v.say(func() { v.sink.Line(v.ticket, time.Now(), contracts.LogLine{Level: level, Text: text, Cut: cut}) })
}

func (v *Voice) say(to func()) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.ended {
		v.used = true
		to()
	}
}

// End ends it: a goroutine that the handler left behind says nothing more.
func (v *Voice) End() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.used && !v.ended {
		v.sink.Ended(v.ticket)
	}
	v.ended = true
}

// fit makes text valid, without line breaks at its end, and cuts it to at most n bytes, between two characters.
func fit(text string, n int) (fitting string, cut bool) {
	text = strings.ToValidUTF8(strings.TrimRight(text, "\r\n"), "\uFFFD")
	if len(text) <= n {
		return text, false
	}
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return strings.Clone(text[:n]), true
}
