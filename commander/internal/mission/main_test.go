package mission_test

import (
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func asState(err error, target **mission.StateError) bool { return errors.As(err, target) }
