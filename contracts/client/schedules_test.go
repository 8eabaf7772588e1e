package client_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
)

const patrol = `{"name":"patrol","every_seconds":5,"mission":{"name":"n"},"missed":"last","overlap":"allow","paused":false,
	"next_at":"2026-01-02T03:04:05.000Z","runs":[{"at":"2026-01-02T03:04:00.000Z","skipped":"overlap"}],"degraded":true}`

func TestSchedules(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := patrol
		switch {
		case r.URL.Path == "/schedules":
			body = `{"schedules":[` + patrol + `],"degraded":false}`
		case r.Method == http.MethodDelete:
			body = `{"name":"patrol"}`
		case strings.HasSuffix(r.URL.Path, "/run"):
			w.WriteHeader(http.StatusAccepted)
			body = `{"mission_id":"` + missionID + `"}`
		}
		_, _ = w.Write([]byte(body))
	})
	cl, ctx := c.client(t), t.Context()
	if all, err := cl.Schedules(ctx); err != nil || len(all.Schedules) != 1 || all.Schedules[0].Name != "patrol" {
		t.Errorf("%+v, %v", all, err)
	}
	if s, err := cl.Schedule(ctx, "patrol"); err != nil || s.EverySeconds != 5 || !s.Degraded || s.NextAt.IsZero() || s.Runs[0].Skipped != contracts.SkippedOverlap {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := cl.PutSchedule(ctx, "patrol", contracts.ScheduleRequest{EverySeconds: 5, Mission: contracts.MissionRequest{Name: "<n>"}}); err != nil || s.Name != "patrol" {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := cl.PauseSchedule(ctx, "patrol"); err != nil {
		t.Error(err)
	}
	if _, err := cl.ResumeSchedule(ctx, "a/b"); err != nil {
		t.Error(err)
	}
	if m, err := cl.RunSchedule(ctx, "patrol"); err != nil || m.MissionID != missionID {
		t.Errorf("%+v, %v", m, err)
	}
	if err := cl.DeleteSchedule(ctx, "patrol"); err != nil {
		t.Error(err)
	}
	var asked []string
	for _, r := range c.requests() {
		asked = append(asked, r.method+" "+r.target+" "+r.body)
	}
	want := []string{"GET /schedules ", "GET /schedules/patrol ", `PUT /schedules/patrol {"every_seconds":5,"mission":{"name":"<n>"}}`,
		"POST /schedules/patrol/pause ", "POST /schedules/a%2Fb/resume ", "POST /schedules/patrol/run ", "DELETE /schedules/patrol "}
	if strings.Join(asked, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatIsRepeatedOfSchedules(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
			return
		}
		writeProblem(w, http.StatusNotFound, "not_found", "There is no schedule of that name.")
	})
	if err := c.client(t).DeleteSchedule(t.Context(), "patrol"); err != nil {
		t.Errorf("one that an earlier try may have deleted: %v", err)
	}
	before := len(c.requests())
	if err := c.client(t).DeleteSchedule(t.Context(), "patrol"); err == nil {
		t.Error("one that is not there was deleted")
	}
	if _, err := c.client(t).RunSchedule(t.Context(), "patrol"); err == nil || len(c.requests()) != before+2 {
		t.Errorf("%v after %d requests", err, len(c.requests()))
	}
}
