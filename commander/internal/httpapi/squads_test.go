package httpapi

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

func TestSquads(t *testing.T) {
	s := newTestServer(t, Config{})
	all := topology.Default()
	client := s.broker.Connect(membroker.Config{Topology: &all})
	defer client.Close(t.Context()) //nolint:errcheck // the test's end
	if _, err := s.store.Renew(t.Context(), store.Session{ID: "one", SoldierID: "soldier-1", Squads: []string{"default", "gpu"}, Slots: 4}, time.Hour); err != nil {
		t.Fatal(err)
	}
	wantProblem := func(a answer, status int, code, detail string) {
		t.Helper()
		if p := a.problem(t); a.status != status || p.Code != code || !strings.Contains(p.Detail, detail) {
			t.Errorf("%d %s, want %d %s with %q", a.status, a.body, status, code, detail)
		}
	}
	wantProblem(s.do("POST", "/squads/gpu/pause", ""), 404, "not_found", "GET /squads")
	wantProblem(s.do("GET", "/squads/gpu", ""), 404, "not_found", "GET /squads")
	wantProblem(s.do("DELETE", "/squads/G!", ""), 404, "not_found", "GET /squads")

	if err := s.squads.Serve(t.Context(), "default", "gpu"); err != nil {
		t.Fatal(err)
	}
	m := s.do("POST", "/missions", `{"name":"n","squad":"gpu"}`).mission(t)
	if m.Squad != "gpu" || m.StatusReason != "" {
		t.Errorf("%+v", m)
	}
	var list squadList
	a := s.do("GET", "/squads", "")
	if err := decodeJSON(a.body, &list); err != nil || len(list.Squads) != 2 || list.Squads[0].Name != "default" || list.Degraded {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if g := list.Squads[1]; g.Name != "gpu" || g.Paused || g.Soldiers != 1 || g.Slots != 4 || g.CreatedAt.IsZero() {
		t.Errorf("%+v", g)
	}

	wantSquad := func(a answer, paused bool) {
		t.Helper()
		var got squad
		if err := decodeJSON(a.body, &got); err != nil || a.status != 200 || got.Name != "gpu" || got.Paused != paused {
			t.Errorf("%d %s, want paused %v", a.status, a.body, paused)
		}
	}
	for range 2 {
		wantSquad(s.do("POST", "/squads/gpu/pause", ""), true)
	}
	wantSquad(s.do("GET", "/squads/gpu", ""), true)
	const why = "squad gpu is paused"
	if got := s.do("GET", "/missions/"+m.MissionID, "").mission(t); got.Status != contracts.StatusQueued || !strings.Contains(got.StatusReason, why) {
		t.Errorf("%+v", got)
	}
	if got := s.do("POST", "/missions", `{"name":"n","squad":"gpu"}`).mission(t); !strings.Contains(got.StatusReason, why) {
		t.Errorf("%+v", got)
	}
	if a := s.do("GET", "/missions?squad=gpu", ""); strings.Count(string(a.body), why) != 2 {
		t.Errorf("%s", a.body)
	}
	if text := string(s.do("POST", "/missions/batch", `{"missions":[{"name":"n","squad":"gpu"},{"name":"n"}]}`).body); strings.Count(text, why) != 1 {
		t.Errorf("%s", text)
	}
	wantSquad(s.do("POST", "/squads/gpu/resume", "{}"), false)
	if got := s.do("GET", "/missions/"+m.MissionID, "").mission(t); got.StatusReason != "" {
		t.Errorf("%+v", got)
	}

	wantProblem(s.do("DELETE", "/squads/default", ""), 409, "default_squad", "always there")
	wantProblem(s.do("DELETE", "/squads/gpu", ""), 409, "squad_in_use", "soldier-1")
	if a := s.do("POST", "/missions", `{"name":"n","squad":"old"}`); a.status != 202 {
		t.Fatalf("%s", a.body)
	} else if a := s.do("POST", "/missions/"+a.mission(t).MissionID+"/cancel", ""); a.status != 202 {
		t.Fatalf("%s", a.body)
	}
	if a := s.do("DELETE", "/squads/old", ""); a.status != 200 || !strings.Contains(string(a.body), `"name":"old"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.do("GET", "/squads/old", ""); a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestSquadsTellHowManyMissionsTheyHave: exactly, or not at all.
func TestSquadsTellHowManyMissionsTheyHave(t *testing.T) {
	s := newTestServer(t, Config{})
	for _, body := range []string{`{"name":"n","squad":"gpu"}`, `{"name":"n","squad":"gpu"}`, `{"name":"n","squad":"gpu","delay_seconds":900}`} {
		if a := s.do("POST", "/missions", body); a.status != 202 {
			t.Fatalf("%s", a.body)
		}
	}
	want := func(path, counts string) {
		t.Helper()
		if a := s.do("GET", path, ""); a.status != 200 || !strings.Contains(string(a.body), `"name":"gpu","paused":false,"soldiers":0,"slots":0`+counts+`,"ready":`) {
			t.Errorf("%s: %d %s, want %q", path, a.status, a.body, counts)
		}
	}
	const counts = `,"scheduled":1,"queued":2,"running":0`
	want("/squads", counts)
	want("/squads/gpu", counts)
	if a := s.do("GET", "/squads/default", ""); !strings.Contains(string(a.body), `"scheduled":0,"queued":0,"running":0`) {
		t.Errorf("a squad without missions: %s", a.body)
	}
	s.store.uncounted.Store(true)
	want("/squads", "")
	want("/squads/gpu", "")
	s.store.uncounted.Store(false)
	s.store.source.Store(&store.Source{Degraded: true, AsOf: contracts.At(time.UnixMilli(1_700_000_000_000))})
	want("/squads", counts)
	want("/squads/gpu", "")
}

func TestThereMayBeAHundredSquads(t *testing.T) {
	s := newTestServer(t, Config{})
	for n := range squads.Most - 1 {
		if err := s.squads.Register(context.Background(), fmt.Sprint("squad-", n)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ path, body string }{
		{"/missions", `{"name":"n","squad":"more"}`}, {"/missions/batch", `{"missions":[{"name":"n"},{"name":"n","squad":"more"}]}`},
	} {
		a := s.do("POST", c.path, c.body)
		if p := a.problem(t); a.status != 422 || p.Code != "too_many_squads" || !strings.Contains(p.Detail, "DELETE /squads/{squad}") || p.Errors[0].Field != "squad" {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if a := s.do("POST", "/missions", `{"name":"n","squad":"squad-7"}`); a.status != 202 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
