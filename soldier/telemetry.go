package soldier

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier/internal/telemetry"
)

// Progress says how far the handler whose context ctx is has come: 0 to 100 percent, and a few words for people, or none. It
// is shown with the mission; only the newest counts, and a new run begins at 0 again.
//
// Progress, Logf and a LogHandler never wait, and fail in no way: what they say is kept for people, decides nothing, and may be
// lost. It goes out at most twice a second for the whole soldier. With a context that is no handler's, or once the handler
// has returned, they do nothing.
func Progress(ctx context.Context, percent int, text string) {
	telemetry.From(ctx).Progress(percent, text)
}

// Logf adds a line to the mission's log, of which the newest 200 lines, or 64 KiB of them, are kept, of all runs. A text of more
// than 4 KiB is cut. Where more is said than can be told, the oldest lines are dropped and counted.
func Logf(ctx context.Context, format string, args ...any) {
	if v := telemetry.From(ctx); v != nil {
		v.Line(contracts.LevelInfo, fmt.Sprintf(format, args...))
	}
}

// NewLogHandler returns a slog.Handler that adds what is logged with a handler's context (slog.InfoContext and so on) to its
// mission's log, and then hands it to next, which may be nil. Next says which levels are logged; without it, all from
// slog.LevelInfo on are.
func NewLogHandler(next slog.Handler) slog.Handler { return &logHandler{next: next} }

type logHandler struct {
	next slog.Handler
	// with are the calls of WithAttrs and WithGroup.
	with []func(slog.Handler) slog.Handler
}

// Enabled implements slog.Handler.
func (h *logHandler) Enabled(ctx context.Context, l slog.Level) bool {
	if h.next == nil {
		return l >= slog.LevelInfo
	}
	return h.next.Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	if v := telemetry.From(ctx); v != nil {
		v.Line(levelOf(r.Level), h.text(ctx, r))
	}
	if h.next == nil {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// text is the message and the attributes behind it, as key=value.
func (h *logHandler) text(ctx context.Context, r slog.Record) string {
	var b bytes.Buffer
	var to slog.Handler = slog.NewTextHandler(&b, &slog.HandlerOptions{Level: r.Level, ReplaceAttr: attributesAlone})
	for _, with := range h.with {
		to = with(to)
	}
	_ = to.Handle(ctx, r) // a buffer takes all
	if attributes := bytes.TrimSpace(b.Bytes()); len(attributes) > 0 {
		return r.Message + " " + string(attributes)
	}
	return r.Message
}

func attributesAlone(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return a
}

func levelOf(l slog.Level) contracts.LogLevel {
	switch {
	case l < slog.LevelInfo:
		return contracts.LevelDebug
	case l < slog.LevelWarn:
		return contracts.LevelInfo
	case l < slog.LevelError:
		return contracts.LevelWarn
	default:
		return contracts.LevelError
	}
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.and(func(to slog.Handler) slog.Handler { return to.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (h *logHandler) WithGroup(name string) slog.Handler {
	return h.and(func(to slog.Handler) slog.Handler { return to.WithGroup(name) })
}

func (h *logHandler) and(with func(slog.Handler) slog.Handler) slog.Handler {
	wider := &logHandler{next: h.next, with: append(slices.Clip(h.with), with)}
	if h.next != nil {
		wider.next = with(h.next)
	}
	return wider
}
