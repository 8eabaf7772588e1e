package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// bulkEnds waits for a job's end, and wants it to have changed all that it chose.
func (s *stack) bulkEnds(id string, changed int) {
	s.t.Helper()
	var j client.BulkJob
	s.eventually(time.Minute, "the job ends", func() bool {
		got, err := s.GetBulk(s.t.Context(), id)
		j = got
		return err == nil && got.State != contracts.BulkRunning
	})
	if j.State != contracts.BulkDone || j.Changed != changed || j.Matched != changed || len(j.Skipped)+j.Failed > 0 {
		s.t.Fatalf("the job ended %+v, want %d changed", j.BulkJob, changed)
	}
}

func (s *stack) bulk(c *client.Client, action contracts.BulkAction, label string) string {
	s.t.Helper()
	j, err := c.OrderBulk(s.t.Context(), contracts.BulkRequest{Action: action, Filter: contracts.BulkFilter{Label: label}, Reason: "a drill"})
	if err != nil {
		s.t.Fatal(err)
	}
	return j.ID
}

// TestManyMissionsAreChangedOnceEach: 3,000 by label, while the commander that works on it is killed; then they are purged. The
// numbers are exported.
func TestManyMissionsAreChangedOnceEach(t *testing.T) {
	t.Parallel()
	const missions = 3000
	s := run(t, func(c *localstack.Config) { c.Soldiers = 0 })
	for i := range missions / contracts.MaxBatchMissions {
		requests := make([]contracts.MissionRequest, contracts.MaxBatchMissions)
		for k := range requests {
			requests[k] = contracts.MissionRequest{Name: fmt.Sprint("many ", i, " ", k), Labels: map[string]string{"drill": "many"}}
		}
		if _, err := s.SubmitBatch(t.Context(), requests, client.SubmitOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	other := s.submit("another", "0")
	p, err := s.PreviewBulk(t.Context(), contracts.BulkRequest{Action: contracts.BulkCancel, Filter: contracts.BulkFilter{Label: "drill:many"}})
	if err != nil || p.Matched != missions || !p.Complete {
		t.Fatalf("preview: %d, complete %v, %v", p.Matched, p.Complete, err)
	}
	s.bulkEnds(s.bulk(s.Client, contracts.BulkCancel, "drill:many"), missions)

	// Whoever takes an order begins with it. It dies in the middle, and the other goes on.
	commander2, second := s.second()
	retry := s.bulk(second, contracts.BulkRetry, "drill:many")
	s.eventually(30*time.Second, "some are retried", func() bool {
		j, err := s.GetBulk(t.Context(), retry)
		return err == nil && j.Changed >= missions/10
	})
	if err := commander2.KillAndHold(); err != nil {
		t.Fatal(err)
	}
	if j, err := s.GetBulk(t.Context(), retry); err != nil || j.State != contracts.BulkRunning {
		t.Fatalf("it was not killed in the middle: %+v, %v", j.BulkJob, err)
	}
	s.bulkEnds(retry, missions)

	seen := map[string]bool{}
	for m, err := range s.Export(t.Context(), client.ListOptions{Label: contracts.Label{Key: "drill", Value: "many"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[m.MissionID] = true; m.Attempt != 2 || m.Status != contracts.StatusQueued || len(m.Payload) == 0 {
			t.Fatalf("exported: %+v", m)
		}
	}
	if len(seen) != missions {
		t.Errorf("%d are exported", len(seen))
	}
	id := ""
	for id = range seen {
		break
	}
	h, err := s.History(t.Context(), id)
	if err != nil || strings.Count(fmt.Sprint(h.Lines), "bulk job "+retry+": a drill") != 1 {
		t.Errorf("%+v, %v", h.Lines, err)
	}

	s.bulkEnds(s.bulk(s.Client, contracts.BulkCancel, "drill:many"), missions)
	s.bulkEnds(s.bulk(s.Client, contracts.BulkPurge, "drill:many"), missions)
	for m, err := range s.Export(t.Context(), client.ListOptions{}) {
		if err != nil || m.MissionID != other {
			t.Errorf("left: %s, %v", m.Name, err)
		}
	}
	if err := s.Purge(t.Context(), other); problemStatus(err) != http.StatusConflict {
		t.Errorf("purge of one that has not ended: %v", err)
	}
	if _, err := s.Cancel(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(t.Context(), other); err != nil {
		t.Error(err)
	}
}

func problemStatus(err error) int {
	if p, ok := errors.AsType[*client.Problem](err); ok {
		return p.Status
	}
	return 0
}
