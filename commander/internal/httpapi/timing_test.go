package httpapi

import (
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

func TestAMissionHasItsOwnRetriesAndItsTime(t *testing.T) {
	s := newTestServer(t, Config{})
	post := func(body string) contracts.Mission {
		t.Helper()
		m := s.do("POST", "/missions", body).mission(t)
		read := s.do("GET", "/missions/"+m.MissionID, "").mission(t)
		if (read.Retry == nil) != (m.Retry == nil) || m.Retry != nil && *read.Retry != *m.Retry || read.RunAt != m.RunAt {
			t.Errorf("accepted %+v, read %+v", m, read)
		}
		return m
	}
	if m := post(`{"name":"n","max_attempts":7}`); m.Retry != nil || m.MaxAttempts != 7 || !m.RunAt.IsZero() {
		t.Errorf("%+v", m)
	}
	m := post(`{"name":"n","retry":{"delay_seconds":30,"factor":1.25},"delay_seconds":90}`)
	if want := (contracts.Retry{DelaySeconds: 30, Factor: 1.25, MaxDelaySeconds: 600}); m.Retry == nil || *m.Retry != want {
		t.Errorf("retry %+v", m.Retry)
	}
	if m.Status != contracts.StatusScheduled || m.RunAt.Sub(m.CreatedAt.Time) != 90*time.Second {
		t.Errorf("%s at %v, created at %v", m.Status, m.RunAt, m.CreatedAt)
	}
	at := m.CreatedAt.Add(time.Hour).Truncate(time.Second)
	if m := post(`{"name":"n","run_at":"` + at.Format(time.RFC3339) + `"}`); m.Status != contracts.StatusScheduled || !m.RunAt.Equal(at) {
		t.Errorf("%s at %v", m.Status, m.RunAt)
	}
	if m := post(`{"name":"n","run_at":"2020-01-01T00:00:00Z"}`); m.Status != contracts.StatusQueued || !m.RunAt.IsZero() {
		t.Errorf("%s at %v", m.Status, m.RunAt)
	}
}
