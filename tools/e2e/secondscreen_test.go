package e2e

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// TestTheSecondScreen is a page that stays open while things go wrong, with 100,000 missions in the list: Redis is killed and comes
// back, the commander is killed and comes back, another tab is opened and the first one closed. Nobody reloads anything.
func TestTheSecondScreen(t *testing.T) {
	t.Parallel()
	needApp(t)
	tab := browser(t)
	s := run(t, func(c *localstack.Config) { c.Headless = false })
	s.fill(100_000, "archive") // nobody serves it: they wait
	tab, cancel := context.WithTimeout(tab, 8*time.Minute)
	defer cancel()
	if err := chromedp.Run(tab, network.Enable()); err != nil {
		t.Fatal(err)
	}
	tr := watchTraffic(tab)
	said := listen(tab)
	const list = "/missions"
	s.open(tab, list)

	t.Run("a list of 100,000", func(t *testing.T) { s.scrollOn(t, tab) })
	t.Run("bulk by filter", func(t *testing.T) { s.bulkInTheBrowser(t, tab) })

	t.Run("Redis killed and back", func(t *testing.T) {
		s.open(tab, list)
		kept := s.submit("kept in memory", "0")
		row(t, tab, kept, "COMPLETED")
		redis := s.Part(localstack.Redis)
		if err := redis.KillAndHold(); err != nil {
			t.Fatal(err)
		}
		shows(t, tab, "Redis is away.")
		row(t, tab, kept, "COMPLETED") // what was there stays there
		// A page that is opened meanwhile is shown from memory, and says so.
		if err := chromedp.Run(tab, chromedp.Navigate(s.DashboardURL()+list)); err != nil {
			t.Fatal(err)
		}
		shows(t, tab, "Read from the commander's memory")
		row(t, tab, kept, "COMPLETED")
		if err := redis.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.awaitOK()
		gone(t, tab, "Redis is away.")
		gone(t, tab, "Read from the commander's memory")
		row(t, tab, s.submit("after Redis", "0"), "COMPLETED")
	})

	t.Run("commander killed and back", func(t *testing.T) {
		before := s.submit("before the commander died", "3")
		row(t, tab, before, "IN_PROGRESS")
		commander := s.Part(localstack.Commander)
		if err := commander.KillAndHold(); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Run(tab, chromedp.WaitVisible(`[data-live="reconnecting"], [data-live="offline"]`)); err != nil {
			t.Fatal(err)
		}
		row(t, tab, before, "IN_PROGRESS") // as it was
		if err := commander.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Run(tab, chromedp.WaitVisible(`[data-live="live"]`)); err != nil {
			t.Fatal(err)
		}
		row(t, tab, before, "COMPLETED")
		row(t, tab, s.submit("after the commander", "0"), "COMPLETED")
		unique(t, tab)
	})

	t.Run("two tabs, one stream", func(t *testing.T) {
		streams := tr.of("events")
		second, closeSecond := chromedp.NewContext(tab)
		defer closeSecond()
		if err := chromedp.Run(second, network.Enable()); err != nil {
			t.Fatal(err)
		}
		tr2 := watchTraffic(second)
		s.open(second, list)
		id := s.submit("seen by both", "0")
		row(t, tab, id, "COMPLETED")
		row(t, second, id, "COMPLETED")
		if n := tr2.of("events"); n != 0 {
			t.Errorf("the second tab has %d streams of its own", n)
		}
		if n := tr.of("events"); n != streams {
			t.Errorf("the first tab made %d streams anew", n-streams)
		}
		// The tab with the stream goes elsewhere: the other one takes over.
		if err := chromedp.Run(tab, chromedp.Navigate("about:blank")); err != nil {
			t.Fatal(err)
		}
		row(t, second, s.submit("seen by the one that is left", "0"), "COMPLETED")
		if n := tr2.of("events"); n == 0 {
			t.Error("the tab that is left has no stream")
		}
		unique(t, second)
	})
	for _, line := range said() {
		// The browser itself tells of answers that were no 200 while parts were away.
		if !strings.Contains(line, "Failed to load resource") && !strings.Contains(line, "net::ERR") {
			t.Errorf("the console says: %s", line)
		}
	}
}

// scrollOn goes down the list until a thousand rows have passed. The page holds no more rows than a screen shows, about.
func (s *stack) scrollOn(t *testing.T, tab context.Context) {
	t.Helper()
	var seen, most int
	deadline := time.Now().Add(time.Minute)
	for seen < 1000 && time.Now().Before(deadline) {
		var now struct{ Last, Rows int }
		if err := chromedp.Run(tab,
			chromedp.Evaluate(`window.scrollBy(0, 3000)`, nil),
			chromedp.Evaluate(`(() => {
				const rows = [...document.querySelectorAll('[data-mission-id]')];
				return { Last: Number(rows.at(-1)?.getAttribute('aria-rowindex') ?? 0), Rows: rows.length };
			})()`, &now),
		); err != nil {
			t.Fatal(err)
		}
		seen, most = max(seen, now.Last), max(most, now.Rows)
		wait(tab, 30*time.Millisecond)
	}
	if seen < 1000 || most > 300 {
		t.Errorf("scrolled over %d rows, with at most %d in the page", seen, most)
	}
	if err := chromedp.Run(tab, chromedp.Evaluate(`window.scrollTo(0, 0)`, nil)); err != nil {
		t.Fatal(err)
	}
}

// bulkInTheBrowser cancels what a filter fits: first it is told how many they are.
func (s *stack) bulkInTheBrowser(t *testing.T, tab context.Context) {
	t.Helper()
	const missions = 30
	requests := make([]contracts.MissionRequest, missions)
	for i := range requests {
		requests[i] = contracts.MissionRequest{Name: fmt.Sprint("later ", i), DelaySeconds: new(36_000), Labels: map[string]string{"wave": "two"}}
	}
	if _, err := s.SubmitBatch(t.Context(), requests, client.SubmitOptions{}); err != nil {
		t.Fatal(err)
	}
	s.open(tab, "/missions?label=wave%3Atwo")
	if err := chromedp.Run(tab,
		press("button", "All that match"),
		press(`[role="menuitem"]`, "Cancel"),
	); err != nil {
		t.Fatalf("open the dialog: %v", err)
	}
	shows(t, tab, strconv.Itoa(missions)+" missions")
	if err := chromedp.Run(tab, press(`[role="dialog"] button`, "Cancel "+strconv.Itoa(missions))); err != nil {
		t.Fatalf("start the job: %v", err)
	}
	s.eventually(30*time.Second, "all are cancelled", func() bool {
		page, err := s.ListPage(t.Context(), client.ListOptions{Label: contracts.Label{Key: "wave", Value: "two"}, Status: contracts.StatusCancelled, PageSize: contracts.MaxListLimit})
		return err == nil && len(page.Missions) == missions
	})
	shows(t, tab, "Done")
}

// press clicks the first element that fits and whose text begins so, once it is there.
func press(selector, text string) chromedp.Action {
	found := fmt.Sprintf(`[...document.querySelectorAll(%q)].find((e) => e.textContent.trim().startsWith(%q) && !e.disabled)`, selector, text)
	return chromedp.Tasks{
		chromedp.Poll(`!!`+found, nil, chromedp.WithPollingTimeout(30*time.Second)),
		chromedp.Evaluate(found+`.click()`, nil),
	}
}

// row waits until the list shows a mission with this status.
func row(t *testing.T, tab context.Context, id string, status contracts.Status) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tab, time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.WaitReady(fmt.Sprintf(`[data-mission-id=%q] [data-status=%q]`, id, status))); err != nil {
		t.Fatalf("mission %s is not in the list as %s: %v", id, status, err)
	}
}

// unique wants each mission at most once in the list.
func unique(t *testing.T, tab context.Context) {
	t.Helper()
	var doubled []string
	if err := chromedp.Run(tab, chromedp.Evaluate(`[...document.querySelectorAll('[data-mission-id]')].map((r) => r.dataset.missionId).filter((id, i, all) => all.indexOf(id) !== i)`, &doubled)); err != nil {
		t.Fatal(err)
	}
	if len(doubled) > 0 {
		t.Errorf("twice in the list: %v", doubled)
	}
}

// shows waits until the page has a text, gone until it has not.
func shows(t *testing.T, tab context.Context, text string) { t.Helper(); has(t, tab, text, true) }
func gone(t *testing.T, tab context.Context, text string)  { t.Helper(); has(t, tab, text, false) }

func has(t *testing.T, tab context.Context, text string, want bool) {
	t.Helper()
	err := chromedp.Run(tab, chromedp.Poll(fmt.Sprintf(`document.body.innerText.includes(%q) === %v`, text, want), nil, chromedp.WithPollingTimeout(time.Minute)))
	if errors.Is(err, chromedp.ErrPollingTimeout) {
		var is string
		_ = chromedp.Run(tab, chromedp.Evaluate(`document.body.innerText`, &is))
		t.Fatalf("the page's having %q is not %v:\n%s", text, want, is)
	} else if err != nil {
		t.Fatal(err)
	}
}
