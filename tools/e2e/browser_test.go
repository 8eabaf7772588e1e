package e2e

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// browser starts a headless Chromium with nothing in its profile, and returns a context for its page.
func browser(t *testing.T) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], //nolint:gocritic // a new slice is what is wanted
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute),
	)
	// The test's own context ends before its cleanups, and would kill the browser's first process; the others would still write into
	// the folder that is removed.
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), opts...)
	t.Cleanup(cancelAlloc)
	page, cancelPage := chromedp.NewContext(alloc)
	if err := chromedp.Run(page); err != nil { // starts it; one that never started can't be waited for
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = chromedp.Cancel(page) // waits until the browser is gone
		cancelPage()
	})
	return page
}

// chromium is where the browser is.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	need(t, errors.New("Chromium is not on PATH: ./task deps:chromium installs it on Debian and Ubuntu"))
	return ""
}

// traffic counts a page's requests by path.
type traffic struct {
	mu       sync.Mutex
	requests map[string]int
}

func watchTraffic(page context.Context) *traffic {
	tr := &traffic{requests: map[string]int{}}
	chromedp.ListenTarget(page, func(ev any) {
		sent, ok := ev.(*network.EventRequestWillBeSent)
		if !ok {
			return
		}
		tr.mu.Lock()
		defer tr.mu.Unlock()
		if _, path, ok := strings.Cut(sent.Request.URL, "/api/"); ok {
			tr.requests[path]++
		}
	})
	return tr
}

func (tr *traffic) of(prefix string) int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	n := 0
	for path, k := range tr.requests {
		if strings.HasPrefix(path, prefix) {
			n += k
		}
	}
	return n
}

// String lists what was asked for.
func (tr *traffic) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return fmt.Sprint(tr.requests)
}

// awaitCalm waits until nothing was asked for during 3 s. What is asked for more often than that, for ever, is found by it.
func (tr *traffic) awaitCalm(t *testing.T) {
	t.Helper()
	last, since := tr.of(""), time.Now()
	for end := time.Now().Add(time.Minute); time.Since(since) < 3*time.Second; wait(t.Context(), 50*time.Millisecond) {
		if now := tr.of(""); now != last {
			last, since = now, time.Now()
		}
		if time.Now().After(end) {
			t.Fatalf("requests do not end: %v", tr)
		}
	}
}

// TestJourneyInTheBrowser is a person's first minute: fill in a mission, see it QUEUED at once, and without touching the
// page see it turn IN_PROGRESS, then COMPLETED.
func TestJourneyInTheBrowser(t *testing.T) {
	t.Parallel()
	needApp(t)
	page := browser(t)
	s := run(t, func(c *localstack.Config) { c.Headless = false })
	page, cancel := context.WithTimeout(page, 3*time.Minute)
	defer cancel()
	tr := watchTraffic(page)

	name := "journey " + t.Name()
	err := chromedp.Run(page, network.Enable(),
		chromedp.Navigate("http://"+s.dashboardHost()+"/missions/new"),
		chromedp.WaitVisible(`form[aria-label="New mission"]`),
		chromedp.WaitVisible(`[data-live="live"]`),
		chromedp.SendKeys(`input[name="name"]`, name),
		chromedp.Evaluate(`document.querySelector('textarea[name="payload"]').select()`, nil), // what is typed replaces it
		chromedp.SendKeys(`textarea[name="payload"]`, `{"min_seconds":4,"max_seconds":5,"failure_rate":0}`),
		chromedp.Click(`button[type="submit"]`),
		chromedp.WaitVisible(`article [data-status]`),
	)
	if err != nil {
		t.Fatalf("create the mission: %v", err)
	}
	seen := watchStatus(t, page)
	if seen[len(seen)-1] != "COMPLETED" || !slices.Contains(seen, "IN_PROGRESS") {
		t.Fatalf("the page showed %v, want IN_PROGRESS and then COMPLETED", seen)
	}

	// The list, and then nothing but the stream while nobody does anything.
	if err := chromedp.Run(page, chromedp.Click(`nav a[href="/missions"]`), chromedp.WaitVisible(`tr[data-mission-id]`)); err != nil {
		t.Fatalf("open the list: %v", err)
	}
	tr.awaitCalm(t) // the list is shown from memory first, and asked for then
	lists, before := tr.of("missions"), tr.of("")
	wait(t.Context(), 15*time.Second)
	if now := tr.of("missions"); now != lists {
		t.Errorf("%d requests for missions while idle: %v", now-lists, tr)
	}
	if now := tr.of(""); now != before {
		t.Errorf("%d requests while idle: %v", now-before, tr)
	}
	// One, and a new one each time that what is watched changed: the mission's page was opened, and left.
	if n := tr.of("events"); n > 3 {
		t.Errorf("%d event streams, want at most 3: %v", n, tr)
	}

	// A mission that somebody else creates appears, and turns, without a reload.
	id := s.submit("from elsewhere", "1")
	row := fmt.Sprintf(`tr[data-mission-id=%q]`, id)
	if err := chromedp.Run(page, chromedp.WaitVisible(row), chromedp.WaitVisible(row+` [data-status="COMPLETED"]`)); err != nil {
		t.Fatalf("a mission from elsewhere: %v", err)
	}
	if now := tr.of("missions?"); now > lists {
		t.Errorf("the list was asked for again: %v", tr)
	}
}

// watchStatus notes each status that the mission's page shows, until it is terminal.
func watchStatus(t *testing.T, page context.Context) []string {
	t.Helper()
	var seen []string
	for {
		var status string
		err := chromedp.Run(page, chromedp.Evaluate(
			`document.querySelector('article [data-status][data-size="lg"], article [data-status]').dataset.status`, &status))
		if err != nil {
			t.Fatalf("read the status: %v (seen %v)", err, seen)
		}
		if len(seen) == 0 || seen[len(seen)-1] != status {
			seen = append(seen, status)
		}
		if status == "COMPLETED" || status == "FAILED" || status == "CANCELLED" {
			return seen
		}
		wait(page, 30*time.Millisecond)
	}
}

// dashboardHost is the dashboard's address without its scheme.
func (s *stack) dashboardHost() string { return strings.TrimPrefix(s.DashboardURL(), "http://") }
