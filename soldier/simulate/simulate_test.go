package simulate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/simulate"
	"github.com/mission-control-dev/mission-control/soldier/soldiertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mission(payload string) soldier.Mission[json.RawMessage] {
	return soldier.Mission[json.RawMessage]{ID: "m", Run: 3, Payload: json.RawMessage(payload)}
}

func code(err error) string {
	var e *soldier.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestDurationsAndFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := 0
		const n = 2000
		for i := range n {
			began := time.Now()
			_, err := simulate.Handle(t.Context(), mission(fmt.Sprintf(`{"seed":%d}`, i)))
			if d := time.Since(began); d < 5*time.Second || d > 15*time.Second {
				t.Fatalf("took %v, want 5 to 15 s", d)
			}
			if code(err) == simulate.CodeFailure {
				failures++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if failures < n*7/100 || failures > n*13/100 {
			t.Errorf("%d of %d failed, want about one in ten", failures, n)
		}
	})
}

func TestSeedRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range 20 {
			p := mission(fmt.Sprintf(`{"seed":%d,"failure_rate":0.5}`, seed))
			first, err1 := simulate.Handle(t.Context(), p)
			second, err2 := simulate.Handle(t.Context(), p)
			if first.Seconds != second.Seconds || code(err1) != code(err2) {
				t.Errorf("seed %d: %+v %v, then %+v %v", seed, first, err1, second, err2)
			}
		}
	})
}

func TestNoOp(t *testing.T) {
	got, err := simulate.Handle(t.Context(), mission(`{"max_seconds":0,"failure_rate":0}`))
	if err != nil || got.Seconds != 0 || got.Run != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := simulate.Handle(t.Context(), mission(`{"max_seconds":0,"failure_rate":1}`)); code(err) != simulate.CodeFailure {
		t.Errorf("got %v", err)
	}
}

// TestItTellsHowFarItHasCome each second, and nothing where it is over sooner.
func TestItTellsHowFarItHasCome(t *testing.T) {
	for payload, want := range map[string][]int{
		`{"min_seconds":4.5,"max_seconds":4.5,"failure_rate":0}`: {22, 44, 66, 88}, `{"max_seconds":1,"min_seconds":1,"failure_rate":0}`: nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := soldiertest.New()
			soldier.Handle(s, "simulate", simulate.Handle)
			out, err := soldiertest.Run(t.Context(), s, contracts.MissionRequest{Kind: "simulate", Payload: json.RawMessage(payload)})
			if err != nil || len(out.Log) != len(want) {
				t.Fatalf("%d lines, %v", len(out.Log), err)
			}
			var got []int
			for _, p := range out.Progress {
				got = append(got, p.Percent)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: progress %v, want %v", payload, got, want)
			}
		})
	}
}

func TestEndOfContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(soldier.ErrDraining)
	if _, err := simulate.Handle(ctx, mission(`{}`)); !errors.Is(err, soldier.ErrDraining) {
		t.Errorf("got %v", err)
	}
}

func TestWrongPayload(t *testing.T) {
	if _, err := simulate.Handle(t.Context(), mission(`{"min_seconds":-1}`)); code(err) != soldier.CodeInvalidPayload {
		t.Errorf("got %v", err)
	}
}
