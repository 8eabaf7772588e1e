package server

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mission-control-dev/mission-control/dashboard/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds waits for what happens at once unless something is broken.
const patience = 10 * time.Second

var built = App{Files: fstest.MapFS{"index.html": {Data: []byte("<head><title>app</title></head>")}}}

type running struct {
	*Server
	url    string
	client *http.Client
	logs   *observer.ObservedLogs
}

func start(t *testing.T, commander string, key string, app App) running {
	t.Helper()
	return startWith(t, config.Config{CommanderURLs: urls(t, commander), APIKey: key}, app)
}

// startWith fills in what all tests have in common.
func startWith(t *testing.T, cfg config.Config, app App) running {
	t.Helper()
	cfg.Addr = "127.0.0.1:0"
	cfg.AllowedHosts = []string{"ops.example"}
	if cfg.BasePath == "" {
		cfg.BasePath = "/"
	}
	core, logs := observer.New(zapcore.InfoLevel)
	s, err := New(cfg, app, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return running{s, "http://" + s.Addr(), client, logs}
}

func urls(t *testing.T, addresses ...string) []*url.URL {
	t.Helper()
	var all []*url.URL
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

func upstream(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv.URL
}

func (r running) do(t *testing.T, method, path, body string, header map[string]string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

func TestProxyPassesRequestsOn(t *testing.T) {
	type seen struct{ method, uri, host, auth, origin, cookie, body string }
	got := make(chan seen, 1)
	base := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- seen{r.Method, r.RequestURI, r.Host, r.Header.Get("Authorization"), r.Header.Get("Origin"), r.Header.Get("Cookie"), string(body)}
		w.Header().Set("Location", "/missions/1")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"mission_id":"1"}`)
	})
	s := start(t, base+"/base", "secret", built)
	res, body := s.do(t, "POST", "/api/missions?status=a%20b&kind=%2F", `{"name":"x"}`, map[string]string{
		"Origin": "http://localhost:3000", "Cookie": "a=b", "Authorization": "Bearer mine", "Content-Type": "application/json",
	})
	if res.StatusCode != http.StatusAccepted || body != `{"mission_id":"1"}` || res.Header.Get("Location") != "/missions/1" {
		t.Errorf("answer %d %q, Location %q", res.StatusCode, body, res.Header.Get("Location"))
	}
	want := seen{"POST", "/base/missions?status=a%20b&kind=%2F", strings.TrimPrefix(base, "http://"), "Bearer secret", "", "", `{"name":"x"}`}
	if g := <-got; g != want {
		t.Errorf("the commander saw\n%+v, want\n%+v", g, want)
	}
}

func TestProxyWithoutKeyKeepsTheClientsOwn(t *testing.T) {
	got := make(chan string, 1)
	s := start(t, upstream(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Authorization") }), "", built)
	s.do(t, "GET", "/api/stats", "", map[string]string{"Authorization": "Bearer mine"})
	if g := <-got; g != "Bearer mine" {
		t.Errorf("the commander saw %q", g)
	}
}

func TestChecksComeBeforeTheProxy(t *testing.T) {
	s := start(t, upstream(t, func(http.ResponseWriter, *http.Request) { t.Error("a refused request reached the commander") }), "secret", built)
	for _, header := range []map[string]string{{"Host": "evil.example"}, {"Origin": "https://evil.example"}} {
		res, body := s.do(t, "POST", "/api/missions", "{}", header)
		if res.StatusCode != http.StatusForbidden || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v: %d %s", header, res.StatusCode, body)
		}
	}
	if res, _ := s.do(t, "GET", "/missions", "", map[string]string{"Host": "evil.example"}); res.StatusCode != http.StatusForbidden {
		t.Errorf("a page under a foreign name: %d", res.StatusCode)
	}
	if res, _ := s.do(t, "GET", "/missions", "", map[string]string{"Host": "ops.example:3000"}); res.StatusCode != http.StatusOK {
		t.Errorf("a page under an added name: %d", res.StatusCode)
	}
}

func TestCommanderAway(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", "", built)
	for range 3 {
		res, body := s.do(t, "GET", "/api/health", "", nil)
		var problem struct{ Code, Detail string }
		if err := json.Unmarshal([]byte(body), &problem); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if res.StatusCode != http.StatusBadGateway || problem.Code != "commander_unreachable" || problem.Detail == "" {
			t.Errorf("%d %s", res.StatusCode, body)
		}
	}
	if n := s.logs.FilterMessage("commander is unreachable").Len(); n != 1 {
		t.Errorf("logged %d times, want once while it lasts", n)
	}
}

// streaming is a commander whose /events sends what comes through the channel, and
// tells when its client is gone.
func streaming(t *testing.T) (base string, send chan string, gone chan struct{}) {
	send, gone = make(chan string), make(chan struct{}, 1)
	base = upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		flush := http.NewResponseController(w)
		_ = flush.Flush()
		for {
			select {
			case text := <-send:
				_, _ = io.WriteString(w, text)
				_ = flush.Flush()
			case <-r.Context().Done():
				gone <- struct{}{}
				return
			}
		}
	})
	return base, send, gone
}

func wait[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

func (r running) openStream(t *testing.T) (lines <-chan string, leave context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.Header.Get("Content-Encoding") != "" || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("the stream came as %v", res.Header)
	}
	out := make(chan string)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(out)
		defer func() { _ = res.Body.Close() }()
		scanner := bufio.NewScanner(res.Body)
		for scanner.Scan() {
			select {
			case out <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return out, cancel
}

func TestStreamPassesAtOnceAndEndsWithItsClient(t *testing.T) {
	base, send, gone := streaming(t)
	s := start(t, base, "", built)
	lines, leave := s.openStream(t)
	// Each line arrives before the next is sent: nothing is held back to fill a buffer.
	for _, line := range []string{"id: 1-0", "event: mission", "data: {}", ": heartbeat"} {
		send <- line + "\n"
		if got := wait(t, line, lines); got != line {
			t.Errorf("got %q, want %q", got, line)
		}
	}
	leave()
	wait(t, "the commander to see its client go", gone)
}

func TestStopEndsOpenStreams(t *testing.T) {
	base, send, gone := streaming(t)
	s := start(t, base, "", built)
	lines, _ := s.openStream(t)
	send <- ": here\n"
	wait(t, "the stream", lines)

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("stop with an open stream: %v", err)
	}
	wait(t, "the commander to see its client go", gone)
	if _, open := <-lines; open {
		t.Error("the stream goes on after the stop")
	}
}

func TestStopLetsShortRequestsEnd(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	s := start(t, upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		_, _ = io.WriteString(w, "done")
	}), "", built)
	answer := make(chan string, 1)
	go func() {
		res, err := s.client.Get(s.url + "/api/stats")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = res.Body.Close() }()
		body, _ := io.ReadAll(res.Body)
		answer <- string(body)
	}()
	wait(t, "the request", arrived)
	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop(t.Context()) }()
	close(release)
	if got := wait(t, "the answer", answer); got != "done" {
		t.Errorf("the request ended with %q", got)
	}
	if err := wait(t, "the stop", stopped); err != nil {
		t.Error(err)
	}
}

func TestStartAndStopTwice(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", "", built)
	if err := s.Start(t.Context()); err != nil {
		t.Errorf("second start: %v", err)
	}
	for range 2 {
		if err := s.Stop(t.Context()); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

func TestStartNamesATakenAddress(t *testing.T) {
	first := start(t, "http://127.0.0.1:1", "", built)
	second, err := New(config.Config{Addr: first.Addr(), BasePath: "/", CommanderURLs: urls(t, "http://127.0.0.1:1")}, built, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "DASHBOARD_ADDR") {
		t.Errorf("error %v, want it to name DASHBOARD_ADDR", err)
	}
	if err := second.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPlaceholder(t *testing.T) {
	s := start(t, upstream(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }), "", App{Placeholder: []byte("./task build")})
	for _, path := range []string{"/", "/missions", "/healthz"} {
		if res, _ := s.do(t, "GET", path, "", nil); res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d, want 503 while the app is not built", path, res.StatusCode)
		}
	}
	if _, body := s.do(t, "GET", "/missions", "", nil); !strings.Contains(body, "./task build") {
		t.Errorf("the page does not say how to build: %s", body)
	}
	if res, _ := s.do(t, "GET", "/api/health", "", nil); res.StatusCode != http.StatusOK {
		t.Errorf("/api without the app: %d", res.StatusCode)
	}
	if s.logs.FilterMessageSnippet("not built").Len() != 1 {
		t.Error("the log does not say that the app is missing")
	}
}

func TestHealthzAndHeaders(t *testing.T) {
	s := start(t, "http://127.0.0.1:1", "", built)
	res, body := s.do(t, "GET", "/healthz", "", map[string]string{"Host": "10.1.2.3"})
	if res.StatusCode != http.StatusOK || !strings.Contains(body, `"status":"ok"`) {
		t.Errorf("healthz: %d %s", res.StatusCode, body)
	}
	res, _ = s.do(t, "GET", "/missions", "", nil)
	if policy := res.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-") ||
		!strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy %q", policy)
	}
	if got := res.Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("Strict-Transport-Security %q over plain http", got)
	}
	res, _ = s.do(t, "GET", "/missions", "", map[string]string{"X-Forwarded-Proto": "https"})
	if got := res.Header.Get("Strict-Transport-Security"); got == "" {
		t.Error("no Strict-Transport-Security where the browser came by https")
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
