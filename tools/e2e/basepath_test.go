package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"github.com/mission-control-dev/mission-control/contracts"
)

// underAPath: each view can be opened by its address under DASHBOARD_BASE_PATH, and nothing outside of the path is asked.
func (p *places) underAPath(t *testing.T) {
	const base = "/tools/mc"
	d := another(t, map[string]string{"DASHBOARD_BASE_PATH": base, "DASHBOARD_COMMANDER_URL": p.stack.CommanderURL(), "COMMANDER_API_KEY": placesKey})
	f := before(t, "http://"+d.Addr(), streamsPass)
	tab := p.tab(t)
	said := listen(tab)
	if err := chromedp.Run(tab, log.Enable()); err != nil {
		t.Fatal(err)
	}
	for _, path := range p.views() {
		visit(t, tab, f.URL+base+path, "live")
		var wrong string
		if err := chromedp.Run(tab, chromedp.Evaluate(`document.querySelector('[data-state="error"], [data-state="not-allowed"]')?.innerText ?? ''`, &wrong)); err != nil {
			t.Fatal(err)
		}
		if wrong != "" {
			t.Errorf("%s shows: %s", path, wrong)
		}
	}

	// On from there by what the page itself offers, and back.
	if err := chromedp.Run(tab, emulation.SetDeviceMetricsOverride(1280, 900, 1, false), press("nav a", "Missions")); err != nil {
		t.Fatal(err)
	}
	row(t, tab, p.done, contracts.StatusCompleted)
	if err := chromedp.Run(tab, press(`[data-mission-id] a`, "Waiting")); err != nil {
		t.Fatal(err)
	}
	holds(t, tab, `location.pathname === '`+base+`/missions/`+p.waiting+`' && document.querySelector('main h1')?.textContent === 'Waiting'`)
	if err := chromedp.Run(tab, chromedp.NavigateBack()); err != nil {
		t.Fatal(err)
	}
	holds(t, tab, `location.pathname === '`+base+`/missions'`)
	p.looks(t, tab, "under-a-path")

	if outside := f.log(func(_, path string) bool { return !strings.HasPrefix(path, base+"/") }); len(outside) > 0 {
		t.Errorf("asked outside of %s: %q", base, outside)
	}
	if streams := f.log(func(_, path string) bool { return strings.HasPrefix(path, base+"/api/events") }); len(streams) == 0 {
		t.Error("no event stream passed here")
	}
	for _, line := range said() {
		t.Errorf("the console says: %s", line)
	}
}
