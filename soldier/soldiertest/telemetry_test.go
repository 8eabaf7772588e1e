package soldiertest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/soldiertest"
)

// carryOut has a handler called, and returns what came of it.
func carryOut(t *testing.T, h func(ctx context.Context) error) soldiertest.Outcome {
	t.Helper()
	s := soldiertest.New()
	soldier.Handle(s, "k", func(ctx context.Context, _ soldier.Mission[json.RawMessage]) (any, error) { return nil, h(ctx) })
	out, err := soldiertest.Run(t.Context(), s, contracts.MissionRequest{Kind: "k"})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantLog(t *testing.T, out soldiertest.Outcome, want ...contracts.LogLine) {
	t.Helper()
	if diff := cmp.Diff(want, out.Log, cmpopts.IgnoreFields(contracts.LogLine{}, "At")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	for _, l := range out.Log {
		if l.At.IsZero() {
			t.Errorf("%q was said at no time", l.Text)
		}
	}
}

func TestWhatAHandlerReports(t *testing.T) {
	contexts := make(chan context.Context, 1)
	out := carryOut(t, func(ctx context.Context) error {
		contexts <- ctx
		soldier.Progress(ctx, -1, "")
		soldier.Progress(ctx, 40, strings.Repeat("ü", contracts.MaxProgressText))
		soldier.Logf(ctx, "resized %d of %d\n", 2, 5)
		soldier.Logf(ctx, "%s", strings.Repeat("x", contracts.MaxLogText+1))
		return errors.New("failed")
	})
	late := <-contexts
	soldier.Progress(late, 99, "")
	soldier.Logf(late, "nobody hears it")
	soldier.Logf(t.Context(), "nor this")
	if diff := cmp.Diff([]contracts.Progress{{}, {Percent: 40, Text: strings.Repeat("ü", contracts.MaxProgressText/2)}}, out.Progress); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	wantLog(t, out, contracts.LogLine{Level: contracts.LevelInfo, Text: "resized 2 of 5"},
		contracts.LogLine{Level: contracts.LevelInfo, Text: strings.Repeat("x", contracts.MaxLogText), Cut: true})
	if out.Status != contracts.UpdateFailed {
		t.Errorf("status %s", out.Status)
	}
}

func TestALoggersLinesAreTheMissions(t *testing.T) {
	var b bytes.Buffer
	next := slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})
	log := slog.New(soldier.NewLogHandler(next)).With("team", "blue")
	out := carryOut(t, func(ctx context.Context) error {
		log.DebugContext(ctx, "begins")
		log.WithGroup("image").WarnContext(ctx, "small", "width", 7, "name", "a b")
		slog.New(soldier.NewLogHandler(nil)).ErrorContext(ctx, "broken")
		slog.New(soldier.NewLogHandler(nil)).DebugContext(ctx, "not logged")
		log.Info("of no mission")
		return nil
	})
	wantLog(t, out, contracts.LogLine{Level: contracts.LevelDebug, Text: "begins team=blue"},
		contracts.LogLine{Level: contracts.LevelWarn, Text: `small team=blue image.width=7 image.name="a b"`},
		contracts.LogLine{Level: contracts.LevelError, Text: "broken"})
	for _, want := range []string{"msg=begins team=blue", `level=WARN msg=small team=blue image.width=7 image.name="a b"`, `msg="of no mission"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the next handler got %q, lacks %q", b.String(), want)
		}
	}
}
