package dualstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/dualstore"
)

// While the primary is away nobody waits to report.
func TestReportsDoNotWaitForAPrimaryThatIsAway(t *testing.T) {
	inScene(t, dualstore.Config{}, 0, nothing, func(s *scene) {
		r := s.commit(s, newRecord())
		s.gate.set(hanging)
		s.wantDegraded(r)
		began := time.Now()
		err := s.AddReports(s.ctx, store.Report{MissionID: r.Mission.MissionID, Run: 1, Seq: 1})
		if took := time.Since(began); !errors.Is(err, store.ErrUnavailable) || took > 0 {
			t.Errorf("%v after %s", err, took)
		}
		s.gate.set(open)
	})
}
