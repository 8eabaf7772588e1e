package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/dashboard/config"
)

func TestBasePath(t *testing.T) {
	got := make(chan string, 1)
	base := upstream(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.RequestURI })
	s := startWith(t, config.Config{CommanderURLs: urls(t, base), BasePath: "/tools/mc/"}, built)
	for _, tt := range []struct {
		path     string
		status   int
		location string
	}{
		{"/tools/mc/", 200, ""},
		{"/tools/mc/missions/1?x=y", 200, ""},
		{"/tools/mc/healthz", 200, ""},
		{"/healthz", 200, ""},
		{"/", 302, "/tools/mc/"},
		{"/tools/mc", 302, "/tools/mc/"},
		{"/missions", 404, ""},
		{"/api/stats", 404, ""},
		{"/tools/", 404, ""},
		{"/tools/mcx/", 404, ""},
		{"/tools/mc/assets/none.js", 404, ""},
	} {
		res, body := s.do(t, "GET", tt.path, "", nil)
		if res.StatusCode != tt.status || res.Header.Get("Location") != tt.location {
			t.Errorf("%s: %d to %q, want %d to %q", tt.path, res.StatusCode, res.Header.Get("Location"), tt.status, tt.location)
		}
		if tt.path == "/missions" && !strings.Contains(body, "/tools/mc/") {
			t.Errorf("a page outside does not say where the dashboard is: %s", body)
		}
	}
	s.do(t, "GET", "/tools/mc/api/missions?kind=%2F", "", nil)
	if uri := wait(t, "the call", got); uri != "/missions?kind=%2F" {
		t.Errorf("the commander saw %s", uri)
	}
	if res, _ := s.do(t, "GET", "/", "", map[string]string{"Host": "evil.example"}); res.StatusCode != http.StatusForbidden {
		t.Errorf("outside the base path the Host is not checked: %d", res.StatusCode)
	}
}

func TestStreamsUnderABasePathEndWithTheServer(t *testing.T) {
	base, send, gone := streaming(t)
	s := startWith(t, config.Config{CommanderURLs: urls(t, base), BasePath: "/mc/"}, built)
	s.url += "/mc"
	lines, _ := s.openStream(t)
	send <- ": here\n"
	wait(t, "the stream", lines)
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("stop with an open stream: %v", err)
	}
	wait(t, "the commander to see its client go", gone)
}

func TestReadOnlyRefusesWhatChangesSomething(t *testing.T) {
	got := make(chan string, 1)
	base := upstream(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.Method + " " + r.URL.Path })
	s := startWith(t, config.Config{CommanderURLs: urls(t, base), BasePath: "/mc/", ReadOnly: true}, built)
	for _, call := range []string{"GET /missions", "HEAD /missions", "GET /set-aside", "POST /bulk/preview"} {
		method, path, _ := strings.Cut(call, " ")
		if res, _ := s.do(t, method, "/mc/api"+path, "", nil); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", call, res.StatusCode)
		}
		if seen := wait(t, call, got); seen != call {
			t.Errorf("the commander saw %s, want %s", seen, call)
		}
	}
	for _, call := range []string{
		"POST /missions", "POST /missions/1/cancel", "DELETE /missions/1", "PUT /schedules/x", "PATCH /missions/1", "POST /bulk",
		"POST /bulk/preview/x", "DELETE /bulk/preview", "POST /bulk%2Fpreview/stop", "DELETE /set-aside", "POST /tokens",
	} {
		method, path, _ := strings.Cut(call, " ")
		res, body := s.do(t, method, "/mc/api"+path, "{}", nil)
		if res.StatusCode != http.StatusForbidden || !strings.Contains(body, `"code":"read_only"`) {
			t.Errorf("%s: %d %s, want 403 read_only", call, res.StatusCode, body)
		}
	}
	select {
	case call := <-got:
		t.Errorf("the commander saw %s", call)
	default:
	}
}

func TestThePageKnowsTheSettings(t *testing.T) {
	app := built
	app.Version = "v1.2.3"
	s := startWith(t, config.Config{
		CommanderURLs: urls(t, "http://127.0.0.1:1"), BasePath: "/mc/", Title: "</script>north", ReadOnly: true, APIKey: "secret",
	}, app)
	_, body := s.do(t, "GET", "/mc/missions", "", nil)
	for _, want := range []string{`"basePath":"/mc/"`, `"title":"\u003c/script\u003enorth"`, `"readOnly":true`, `"version":"v1.2.3"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s: %s", want, body)
		}
	}
	if strings.Contains(body, "secret") {
		t.Error("the page tells the commander's key")
	}
}
