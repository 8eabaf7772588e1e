package httpapi

import (
	"net/http"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// TestAKeyWhoseMissionWasRemoved: a repeat says so, and orders nothing.
func TestAKeyWhoseMissionWasRemoved(t *testing.T) {
	for path, body := range map[string]string{"/missions": `{"name":"once"}`, "/missions/batch": `{"missions":[{"name":"once"},{"name":"more"}]}`} {
		t.Run(path, func(t *testing.T) {
			s := newTestServer(t, Config{})
			key := with{"Idempotency-Key", "order-1"}
			accepted := func(a answer) {
				t.Helper()
				if a.status != http.StatusAccepted {
					t.Fatalf("%d %s", a.status, a.body)
				}
			}
			accepted(s.do("POST", path, body, key))
			s.create("the newest")
			page, err := s.store.List(t.Context(), store.Query{Limit: contracts.MaxListLimit})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page.Missions {
				accepted(s.do("POST", "/missions/"+m.MissionID+"/cancel", ""))
			}
			done, err := s.store.Trim(t.Context(), store.Trim{Status: contracts.StatusCancelled, Keep: 1, Limit: store.MaxTrim})
			if err != nil || len(done.Removed) != len(page.Missions)-1 {
				t.Fatal(done, err)
			}
			if a := s.do("POST", path, body, key); a.status != http.StatusConflict || a.problem(t).Code != "mission_removed" {
				t.Errorf("again: %d %s", a.status, a.body)
			}
			if a := s.do("GET", "/missions/"+done.Removed[0], ""); a.status != http.StatusNotFound {
				t.Errorf("what was removed: %d %s", a.status, a.body)
			}
			if c, err := s.store.Counts(t.Context()); err != nil || c.ByStatus[contracts.StatusQueued] > 0 {
				t.Errorf("%v are there, %v", c.ByStatus, err)
			}
		})
	}
}
