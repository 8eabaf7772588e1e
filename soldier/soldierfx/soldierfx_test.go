package soldierfx_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/soldierfx"
)

func TestApplicationIsValid(t *testing.T) {
	err := fx.ValidateApp(
		fx.Supply(soldier.Config{ID: "s", EnrollmentKey: "k"}, zap.NewNop()),
		soldierfx.Module(),
		fx.Invoke(func(s *soldier.Soldier) {
			soldier.Handle(s, "nothing", func(context.Context, soldier.Mission[struct{}]) (any, error) { return nil, nil })
		}),
	)
	if err != nil {
		t.Error(err)
	}
}

func TestStopTimeoutCoversTheDrain(t *testing.T) {
	if d := soldierfx.StopTimeout(30 * time.Second); d < 40*time.Second {
		t.Errorf("got %v", d)
	}
	if d := soldierfx.StopTimeout(-1); d < 10*time.Second {
		t.Errorf("got %v", d)
	}
}
