package httpapi

import (
	"net/http"
	"strings"
	"testing"
)

func TestHostsThatMayBeCalled(t *testing.T) {
	loopback := newHosts("127.0.0.1:8080", []string{"commander", "mission.example:8443", " "})
	everywhere := newHosts("0.0.0.0:8080", nil)
	named := newHosts("commander.internal:8080", nil)
	for _, c := range []struct {
		h    hosts
		host string
		want bool
	}{
		{loopback, "localhost", true}, {loopback, "LocalHost:3000", true}, {loopback, "127.0.0.1:8080", true},
		{loopback, "127.9.9.9", true}, {loopback, "[::1]:8080", true}, {loopback, "::1", true},
		{loopback, "commander:8080", true}, {loopback, "commander", true}, {loopback, "mission.example:8443", true},
		{loopback, "mission.example", false}, {loopback, "mission.example:80", false},
		{loopback, "evil.example", false}, {loopback, "localhost.evil.example", false}, {loopback, "evil.example:8080", false},
		{loopback, "192.168.1.7", false}, {loopback, "", false}, {loopback, ":8080", false}, {loopback, "127.0.0.1.nip.example", false},
		{everywhere, "192.168.1.7:8080", true}, {everywhere, "[fe80::1]:8080", true}, {everywhere, "evil.example", false},
		{everywhere, "", false},
		{named, "commander.internal", true}, {named, "10.0.0.1", false},
	} {
		if got := c.h.allows(c.host); got != c.want {
			t.Errorf("host %q: %v, want %v", c.host, got, c.want)
		}
	}
}

func TestHostAndOrigin(t *testing.T) {
	s := newTestServer(t, Config{AllowedHosts: []string{"commander"}})
	id := s.create("m").MissionID
	for _, c := range []struct {
		method, path string
		header       with
		want         int
		code         string
	}{
		{"GET", "/missions", with{"Host", "evil.example"}, 403, "host_not_allowed"},
		{"GET", "/health", with{"Host", "evil.example"}, 403, "host_not_allowed"},
		{"GET", "/nothing", with{"Host", "evil.example"}, 403, "host_not_allowed"},
		{"GET", "/missions", with{"Host", "commander:8080"}, 200, ""},
		{"POST", "/missions", with{"Origin", "https://evil.example"}, 403, "origin_not_allowed"},
		{"POST", "/missions", with{"Origin", "null"}, 403, "origin_not_allowed"},
		{"POST", "/missions", with{"Origin", "file://localhost"}, 403, "origin_not_allowed"},
		{"POST", "/missions", with{"Origin", "http://localhost.evil.example"}, 403, "origin_not_allowed"},
		{"POST", "/missions", with{"Origin", "http://localhost:3000"}, 202, ""},
		{"POST", "/missions", with{"Origin", "http://commander:3000"}, 202, ""},
		{"POST", "/missions/" + id + "/cancel", with{"Origin", "https://evil.example"}, 403, "origin_not_allowed"},
		{"GET", "/missions", with{"Origin", "https://evil.example"}, 200, ""},
	} {
		body := ""
		if c.path == "/missions" && c.method == "POST" {
			body = `{"name":"n"}`
		}
		a := s.do(c.method, c.path, body, c.header)
		if a.status != c.want || c.code != "" && a.problem(t).Code != c.code {
			t.Errorf("%s %s with %v: %d %s", c.method, c.path, c.header, a.status, a.body)
		}
		if a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s: CORS", c.method, c.path)
		}
	}
	if a := s.do("OPTIONS", "/missions", "", with{"Origin", "https://evil.example"}, with{"Access-Control-Request-Method", "POST"}); a.status < 400 {
		t.Errorf("preflight: %d", a.status)
	}
}

func TestKeys(t *testing.T) {
	s := newTestServer(t, Config{APIKey: apiKey})
	key := with{"Authorization", "Bearer " + apiKey}
	enrol := with{"Authorization", "Bearer " + enrollmentKey}
	const renewal = `{"soldier_id":"s1","squads":["default"],"kinds":["simulate"],"slots":1,"version":"v1"}`
	m := s.do("POST", "/missions", `{"name":"n"}`, key).mission(t)
	for _, r := range s.server.routes() {
		path := strings.ReplaceAll(r.path, ":mission_id", m.MissionID)
		if r.path == "/events" {
			path += "?mission_id=x" // refused behind the key, so that this test need not end a stream
		}
		body := ""
		switch r.path {
		case "/missions":
			if r.method == "POST" {
				body = `{"name":"n"}`
			}
		case "/missions/batch":
			body = `{"missions":[{"name":"n"}]}`
		case "/tokens":
			body = renewal
		}
		wants := map[string]bool{"none": r.access == forEverybody, "api": r.access != forSoldiers, "enrolment": r.access != forClients, "wrong": r.access == forEverybody}
		for name, header := range map[string]with{"none": {"X-None", "1"}, "api": key, "enrolment": enrol, "wrong": {"Authorization", "Bearer x"}} {
			a := s.do(r.method, path, body, header)
			if got := a.status != http.StatusUnauthorized; got != wants[name] {
				t.Errorf("%s %s with key %s: %d, let in: want %v", r.method, path, name, a.status, wants[name])
			}
			if a.status == http.StatusUnauthorized && (a.problem(t).Code != "unauthorized" || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer")) {
				t.Errorf("%s %s: %s", r.method, path, a.body)
			}
		}
	}
	for _, header := range []with{
		{"Authorization", "Basic " + apiKey}, {"Authorization", apiKey}, {"Authorization", "Bearer " + apiKey + "x"},
		{"Authorization", "Bearer"}, {"Authorization", "Bearer "},
	} {
		if a := s.do("GET", "/missions", "", header); a.status != http.StatusUnauthorized {
			t.Errorf("%q: %d", header.value, a.status)
		}
	}
	if a := s.do("GET", "/missions", "", with{"Authorization", "bearer  " + apiKey}); a.status != http.StatusOK {
		t.Errorf("scheme in lower case: %d", a.status)
	}
	if a := s.do("GET", "/nothing", ""); a.status != http.StatusUnauthorized {
		t.Errorf("unknown path without a key: %d", a.status)
	}
	// Paths that look like a public one to some router must not be let in.
	for _, path := range []string{"/HEALTH", "/health/", "/missions/../health", "/%68ealth", "//health", "/tokens/"} {
		if a := s.do("GET", path, ""); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func TestNoEnrolmentKeyNoServer(t *testing.T) {
	if _, err := New(Config{Addr: "127.0.0.1:0"}, Deps{}); err == nil || !strings.Contains(err.Error(), "COMMANDER_ENROLLMENT_KEY") {
		t.Errorf("New without an enrolment key: %v", err)
	}
}
