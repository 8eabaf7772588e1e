package dualstore_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/dualstore"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// tardy takes a second for what may be large.
type tardy struct{ store.Store }

func (s tardy) AddReports(ctx context.Context, reports ...store.Report) error {
	time.Sleep(time.Second)
	return s.Store.AddReports(ctx, reports...)
}

func (s tardy) ListDocuments(ctx context.Context, collection string) ([]store.Document, store.Source, error) {
	time.Sleep(time.Second)
	return s.Store.ListDocuments(ctx, collection)
}

// A flood of reports, or a large list of documents, has its answer, and makes nobody take the primary for away.
func TestWhatIsLargeDegradesNoRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, dualstore.Config{Primary: tardy{memstore.New(memstore.Config{})}})
		r := newRecord()
		if _, err := s.Commit(t.Context(), store.Change{Record: r}); err != nil {
			t.Fatal(err)
		}
		wantThere := func(after string) {
			t.Helper()
			if _, source, err := s.Get(t.Context(), r.Mission.MissionID); err != nil || source.Degraded {
				t.Errorf("a read is degraded (%v, %v) after %s", source.Degraded, err, after)
			}
		}
		if err := s.AddReports(t.Context(), store.Report{MissionID: r.Mission.MissionID, Run: 1, Seq: 1}); err != nil {
			t.Errorf("reports: %v", err)
		}
		wantThere("reports")
		if _, err := s.PutDocument(t.Context(), "c", store.Document{Name: "n"}); err != nil {
			t.Fatal(err)
		}
		list, source, err := s.ListDocuments(t.Context(), "c")
		if err != nil || source.Degraded || len(list) != 1 {
			t.Errorf("documents: %v, %v, %v", list, source, err)
		}
		wantThere("documents")
	})
}
