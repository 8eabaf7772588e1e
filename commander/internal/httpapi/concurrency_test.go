package httpapi

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func TestLimits(t *testing.T) {
	s := newTestServer(t, Config{})
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/limits", "", 200, `{"limits":[]}`},
		{"GET", "/limits/customer-42", "", 200, `{"key":"customer-42","max_running":1,"default":true,"admitted":0,"waiting":0}`},
		{"PUT", "/limits/customer-42", `{"max_running":3}`, 200, `{"key":"customer-42","max_running":3,"admitted":0,"waiting":0}`},
		{"PUT", "/limits/a%20b%C3%BC", `{"max_running":10000,"rate":{"starts":5,"period_seconds":1}}`, 200,
			`{"key":"a bü","max_running":10000,"rate":{"starts":5,"period_seconds":1},"admitted":0,"waiting":0}`},
		{"GET", "/limits", "", 200, `{"limits":[{"key":"a bü","max_running":10000,"rate":{"starts":5,"period_seconds":1},"admitted":0,"waiting":0},` +
			`{"key":"customer-42","max_running":3,"admitted":0,"waiting":0}]}`},
		{"DELETE", "/limits/customer-42", "", 200, `{"key":"customer-42","max_running":1,"default":true,"admitted":0,"waiting":0}`},
		{"DELETE", "/limits/customer-42", "", 200, `{"key":"customer-42","max_running":1,"default":true,"admitted":0,"waiting":0}`},
		{"GET", "/limits/" + strings.Repeat("k", 201), "", 422, `"key"`},
		{"GET", "/limits/%0A", "", 422, `"key"`},
		{"PUT", "/limits/k", `{}`, 422, `"field":"max_running","code":"required"`},
		{"PUT", "/limits/k", `{"max_running":0}`, 422, `"field":"max_running","code":"too_small"`},
		{"PUT", "/limits/k", `{"max_running":10001}`, 422, `"field":"max_running","code":"too_large"`},
		{"PUT", "/limits/k", `{"max_running":"1"}`, 422, `"field":"max_running","code":"invalid"`},
		{"PUT", "/limits/k", `{"max_running":null}`, 422, `"field":"max_running","code":"invalid"`},
		{"PUT", "/limits/k", `{"max_running":1,"rate":{}}`, 422, `"field":"rate.starts","code":"too_small"`},
		{"PUT", "/limits/k", `{"max_running":1,"rate":{"starts":1,"period_seconds":86401}}`, 422, `"field":"rate.period_seconds","code":"too_large"`},
		{"PUT", "/limits/k", `{"max_running":1,"rate":{"starts":1.5,"period_seconds":1}}`, 422, `"field":"rate.starts","code":"invalid"`},
		{"PUT", "/limits/k", `{"max_running":1,"rate":{"burst":1}}`, 422, `"field":"rate.burst","code":"unknown"`},
		{"PUT", "/limits/k", `{"max_running":1,"rate":7}`, 422, `"field":"rate","code":"invalid"`},
		{"PUT", "/limits/k", `{"max_running":1,"burst":1}`, 422, `"field":"burst","code":"unknown"`},
		{"PUT", "/limits/k", `[]`, 422, `"field":"body"`},
		{"PUT", "/limits/k", `{`, 400, `invalid_json`},
		{"DELETE", "/limits/k", `{"max_running":1}`, 422, `"field":"max_running","code":"unknown"`},
		{"POST", "/limits/k", `{"max_running":1}`, 405, `method_not_allowed`},
	} {
		if a := s.do(c.method, c.path, c.body); a.status != c.status || !strings.Contains(string(a.body), c.want) {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, a.status, a.body, c.status, c.want)
		}
	}
}

// The tests' router of the contract knows no escaped slashes.
func TestKeysWithSlashes(t *testing.T) {
	s := newTestServer(t, Config{})
	for path, want := range map[string]string{"a%2Fb%3F": `"key":"a/b?"`, "%25zz": `"key":"%zz"`, "a+b": `"key":"a+b"`} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/limits/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

func TestLimitsAreFull(t *testing.T) {
	s := newTestServer(t, Config{})
	for i := range store.MaxDocuments {
		if _, err := s.store.PutDocument(t.Context(), store.LimitsCollection, store.Document{Name: fmt.Sprint(i), Body: []byte(`{"max_running":2}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if a := s.do("PUT", "/limits/k", `{"max_running":2}`); a.status != http.StatusConflict || !strings.Contains(string(a.body), "limits_full") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.do("PUT", "/limits/7", `{"max_running":3}`); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func missionIn(t *testing.T, a answer) (m contracts.Mission) {
	t.Helper()
	if err := decodeJSON(a.body, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMissionsWaitForTheirKey(t *testing.T) {
	s := newTestServer(t, Config{})
	if _, err := s.store.Renew(t.Context(), store.Session{ID: "one", SoldierID: "soldier-1", Squads: []string{"default"}, Slots: 1}, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.squads.Serve(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 3 {
		a := s.do("POST", "/missions", `{"name":"n","concurrency_key":"a \"b\""}`)
		if a.status != http.StatusAccepted || !strings.Contains(string(a.body), `"concurrency_key":"a \"b\""`) {
			t.Fatalf("%d %s", a.status, a.body)
		}
		ids = append(ids, missionIn(t, a).MissionID)
	}
	reason := func(id string) string {
		t.Helper()
		return missionIn(t, s.do("GET", "/missions/"+id, "")).StatusReason
	}
	want := func(first, second, third string) {
		t.Helper()
		for i, want := range []string{first, second, third} {
			if got := reason(ids[i]); got != want {
				t.Errorf("mission %d: %q, want %q", i, got, want)
			}
		}
	}
	const waits = `waits for its concurrency key "a \"b\"": `
	want("", waits+"limit 1 reached", waits+"limit 1 reached")
	s.do("PUT", "/limits/a%20%22b%22", `{"max_running":5,"rate":{"starts":1,"period_seconds":60}}`)
	want("", "", waits+"rate of 1 starts in 60 s reached")
	if a := s.do("GET", "/limits/a%20%22b%22", ""); !strings.Contains(string(a.body), `"admitted":2,"waiting":1`) {
		t.Errorf("%s", a.body)
	}
	s.do("DELETE", "/limits/a%20%22b%22", "")
	s.do("POST", "/missions/"+ids[0]+"/cancel", "")
	s.do("POST", "/missions/"+ids[1]+"/cancel", "")
	want("", "", "")
}

func TestConcurrencyKeysThatAreNone(t *testing.T) {
	s := newTestServer(t, Config{})
	for body, want := range map[string]string{
		`""`:                                 "invalid",
		`null`:                               "invalid",
		`7`:                                  "invalid",
		`" k"`:                               "invalid",
		`".."`:                               "invalid",
		`"a\u0000b"`:                         "invalid",
		`"` + strings.Repeat("é", 101) + `"`: "too_long",
	} {
		a := s.do("POST", "/missions", `{"name":"n","concurrency_key":`+body+`}`)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), `"field":"concurrency_key","code":"`+want+`"`) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

// TestNoConcurrencyKeysOverShards: and no schedule whose every run would be refused.
func TestNoConcurrencyKeysOverShards(t *testing.T) {
	g := newGate()
	g.sharded = true
	s := newTestServerOver(t, Config{}, g)
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/missions", `{"name":"n","concurrency_key":"k"}`, `"field":"concurrency_key","code":"not_supported"`},
		{"POST", "/missions/batch", `{"missions":[{"name":"n"},{"name":"n","concurrency_key":"k"}]}`,
			`"field":"missions[1].concurrency_key","code":"not_supported"`},
		{"PUT", "/schedules/s", `{"every_seconds":5,"mission":{"name":"n","concurrency_key":"k"}}`, `"field":"mission.concurrency_key","code":"not_supported"`},
		{"PUT", "/schedules/s", `{"every_seconds":5,"mission":{"name":"n","unique_key":"k"}}`, `"field":"mission.unique_key","code":"not_supported"`},
		{"PUT", "/limits/k", `{"max_running":1}`, `"field":"key","code":"not_supported"`},
		{"DELETE", "/limits/k", "", `"field":"key","code":"not_supported"`},
	} {
		a := s.do(c.method, c.path, c.body)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(string(a.body), c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
		}
	}
	if a := s.do("POST", "/missions", `{"name":"n"}`); a.status != http.StatusAccepted {
		t.Errorf("%d %s", a.status, a.body)
	}
}
