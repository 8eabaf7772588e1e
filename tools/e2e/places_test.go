package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/dashboard"
	"github.com/mission-control-dev/mission-control/dashboard/config"
	"github.com/mission-control-dev/mission-control/dashboard/server"
	"github.com/mission-control-dev/mission-control/tools/internal/embedded"
)

// TestOddPlaces is the dashboard where it seldom stands: behind what holds streams back, under a path, read-only, not let in, before
// several commanders; and in front of somebody without a mouse. All of it is in this process, in one browser.
func TestOddPlaces(t *testing.T) {
	t.Parallel()
	needApp(t)
	p := newPlaces(t)
	for name, test := range map[string]func(*testing.T){
		"streams are refused":           p.streamsAreRefused,
		"streams are held back":         p.streamsAreHeldBack,
		"under a path":                  p.underAPath,
		"read-only":                     p.readOnly,
		"without the key":               p.withoutTheKey,
		"two commanders, one is killed": p.twoCommanders,
		"by the keyboard alone":         p.byTheKeyboard,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

const (
	placesKey = "the-key-of-all-clients"
	// The squad that nobody serves, the schedule, and the key with a limit.
	idleSquad, hourly, mailKey = "gpu", "patrol", "mail-provider"
)

// places is one installation, with two soldiers, whose commander asks for a key, and the browser for all tabs.
type places struct {
	*client.Client // straight to the commander
	stack          *embedded.Stack
	browser        context.Context
	axe            string
	// One mission of each fate; the last waits for a soldier.
	done, failed, running, waiting string
}

func newPlaces(t *testing.T) *places {
	t.Helper()
	p := &places{axe: axeSource(t), browser: browser(t)}
	env := map[string]string{"COMMANDER_API_KEY": placesKey}
	var err error
	p.stack, err = embedded.New(embedded.Config{
		CommanderAddr: "127.0.0.1:0", DashboardAddr: "127.0.0.1:0", Soldiers: 2,
		Lookup: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		Logger: func(string, string) *zap.Logger { return zap.NewNop() },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.stack.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := p.stack.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	if p.Client, err = client.New(client.Config{BaseURL: p.stack.CommanderURL(), APIKey: placesKey}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.CloseIdleConnections)
	if err := p.stack.AwaitOK(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.furnish(t)
	return p
}

// furnish gives each view something to show.
func (p *places) furnish(t *testing.T) {
	t.Helper()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p.done = simulated(t, p.Client, contracts.MissionRequest{Name: "Done"}, 0, 0)
	p.failed = simulated(t, p.Client, contracts.MissionRequest{Name: "Failed", MaxAttempts: 1}, 0, 1)
	p.running = simulated(t, p.Client, contracts.MissionRequest{Name: "Running", ConcurrencyKey: mailKey}, forever, 0)
	p.waiting = simulated(t, p.Client, contracts.MissionRequest{Name: "Waiting", Squad: idleSquad}, 0, 0)
	must(p.SetLimit(t.Context(), mailKey, contracts.Limit{MaxRunning: 4}))
	must(p.PutSchedule(t.Context(), hourly, contracts.ScheduleRequest{EverySeconds: 3600, Mission: contracts.MissionRequest{Name: "Patrol"}}))
	must(p.Wait(t.Context(), p.done))
	must(p.Wait(t.Context(), p.failed))
}

// views are the addresses of all views.
func (p *places) views() []string {
	return []string{
		"/", "/missions", "/missions?status=FAILED", "/missions/" + p.done, "/missions/" + p.failed, "/missions/" + p.running, "/missions/" + p.waiting,
		"/missions/new", "/missions/new?clone=" + p.done, "/bulk", "/fleet", "/squads", "/schedules", "/schedules?new=true", "/schedules/" + hourly,
		"/schedules/" + hourly + "?edit=true", "/set-aside", "/health", "/nowhere",
	}
}

// forever is how long a mission runs that only a cancel ends, in seconds.
const forever = 1000

// simulated orders a mission of the kind simulate.
func simulated(t *testing.T, c *client.Client, r contracts.MissionRequest, seconds, failureRate int) string {
	t.Helper()
	r.Payload = fmt.Appendf(nil, `{"min_seconds":%d,"max_seconds":%[1]d,"failure_rate":%d}`, seconds, failureRate)
	m, err := c.Submit(t.Context(), r, client.SubmitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return m.MissionID
}

// tab opens a window of its own, which is in sight and shares nothing with the others.
func (p *places) tab(t *testing.T) context.Context {
	t.Helper()
	ctx := cdp.WithExecutor(p.browser, chromedp.FromContext(p.browser).Browser)
	profile, err := target.CreateBrowserContext().Do(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.DisposeBrowserContext(profile).Do(ctx) }) // goes with the browser, at the latest
	window, err := target.CreateTarget("about:blank").WithBrowserContextID(profile).WithNewWindow(true).WithWidth(1280).WithHeight(900).Do(ctx)
	if err != nil {
		t.Fatal(err)
	}
	tab, closeTab := chromedp.NewContext(p.browser, chromedp.WithTargetID(window))
	t.Cleanup(closeTab)
	if err := chromedp.Run(tab, network.Enable(), emulation.SetFocusEmulationEnabled(true)); err != nil { // attaches to it
		t.Fatal(err)
	}
	tab, cancel := context.WithTimeout(tab, 2*time.Minute)
	t.Cleanup(cancel)
	return tab
}

// looks takes a picture where one is wanted, and has axe find nothing.
func (p *places) looks(t *testing.T, tab context.Context, name string) {
	t.Helper()
	if folder := os.Getenv(picturesEnv); folder != "" {
		picture(t, tab, filepath.Join(folder, "odd-"+name+".png"))
	}
	for _, found := range axe(t, tab, p.axe) {
		t.Errorf("%s: %s", name, found)
	}
}

// onAPhone looks at the page in a phone's size, in the dark, and goes back.
func (p *places) onAPhone(t *testing.T, tab context.Context, name string) {
	t.Helper()
	dark := emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}})
	if err := chromedp.Run(tab, dark, emulation.SetDeviceMetricsOverride(390, 844, 1, false)); err != nil {
		t.Fatal(err)
	}
	holds(t, tab, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
	p.looks(t, tab, name)
	if err := chromedp.Run(tab, emulation.SetEmulatedMedia(), emulation.ClearDeviceMetricsOverride()); err != nil {
		t.Fatal(err)
	}
}

// holds waits until a script's expression is true.
func holds(t *testing.T, tab context.Context, expression string) {
	t.Helper()
	err := chromedp.Run(tab, chromedp.Poll(expression, nil, chromedp.WithPollingTimeout(time.Minute)))
	if err != nil {
		var is string
		_ = chromedp.Run(tab, chromedp.Evaluate(`document.body.innerText`, &is))
		t.Fatalf("%s does not become true: %v\n%s", expression, err, is)
	}
}

// mark notes in the page that it is this one; sameOne wants it to be so still: nobody loaded it anew.
func mark(t *testing.T, tab context.Context) {
	t.Helper()
	if err := chromedp.Run(tab, chromedp.Evaluate(`window.marked = true`, nil)); err != nil {
		t.Fatal(err)
	}
}

func sameOne(t *testing.T, tab context.Context) {
	t.Helper()
	var marked bool
	if err := chromedp.Run(tab, chromedp.Evaluate(`window.marked === true`, &marked)); err != nil || !marked {
		t.Errorf("the page was loaded anew (%v)", err)
	}
}

// another starts a dashboard with these settings, on a free port unless they say where.
func another(t *testing.T, settings map[string]string) *server.Server {
	t.Helper()
	all := map[string]string{"DASHBOARD_ADDR": "127.0.0.1:0"}
	maps.Copy(all, settings)
	cfg, err := config.Load(func(name string) string { return all[name] })
	if err != nil {
		t.Fatal(err)
	}
	files, err := dashboard.App()
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(cfg, server.App{Files: files, Placeholder: dashboard.Placeholder()}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s) })
	return s
}

// shut stops a dashboard, and cuts the connections that a browser opened ahead and never used. Safe to call twice.
func shut(t *testing.T, s *server.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stop the dashboard: %v", err)
	}
}

// front is a reverse proxy before a dashboard. It notes what is asked, and may keep event streams from passing.
type front struct {
	*httptest.Server
	streams atomic.Int32 // a streaming
	mu      sync.Mutex
	asked   []string // "GET /api/missions?limit=50"
}

type streaming int32

// What a front does with event streams: it lets them pass, answers 502 by itself, or takes them and never answers.
const (
	streamsPass streaming = iota
	streamsRefused
	streamsHeld
)

func before(t *testing.T, dashboard string, streams streaming) *front {
	t.Helper()
	to, err := url.Parse(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{
		FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
	}
	f := &front{}
	f.streams.Store(int32(streams))
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI())
		f.mu.Unlock()
		how := streaming(f.streams.Load())
		switch {
		case how == streamsPass || !strings.HasSuffix(r.URL.Path, "/api/events"):
			pass.ServeHTTP(w, r)
		case how == streamsRefused:
			http.Error(w, "Bad gateway", http.StatusBadGateway)
		default:
			<-r.Context().Done()
		}
	}))
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

// log lists what was asked so far and fits.
func (f *front) log(fits func(method, path string) bool) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var lines []string
	for _, line := range f.asked {
		if method, path, _ := strings.Cut(line, " "); fits(method, path) {
			lines = append(lines, line)
		}
	}
	return lines
}

// lists counts how often the list of missions was asked for.
func (f *front) lists() int {
	return len(f.log(func(_, path string) bool { return strings.Contains(path, "/api/missions?") }))
}
