package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// picturesEnv names a folder that gets a picture of each view, where it is set.
const picturesEnv = "MISSION_CONTROL_PICTURES"

// unknown is the id of no mission.
const unknown = "01890000-0000-7000-8000-000000000000"

// TestEveryView shows each view of the dashboard with something in it, wide and on a phone, in both themes: none is wider than
// the screen, none says anything on the console, and axe finds nothing.
func TestEveryView(t *testing.T) {
	t.Parallel()
	needApp(t)
	source := axeSource(t)
	page := browser(t)
	s := run(t, func(c *localstack.Config) {
		c.Headless = false
		c.Soldiers, c.PartEnv = 1, map[string][]string{localstack.SoldierName(1): {"SOLDIER_SQUADS=recon"}} // default is the test's own
	})
	views := s.furnish()
	page, cancel := context.WithTimeout(page, 8*time.Minute)
	defer cancel()
	said := listen(page)

	for _, screen := range []struct {
		name          string
		width, height int64
		theme         string
	}{
		{"wide-light", 1360, 900, "light"}, {"wide-dark", 1360, 900, "dark"}, {"phone-light", 390, 844, "light"}, {"phone-dark", 390, 844, "dark"},
	} {
		look := emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: screen.theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		})
		if err := chromedp.Run(page, log.Enable(), look, emulation.SetDeviceMetricsOverride(screen.width, screen.height, 1, false)); err != nil {
			t.Fatal(err)
		}
		for _, v := range views {
			s.open(page, v.path)
			var too float64
			if err := chromedp.Run(page, chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &too)); err != nil {
				t.Fatal(err)
			}
			if too > 0 {
				t.Errorf("%s %s is %v pixels wider than the screen", screen.name, v.path, too)
			}
			if folder := os.Getenv(picturesEnv); folder != "" {
				picture(t, page, filepath.Join(folder, v.name+"-"+screen.name+".png"))
			}
			for _, found := range axe(t, page, source) {
				t.Errorf("%s %s: %s", screen.name, v.path, found)
			}
		}
	}
	for _, line := range said() {
		if strings.Contains(line, "404 (Not Found)") && strings.Contains(line, unknown) {
			continue // that is how it is known to be none
		}
		t.Errorf("the console says: %s", line)
	}
}

func needApp(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", "..", "dashboard", "dist", "index.html")); err != nil {
		need(t, errors.New("the dashboard's web app is not built: ./task build"))
	}
}

// open goes to a page of the dashboard and waits until it is live and has loaded what it shows.
func (s *stack) open(page context.Context, path string) {
	s.t.Helper()
	visit(s.t, page, s.DashboardURL()+path, "live")
}

// visit goes to an address and waits until the page is in this state (data-live) and has loaded what it shows.
func visit(t *testing.T, page context.Context, address, state string) {
	t.Helper()
	if err := chromedp.Run(page,
		chromedp.Navigate(address),
		chromedp.WaitVisible(`main h1`),
		chromedp.WaitVisible(fmt.Sprintf(`[data-live=%q]`, state)),
		chromedp.Poll(`!document.querySelector('main [role="status"][aria-label^="Loading"]')`, nil, chromedp.WithPollingTimeout(time.Minute)),
		chromedp.Poll(`[...document.querySelectorAll('main figure')].every((f) => f.querySelector('canvas') || !f.querySelector('.mantine-Skeleton-root'))`, nil, chromedp.WithPollingTimeout(time.Minute)),
	); err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
}

// axeSource is the script of the accessibility checks.
func axeSource(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", "dashboard", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		need(t, errors.New("axe-core is not installed: ./task deps:dashboard"))
	}
	return string(source)
}

// axe runs the accessibility checks on what the page shows.
func axe(t *testing.T, page context.Context, source string) []string {
	t.Helper()
	var found []struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			Target  []any  `json:"target"`
			Summary string `json:"failureSummary"`
		} `json:"nodes"`
	}
	awaited := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	if err := chromedp.Run(page,
		chromedp.Evaluate(source+"; true", nil),
		chromedp.Evaluate(`axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations)`, &found, awaited),
	); err != nil {
		t.Fatalf("run axe: %v", err)
	}
	var out []string
	for _, v := range found {
		for _, n := range v.Nodes {
			out = append(out, fmt.Sprintf("%s (%s) at %v: %s", v.ID, v.Help, n.Target, strings.ReplaceAll(n.Summary, "\n", " ")))
		}
	}
	return out
}

// listen notes what the page says on its console, and what the browser has against it.
func listen(page context.Context) func() []string {
	var mu sync.Mutex
	var said []string
	add := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, line)
	}
	chromedp.ListenTarget(page, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			add(ev.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if ev.Type == runtime.APITypeError || ev.Type == runtime.APITypeWarning {
				var words []string
				for _, a := range ev.Args {
					words = append(words, string(a.Value)+a.Description)
				}
				add(strings.Join(words, " "))
			}
		case *log.EventEntryAdded:
			if ev.Entry.Level == log.LevelError || ev.Entry.Level == log.LevelWarning {
				add(ev.Entry.Text + " " + ev.Entry.URL)
			}
		}
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return said
	}
}

func picture(t *testing.T, page context.Context, path string) {
	t.Helper()
	var png []byte
	if err := chromedp.Run(page, chromedp.FullScreenshot(&png, 100)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// view is a page with something in it.
type view struct{ name, path string }

// furnish fills the stack with missions of every kind of fate, and returns the views that show them.
func (s *stack) furnish() []view {
	s.t.Helper()
	ctx := s.t.Context()
	s.serve(map[string]soldier.Handler[json.RawMessage, any]{
		"send-mail": func(ctx context.Context, m soldier.Mission[json.RawMessage]) (any, error) {
			soldier.Logf(ctx, "connecting to smtp-%d.example", m.Run)
			slog.New(soldier.NewLogHandler(slog.DiscardHandler)).WarnContext(ctx, fmt.Sprintf("no answer within %d ms", 1000+m.Run))
			return nil, &soldier.Error{Code: "smtp_timeout", Message: fmt.Sprintf("smtp-%d.example did not answer", m.Run)}
		},
		"resize": func(ctx context.Context, m soldier.Mission[json.RawMessage]) (any, error) {
			soldier.Progress(ctx, 60, "3 of 5 pictures")
			soldier.Logf(ctx, "resized 3 of 5 pictures")
			<-ctx.Done()
			return nil, context.Cause(ctx)
		},
		"report": func(context.Context, soldier.Mission[json.RawMessage]) (any, error) {
			return map[string]any{"pages": 12, "totals": map[string]any{"eur": 1834.5, "lines": []int{3, 5, 8}}, "ok": true}, nil
		},
	})
	order := func(r contracts.MissionRequest) string {
		s.t.Helper()
		return s.order(r, client.SubmitOptions{}).MissionID
	}
	for i := range 12 {
		order(contracts.MissionRequest{Name: fmt.Sprintf("Welcome mail %d", i), Kind: "send-mail", Labels: map[string]string{"team": "growth"}})
	}
	s.orderFor("recon", 12, "0.2")
	failed := order(contracts.MissionRequest{
		Name: "Invoice mail for customer 4711", Kind: "send-mail", MaxAttempts: 3, Retry: &contracts.RetryRequest{DelaySeconds: new(0)},
		Payload: []byte(`{"to":"ops@example.com","template":"invoice","customer":{"id":4711,"name":"Acme"},"attachments":["invoice.pdf"]}`),
		Labels:  map[string]string{"team": "billing", "customer": "4711"},
	})
	done := order(contracts.MissionRequest{Name: "Monthly report", Kind: "report", Payload: []byte(`{"month":"2026-11"}`)})
	running := order(contracts.MissionRequest{Name: "Resize the gallery", Kind: "resize", TimeoutSeconds: 3600, ConcurrencyKey: "gallery"})
	order(contracts.MissionRequest{Name: "Resize another gallery", Kind: "resize", ConcurrencyKey: "gallery"})
	order(contracts.MissionRequest{Name: "Translate the handbook", Kind: "translate"})
	order(contracts.MissionRequest{Name: "Nightly cleanup", DelaySeconds: new(36_000)})
	cancelled := order(contracts.MissionRequest{Name: "Not wanted any more", DelaySeconds: new(36_000)})
	s.orderFor("gpu", 3, "1")
	s.must(s.Cancel(ctx, cancelled))
	s.must(s.PauseSquad(ctx, "gpu"))
	s.must(s.LimitSquad(ctx, "default", 64))
	s.must(s.SetLimit(ctx, "mail-provider", contracts.Limit{MaxRunning: 100, Rate: &contracts.Rate{Starts: 5, PeriodSeconds: 1}}))
	s.must(s.PutSchedule(ctx, "nightly-report", contracts.ScheduleRequest{
		Cron: "30 2 * * *", TimeZone: "Europe/Berlin", Mission: contracts.MissionRequest{Name: "Nightly report", Kind: "report"},
	}))
	s.must(s.PutSchedule(ctx, "patrol", contracts.ScheduleRequest{
		EverySeconds: 3600, Mission: contracts.MissionRequest{Name: "Patrol", Squad: "recon", Payload: []byte(`{"min_seconds":0,"max_seconds":0,"failure_rate":0}`)},
	}))
	s.must(s.RunSchedule(ctx, "patrol"))
	s.must(s.OrderBulk(ctx, contracts.BulkRequest{Action: contracts.BulkRetry, Filter: contracts.BulkFilter{Kind: "send-mail", Label: "team:growth"}, Reason: "the mail server is back"}))
	b := s.stranger()
	s.publish(b, topology.Status, "status", []byte("no json"))
	s.publish(b, topology.Orders, "order", []byte(`{"v":1,"type":"order","mission":{}}`))
	s.ends(failed, contracts.StatusFailed)
	s.ends(done, contracts.StatusCompleted)
	return []view{
		{"overview", "/"},
		{"missions", "/missions"},
		{"missions-failed", "/missions?status=FAILED&kind=send-mail"},
		{"missions-none", "/missions?kind=nobody-has-it"},
		{"mission-failed", "/missions/" + failed},
		{"mission-done", "/missions/" + done},
		{"mission-running", "/missions/" + running},
		{"mission-unknown", "/missions/" + unknown},
		{"new-mission", "/missions/new"},
		{"clone", "/missions/new?clone=" + failed},
		{"bulk", "/bulk"},
		{"fleet", "/fleet"},
		{"squads", "/squads"},
		{"schedules", "/schedules"},
		{"schedule", "/schedules/patrol"},
		{"set-aside", "/set-aside"},
		{"health", "/health"},
		{"nowhere", "/nowhere"},
	}
}

// must takes what a call returned, and wants no error.
func (s *stack) must(_ any, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
