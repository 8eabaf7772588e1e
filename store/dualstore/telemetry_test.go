package dualstore_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/dualstore"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// slowReports takes a second to add reports.
type slowReports struct{ store.Store }

func (s slowReports) AddReports(ctx context.Context, reports ...store.Report) error {
	time.Sleep(time.Second)
	return s.Store.AddReports(ctx, reports...)
}

// A flood of reports makes nobody take the primary for away.
func TestSlowReportsDegradeNoRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, dualstore.Config{Primary: slowReports{memstore.New(memstore.Config{})}})
		r := newRecord()
		if _, err := s.Commit(t.Context(), store.Change{Record: r}); err != nil {
			t.Fatal(err)
		}
		if err := s.AddReports(t.Context(), store.Report{MissionID: r.Mission.MissionID, Run: 1, Seq: 1}); err != nil {
			t.Errorf("reports: %v", err)
		}
		if _, source, err := s.Get(t.Context(), r.Mission.MissionID); err != nil || source.Degraded {
			t.Errorf("a read is degraded: %v, %v", source.Degraded, err)
		}
	})
}

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
