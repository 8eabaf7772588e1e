package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

func TestSquadLimits(t *testing.T) {
	s := newTestServer(t, Config{})
	all := topology.Default()
	client := s.broker.Connect(membroker.Config{Topology: &all})
	defer client.Close(t.Context()) //nolint:errcheck // the test's end
	if err := s.squads.Register(t.Context(), "gpu"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"PUT", "/squads/cpu/limits", `{"max_running":3}`, 404, `not_found`},
		{"DELETE", "/squads/cpu/limits", "", 404, `not_found`},
		{"PUT", "/squads/gpu/limits", `{"max_running":3}`, 200, `"limits":{"max_running":3,"admitted":0,"waiting":0}`},
		{"PUT", "/squads/gpu/limits", `{"max_running":10000}`, 200, `"limits":{"max_running":10000,"admitted":0,"waiting":0}`},
		{"GET", "/squads/gpu", "", 200, `"limits":{"max_running":10000,"admitted":0,"waiting":0}`},
		{"GET", "/squads", "", 200, `"limits":{"max_running":10000,"admitted":0,"waiting":0}`},
		{"GET", "/limits", "", 200, `{"limits":[]}`},
		{"PUT", "/squads/gpu/limits", `{}`, 422, `"field":"max_running","code":"required"`},
		{"PUT", "/squads/gpu/limits", `{"max_running":0}`, 422, `"field":"max_running","code":"too_small"`},
		{"PUT", "/squads/gpu/limits", `{"max_running":10001}`, 422, `"field":"max_running","code":"too_large"`},
		{"PUT", "/squads/gpu/limits", `{"max_running":null}`, 422, `"field":"max_running","code":"invalid"`},
		{"PUT", "/squads/gpu/limits", `{"max_running":1,"rate":{"starts":1,"period_seconds":1}}`, 422, `"field":"rate","code":"unknown"`},
		{"PUT", "/squads/gpu/limits", `{`, 400, `invalid_json`},
		{"DELETE", "/squads/gpu/limits", `{"max_running":1}`, 422, `"field":"max_running","code":"unknown"`},
		{"POST", "/squads/gpu/limits", `{"max_running":1}`, 405, `method_not_allowed`},
		{"DELETE", "/squads/gpu/limits", "", 200, `"name":"gpu"`},
		{"DELETE", "/squads/gpu/limits", "{}", 200, `"name":"gpu"`},
		{"PUT", "/squads/gpu/limits", `{"max_running":3}`, 200, `"limits"`},
		{"DELETE", "/squads/gpu", "", 200, `"name":"gpu"`},
		{"DELETE", "/squads/gpu/limits", "", 404, `not_found`},
	} {
		if a := s.do(c.method, c.path, c.body); a.status != c.status || !strings.Contains(string(a.body), c.want) {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, a.status, a.body, c.status, c.want)
		}
	}
	if err := s.squads.Register(t.Context(), "gpu"); err != nil {
		t.Fatal(err)
	}
	if a := s.do("GET", "/squads/gpu", ""); a.status != 200 || strings.Contains(string(a.body), "limits") {
		t.Errorf("a new squad has the limit of the one before: %s", a.body)
	}
}

func TestMissionsWaitForTheirSquad(t *testing.T) {
	s := newTestServer(t, Config{})
	if _, err := s.store.Renew(t.Context(), store.Session{ID: "one", SoldierID: "soldier-1", Squads: []string{"default", "gpu"}, Slots: 1}, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.squads.Serve(t.Context(), "default", "gpu"); err != nil {
		t.Fatal(err)
	}
	s.do("PUT", "/squads/gpu/limits", `{"max_running":2}`)
	s.do("PUT", "/limits/k", `{"max_running":2}`)
	var ids []string
	for _, key := range []string{"", `,"concurrency_key":"k"`, `,"concurrency_key":"k"`, `,"concurrency_key":"k"`, ""} {
		ids = append(ids, missionIn(t, s.do("POST", "/missions", `{"name":"n","squad":"gpu"`+key+`}`)).MissionID)
	}
	want := func(reasons ...string) {
		t.Helper()
		for i, want := range reasons {
			if got := missionIn(t, s.do("GET", "/missions/"+ids[i], "")).StatusReason; got != want {
				t.Errorf("mission %d: %q, want %q", i, got, want)
			}
		}
	}
	const squad, key = "waits for its squad gpu: limit 2 reached", `waits for its concurrency key "k": limit 2 reached`
	want("", "", squad, key, squad)
	if a := s.do("GET", "/squads/gpu", ""); !strings.Contains(string(a.body), `"limits":{"max_running":2,"admitted":2,"waiting":2}`) {
		t.Errorf("%s", a.body)
	}
	s.do("POST", "/missions/"+ids[1]+"/cancel", "")
	want("", "", "", squad, squad)
	if a := s.do("PUT", "/squads/gpu/limits", `{"max_running":3}`); !strings.Contains(string(a.body), `"limits":{"max_running":3,"admitted":3,"waiting":1}`) {
		t.Errorf("%s", a.body)
	}
	s.do("DELETE", "/squads/gpu/limits", "")
	want("", "", "", "", "")
}

func TestNoSquadLimitsOverShards(t *testing.T) {
	g := newGate()
	g.sharded = true
	s := newTestServerOver(t, Config{}, g)
	for _, method := range []string{"PUT", "DELETE"} {
		body := map[string]string{"PUT": `{"max_running":1}`}[method]
		a := s.do(method, "/squads/default/limits", body)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), `"field":"max_running","code":"not_supported"`) {
			t.Errorf("%s: %d %s", method, a.status, a.body)
		}
	}
}
