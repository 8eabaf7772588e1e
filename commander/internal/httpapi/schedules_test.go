package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/schedule"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// schedules are over the test's store. Nothing is ordered but what is asked for.
func (s *testServer) schedules(log *zap.Logger) *schedule.Keeper {
	return schedule.New(schedule.Config{
		Store: s.store, Missions: s.missions, Now: func() contracts.Time { return contracts.At(time.Now()) }, Ran: func(string) {}, Logger: log,
	})
}

func (g *gate) Document(ctx context.Context, collection, name string) (store.Document, error) {
	if err := g.fail(); err != nil {
		return store.Document{}, err
	}
	if g.from().Degraded {
		return store.Document{}, store.ErrUnavailable
	}
	return g.Store.Document(ctx, collection, name)
}

func (g *gate) ListDocuments(ctx context.Context, collection string) ([]store.Document, store.Source, error) {
	if err := g.fail(); err != nil {
		return nil, store.Source{}, err
	}
	list, _, err := g.Store.ListDocuments(ctx, collection)
	return list, g.from(), err
}

func (s *testServer) schedule(a answer) scheduleView {
	s.t.Helper()
	var v scheduleView
	if err := decodeJSON(a.body, &v); err != nil || a.status != http.StatusOK {
		s.t.Fatalf("no schedule: %d %s", a.status, a.body)
	}
	return v
}

const nightly = `{"cron":"30 2 * * *","time_zone":"Europe/Berlin","mission":{"name":"report","payload":{"min_seconds":0},"labels":{"team":"blue"}}}`

func TestASchedulesLife(t *testing.T) {
	s := newTestServer(t, Config{})
	if a := s.do("GET", "/schedules", ""); a.status != http.StatusOK || !strings.Contains(string(a.body), `"schedules":[],"degraded":false`) {
		t.Errorf("at first: %d %s", a.status, a.body)
	}
	made := s.schedule(s.do("PUT", "/schedules/nightly", nightly))
	if made.Name != "nightly" || made.Missed != contracts.MissedLast || made.Overlap != contracts.OverlapAllow || made.Paused || made.NextAt.IsZero() || len(made.NextTimes) != 5 {
		t.Errorf("made %+v", made)
	}
	if string(made.Mission.Payload) != `{"min_seconds":0}` || made.Mission.MaxAttempts != 1 {
		t.Errorf("mission %+v", made.Mission)
	}
	again := s.schedule(s.do("PUT", "/schedules/nightly", strings.Replace(nightly, "report", "other", 1)))
	if again.CreatedAt != made.CreatedAt || again.NextAt != made.NextAt || again.Mission.Name != "other" {
		t.Errorf("replaced %+v", again)
	}
	a := s.do("POST", "/schedules/nightly/run", "")
	if a.status != http.StatusAccepted {
		t.Fatalf("run: %d %s", a.status, a.body)
	}
	m := a.mission(t)
	if m.Name != "other" || m.Labels["team"] != "blue" || m.Labels["schedule"] != "nightly" || a.header.Get("Location") != "/missions/"+m.MissionID {
		t.Errorf("ran %+v at %s", m, a.header.Get("Location"))
	}
	if a := s.do("GET", "/missions?label=schedule:nightly", ""); !strings.Contains(string(a.body), m.MissionID) {
		t.Errorf("by label: %s", a.body)
	}
	got := s.schedule(s.do("GET", "/schedules/nightly", ""))
	if got.LastMissionID != m.MissionID || len(got.Runs) != 1 || got.Runs[0].MissionID != m.MissionID {
		t.Errorf("after a run %+v", got)
	}
	if got := s.schedule(s.do("POST", "/schedules/nightly/pause", "")); !got.Paused || !got.NextAt.IsZero() || got.NextTimes != nil {
		t.Errorf("paused %+v", got)
	}
	if got := s.schedule(s.do("PUT", "/schedules/nightly", nightly)); !got.Paused {
		t.Errorf("replaced while paused %+v", got)
	}
	if got := s.schedule(s.do("POST", "/schedules/nightly/resume", "{}")); got.Paused || got.NextAt != made.NextAt {
		t.Errorf("resumed %+v", got)
	}
	list := s.do("GET", "/schedules", "")
	if !strings.Contains(string(list.body), `"name":"nightly"`) || strings.Contains(string(list.body), "payload") || strings.Contains(string(list.body), "runs") {
		t.Errorf("listed %s", list.body)
	}
	s.store.source.Store(&store.Source{Degraded: true, AsOf: contracts.At(time.Now())})
	if got := s.schedule(s.do("GET", "/schedules/nightly", "")); !got.Degraded || got.AsOf.IsZero() || got.Name != "nightly" {
		t.Errorf("from memory %+v", got)
	}
	if a := s.do("GET", "/schedules", ""); !strings.Contains(string(a.body), `"degraded":true`) {
		t.Errorf("listed from memory %s", a.body)
	}
	s.store.source.Store(nil)
	if a := s.do("DELETE", "/schedules/nightly", ""); a.status != http.StatusOK {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	for _, call := range []string{"GET /schedules/nightly", "DELETE /schedules/nightly", "POST /schedules/nightly/run", "POST /schedules/nightly/pause", "POST /schedules/nightly/resume"} {
		method, path, _ := strings.Cut(call, " ")
		if p := s.do(method, path, "").problem(t); p.Status != http.StatusNotFound || !strings.Contains(p.Detail, "schedule") {
			t.Errorf("%s once it is gone: %+v", call, p)
		}
	}
	if a := s.do("GET", "/missions/"+m.MissionID, ""); a.status != http.StatusOK {
		t.Errorf("its mission: %d", a.status)
	}
}

func TestWhatIsWrongWithASchedule(t *testing.T) {
	s := newTestServer(t, Config{})
	mission := `,"mission":{"name":"n"}`
	for body, fields := range map[string]string{
		`{}`:                          "mission",
		`{"mission":{"name":"n"}}`:    "cron",
		`{"cron":"x"` + mission + `}`: "cron",
		`{"cron":"* * * * *","every_seconds":5` + mission + `}`:                                                                          "cron",
		`{"cron":"* * * * *","time_zone":"Mars/Base","missed":"some","overlap":"some"` + mission + `}`:                                   "time_zone missed overlap",
		`{"every_seconds":5,"paused":"yes","more":1,"mission":{"squad":"x!"}}`:                                                           "paused more mission.squad mission.name",
		`{"every_seconds":"5","mission":[]}`:                                                                                             "every_seconds mission",
		`{"every_seconds":5,"mission":{"name":"n","run_at":"2030-01-01T00:00:00Z"}}`:                                                     "mission.run_at",
		`{"every_seconds":5,"mission":{"name":"n","kind":"k","payload":{"x":"` + strings.Repeat("x", contracts.MaxScheduleSize) + `"}}}`: "mission",
	} {
		p := s.do("PUT", "/schedules/s", body, with{beyondContract, "1"}).problem(t)
		var got []string
		for _, f := range p.Errors {
			got = append(got, f.Field)
		}
		if p.Status != http.StatusUnprocessableEntity || !sameFields(got, strings.Fields(fields)) {
			t.Errorf("%.80s: %d %v, want %s", body, p.Status, got, fields)
		}
	}
	if p := s.do("PUT", "/schedules/No", nightly, with{beyondContract, "1"}).problem(t); p.Status != http.StatusUnprocessableEntity || p.Errors[0].Field != "name" {
		t.Errorf("a wrong name: %+v", p)
	}
	if p := s.do("GET", "/schedules/No", "", with{beyondContract, "1"}).problem(t); p.Status != http.StatusNotFound {
		t.Errorf("a wrong name: %+v", p)
	}
	for i := range contracts.MaxSchedules {
		if _, err := s.store.PutDocument(t.Context(), "schedules", store.Document{Name: fmt.Sprint(i), Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	if p := s.do("PUT", "/schedules/more", nightly).problem(t); p.Status != http.StatusConflict || p.Code != "schedules_full" {
		t.Errorf("one too many: %+v", p)
	}
	s.store.away.Store(true)
	for _, call := range []string{"GET /schedules", "GET /schedules/s", "DELETE /schedules/s", "POST /schedules/s/run"} {
		method, path, _ := strings.Cut(call, " ")
		if p := s.do(method, path, "").problem(t); p.Status != http.StatusServiceUnavailable || p.Code != "store_unavailable" {
			t.Errorf("%s while the store is away: %+v", call, p)
		}
	}
}

func sameFields(got, want []string) bool {
	if len(got) != len(want) {
		return false
	}
	for _, w := range want {
		found := false
		for _, g := range got {
			found = found || g == w
		}
		if !found {
			return false
		}
	}
	return true
}
