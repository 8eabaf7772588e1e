package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

func TestATakenUniqueKeyNamesItsMission(t *testing.T) {
	s := newTestServer(t, Config{})
	const body = `{"name":"n","unique_key":"nightly: 2026"}`
	holder := s.do("POST", "/missions", body).mission(t)
	if holder.UniqueKey != "nightly: 2026" {
		t.Errorf("%+v", holder)
	}
	taken := func(a answer, errors int) {
		t.Helper()
		p := a.problem(t)
		if a.status != http.StatusConflict || p.Code != "unique_key_taken" || p.MissionID != holder.MissionID || len(p.Errors) != errors ||
			!strings.Contains(p.Detail, holder.MissionID) {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	taken(s.do("POST", "/missions", body), 0)
	a := s.do("POST", "/missions/batch", `{"missions":[{"name":"m"},`+body+`]}`)
	if taken(a, 1); a.problem(t).Errors[0].Field != "missions[1].unique_key" {
		t.Errorf("%s", a.body)
	}
	if a := s.do("POST", "/missions/batch", `{"missions":[{"name":"m","unique_key":"x"},{"name":"m","unique_key":"x"}]}`); a.status != 422 ||
		a.problem(t).Errors[0].Field != "missions[1].unique_key" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.do("POST", "/missions/"+holder.MissionID+"/cancel", ""); a.status != http.StatusAccepted {
		t.Fatal(a.status)
	}
	first := holder
	holder = s.do("POST", "/missions", body).mission(t)
	taken(s.do("POST", "/missions/"+first.MissionID+"/retry", ""), 0)
}

func TestAMissionHasItsDeadline(t *testing.T) {
	s := newTestServer(t, Config{})
	m := s.do("POST", "/missions", `{"name":"n","delay_seconds":60,"deadline_seconds":90}`).mission(t)
	read := s.do("GET", "/missions/"+m.MissionID, "").mission(t)
	if m.DeadlineAt.Sub(m.CreatedAt.Time) != 90*time.Second || read.DeadlineAt != m.DeadlineAt || m.Status != contracts.StatusScheduled {
		t.Errorf("%+v", m)
	}
	at := m.CreatedAt.Add(time.Hour).Truncate(time.Second)
	m = s.do("POST", "/missions", `{"name":"n","deadline_at":"`+at.Format(time.RFC3339)+`"}`).mission(t)
	if !m.DeadlineAt.Equal(at) || m.Status != contracts.StatusQueued {
		t.Errorf("%+v", m)
	}
}
