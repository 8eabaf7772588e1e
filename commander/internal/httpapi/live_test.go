package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func TestStats(t *testing.T) {
	s := newTestServer(t, Config{})
	s.create("a")
	var got stats
	a := s.do("GET", "/stats", "")
	if err := decodeJSON(a.body, &got); err != nil {
		t.Fatal(err)
	}
	if got.Counts[contracts.StatusQueued] != 1 || len(got.Counts) != 6 {
		t.Errorf("counts %v", got.Counts)
	}
	// The queue that the broker does not have is left out.
	if len(got.Queues) != 2 || got.Queues[0] != (queue{"orders_queue", 12, 1}) {
		t.Errorf("queues %v", got.Queues)
	}
}

func TestSoldiers(t *testing.T) {
	s := newTestServer(t, Config{})
	if a := s.do("GET", "/soldiers", ""); !strings.Contains(string(a.body), `"soldiers":[]`) {
		t.Errorf("empty fleet: %s", a.body)
	}
	_, err := s.store.Renew(context.Background(), store.Session{
		ID: "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", SoldierID: "alpha-1", Squads: []string{"default"}, Slots: 4, Version: "v1",
		Running: []contracts.ExecutionRef{{MissionID: "m", Execution: "e", Run: 2}},
	}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var got fleet
	a := s.do("GET", "/soldiers", "")
	if err := decodeJSON(a.body, &got); err != nil || len(got.Soldiers) != 1 {
		t.Fatalf("%s %v", a.body, err)
	}
	if x := got.Soldiers[0]; x.SoldierID != "alpha-1" || x.State != store.SessionLive || len(x.Running) != 1 || x.Running[0].Run != 2 || x.LastSeenAt.IsZero() {
		t.Errorf("soldier %+v", x)
	}
}

func TestASoldierIsAskedToDrain(t *testing.T) {
	s := newTestServer(t, Config{})
	at := func(id, soldier string) {
		t.Helper()
		if _, err := s.store.Renew(context.Background(), store.Session{ID: id, SoldierID: soldier, Slots: 4, Version: "v1"}, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	at("0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "alpha-1")
	at("0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5c", "alpha-2")
	for range 2 {
		var got soldier
		a := s.do("POST", "/soldiers/alpha-1/drain", "")
		if err := decodeJSON(a.body, &got); err != nil || a.status != 202 || got.SoldierID != "alpha-1" || !got.Draining {
			t.Errorf("%d %s %v", a.status, a.body, err)
		}
	}
	var all fleet
	a := s.do("GET", "/soldiers", "")
	if err := decodeJSON(a.body, &all); err != nil || len(all.Soldiers) != 2 || !all.Soldiers[0].Draining || all.Soldiers[1].Draining {
		t.Errorf("%s %v", a.body, err)
	}
	for path, want := range map[string]int{"/soldiers/alpha-3/drain": 404, "/soldiers/Alpha%201/drain": 404, "/soldiers/alpha-1/drain?now=1": 422} {
		if a := s.do("POST", path, ""); a.status != want || a.problem(t).Detail == "" {
			t.Errorf("POST %s: %d %s", path, a.status, a.body)
		}
	}
	if a := s.do("POST", "/soldiers/alpha-3/drain", ""); strings.Contains(a.problem(t).Detail, "mission") {
		t.Errorf("an unknown soldier: %s", a.body)
	}
}

func TestHealthAnswers(t *testing.T) {
	s := newTestServer(t, Config{})
	for _, c := range []struct {
		status        health.Status
		redis, rabbit health.CheckStatus
		want          int
	}{
		{health.OK, health.CheckUp, health.CheckUp, 200},
		{health.OK, health.CheckWarn, health.CheckUp, 200},
		{health.Degraded, health.CheckDown, health.CheckUp, 200},
		{health.Down, health.CheckDown, health.CheckDown, 503},
	} {
		s.health.set(c.status, c.redis, c.rabbit)
		for _, path := range []string{"/health", "/health/ready"} {
			a := s.do("GET", path, "")
			if a.status != c.want || !strings.Contains(string(a.body), `"status":"`+string(c.status)+`"`) {
				t.Errorf("%s while %s: %d %s", path, c.status, a.status, a.body)
			}
		}
		if a := s.do("GET", "/health/live", ""); a.status != 200 {
			t.Errorf("/health/live while %s: %d", c.status, a.status)
		}
	}
}

func TestMetaRoutes(t *testing.T) {
	s := newTestServer(t, Config{})
	if a := s.do("GET", "/openapi.yaml", ""); string(a.body) != contracts.OpenAPI() {
		t.Error("/openapi.yaml is another document")
	}
	docs := s.do("GET", "/docs", "")
	if docs.status != 200 || !strings.HasPrefix(docs.header.Get("Content-Type"), "text/html") || !contains(docs.body, "/missions/batch") ||
		!strings.HasPrefix(docs.header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-") {
		t.Errorf("/docs: %d %v", docs.status, docs.header)
	}
	s.do("GET", "/missions/0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "")
	s.do("GET", "/a/path/of/a/scanner", "")
	text := string(s.do("GET", "/metrics", "").body)
	for _, want := range []string{
		`commander_http_requests_total{method="GET",route="/missions/:mission_id",status="404"} 1`,
		`commander_http_requests_total{method="GET",route="unmatched",status="404"} 1`,
		`go_goroutines `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if strings.Contains(text, "0193a5b0") || strings.Contains(text, "scanner") {
		t.Error("/metrics has paths for labels")
	}
}

// TestMetricsKeepTheirMethods: a label lives longer than the request whose buffer its text came from.
func TestMetricsKeepTheirMethods(t *testing.T) {
	s := newTestServer(t, Config{})
	for _, method := range []string{"GET", "POST", "GET", "POST"} {
		s.do(method, "/missions", `{"name":"n"}`)
		s.do("HEAD", "/health/live", "")
	}
	text := string(s.do("GET", "/metrics", "").body)
	for _, m := range regexp.MustCompile(`method="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains([]string{"GET", "POST", "HEAD"}, m[1]) {
			t.Errorf("/metrics has the method %q", m[1])
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	s := newTestServer(t, Config{})
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/nothing", 404}, {"GET", "/missions/", 404}, {"GET", "/Missions", 404}, {"DELETE", "/missions", 405},
		{"PUT", "/missions/0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", 405}, {"POST", "/stats", 405}, {"GET", "/tokens", 405},
		{"GET", "/missions/not-an-id", 404}, {"GET", "/missions/0193A5B0-7C1E-7D7A-9C3B-0C1D2E3F4A5B", 404},
		{"POST", "/missions/not-an-id/cancel", 404}, {"POST", "/missions/not-an-id/retry", 404}, {"GET", "/missions/batch", 404},
		{"POST", "/missions/0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b/retry", 404}, {"POST", "/docs", 405}, {"GET", "/missions/not-an-id/history", 404},
	} {
		if a := s.do(c.method, c.path, ""); a.status != c.want || a.problem(t).Detail == "" {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
		} else if c.want == 405 && a.header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.path)
		}
	}
	for _, path := range []string{"/missions", "/health", "/events"} {
		if a := s.do("HEAD", path, ""); a.status != 200 || len(a.body) != 0 {
			t.Errorf("HEAD %s: %d %q", path, a.status, a.body)
		}
	}
}

// TestLargeBodyIsAnswered: the sender must see the 413, also while it is still writing.
func TestLargeBodyIsAnswered(t *testing.T) {
	s := newTestServer(t, Config{})
	defer withoutContract(s)()                                                               // 8 MiB would be checked for seconds
	for _, body := range []string{strings.Repeat(" ", 8<<20), strings.Repeat(" ", 64<<20)} { // what is read, and what is not
		for range 5 {
			if a := s.do("POST", "/missions", body); a.status != 413 || a.problem(t).Code != "body_too_large" {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
	}
}

// TestLargeBodyIsAnsweredToWhoWritesItAll before it reads, as simple clients do.
func TestLargeBodyIsAnsweredToWhoWritesItAll(t *testing.T) {
	s := newTestServer(t, Config{})
	conn, err := net.Dial("tcp", s.server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(soon))
	const size = 64 << 20
	if _, err := fmt.Fprintf(conn, "POST /missions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat(" ", size)); err != nil {
		t.Errorf("write: %v", err)
	}
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Contains(got, []byte(" 413 ")) || !bytes.Contains(got, []byte(`"code":"body_too_large"`)) {
		t.Errorf("%v, %q", err, got)
	}
}

func TestBadHTTPIsAProblem(t *testing.T) {
	s := newTestServer(t, Config{})
	for name, c := range map[string]struct {
		raw, status, code string
	}{
		"large head": {"GET /missions HTTP/1.1\r\nHost: localhost\r\nX-Large: " + strings.Repeat("x", 32<<10) + "\r\n\r\n", "431", "headers_too_large"},
		"no HTTP":    {"HELLO\r\n\r\n", "400", "bad_request"},
		"no host":    {"GET /missions HTTP/1.1\r\n\r\n", "403", "host_not_allowed"},
		"two hosts":  {"GET http://evil.example/missions HTTP/1.1\r\nHost: localhost\r\n\r\n", "403", "host_not_allowed"},
	} {
		conn, err := net.Dial("tcp", s.server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(soon))
		go func() { _, _ = conn.Write([]byte(c.raw)) }()
		buf := make([]byte, 4096)
		n, _ := conn.Read(buf)
		_ = conn.Close()
		got := buf[:n]
		if !bytes.Contains(got, []byte(" "+c.status+" ")) || !bytes.Contains(got, []byte(`"code":"`+c.code+`"`)) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestStartStopTwice(t *testing.T) {
	s := newTestServer(t, Config{})
	if !s.server.Serving() {
		t.Error("not serving after Start")
	}
	if err := s.server.Start(context.Background()); err != nil {
		t.Errorf("second start: %v", err)
	}
	s.do("GET", "/health/live", "") // leaves an idle connection
	for range 2 {
		ctx, cancel := context.WithTimeout(context.Background(), soon) // less than idleLimit
		if err := s.server.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		cancel()
	}
	if s.server.Serving() {
		t.Error("serving after Stop")
	}
	if _, err := http.Get(s.url + "/health/live"); err == nil {
		t.Error("answers after Stop")
	}
}

func TestAddressInUse(t *testing.T) {
	s := newTestServer(t, Config{})
	other, err := New(Config{Addr: s.server.Addr().String(), EnrollmentKey: enrollmentKey}, s.server.deps)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(context.Background()); err == nil || !strings.Contains(err.Error(), "COMMANDER_ADDR") {
		t.Errorf("start on a taken port: %v", err)
	}
	if err := other.Stop(context.Background()); err != nil {
		t.Errorf("stop: %v", err)
	}
}
