package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/mission-control-dev/mission-control/contracts"
)

// withoutTheKey: a dashboard without the commander's key, or with a wrong one, says on each view what to set, and shows nothing as
// empty that it only can't see. The page goes on where it is once the dashboard was started with the key.
func (p *places) withoutTheKey(t *testing.T) {
	settings := map[string]string{"DASHBOARD_COMMANDER_URL": p.stack.CommanderURL()}
	d := another(t, settings)
	tab := p.tab(t)
	// What these show is no answer of the commander's that needs the key.
	open := []string{"/missions/new", "/schedules?new=true", "/health", "/nowhere"}
	for _, path := range p.views() {
		visit(t, tab, "http://"+d.Addr()+path, "refused")
		var is struct {
			Text, Main string
			States     []string
		}
		if err := chromedp.Run(tab, chromedp.Evaluate(`({
			Text: document.body.innerText,
			Main: document.querySelector('main').innerText,
			States: [...document.querySelectorAll('main [data-state]')].map((e) => e.dataset.state),
		})`, &is)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(is.Text, "COMMANDER_API_KEY") || !strings.Contains(is.Text, "Refused") || slices.Contains(is.States, "empty") {
			t.Errorf("%s does not say that it is not let in (%v):\n%s", path, is.States, is.Text)
		}
		if !slices.Contains(open, path) && !slices.Contains(is.States, "not-allowed") {
			t.Errorf("%s shows nothing as not allowed (%v):\n%s", path, is.States, is.Main)
		}
		switch path {
		case "/":
			p.looks(t, tab, "refused-overview")
			p.onAPhone(t, tab, "refused-overview-phone")
		case "/missions/new":
			p.looks(t, tab, "refused-new-mission")
		}
	}

	// Another key, while pages are open.
	list, squads := p.tab(t), p.tab(t)
	addr := d.Addr()
	shut(t, d)
	settings["DASHBOARD_ADDR"], settings["COMMANDER_API_KEY"] = addr, "some-other-key"
	d = another(t, settings)
	visit(t, list, "http://"+addr+"/missions?status=FAILED", "refused")
	visit(t, squads, "http://"+addr+"/squads", "refused")
	mark(t, list)
	mark(t, squads)
	shut(t, d)
	settings["COMMANDER_API_KEY"] = placesKey
	another(t, settings)
	row(t, list, p.failed, contracts.StatusFailed)
	gone(t, list, "COMMANDER_API_KEY")
	holds(t, list, `location.search === '?status=FAILED' && document.querySelector('[data-live="live"]') !== null`)
	shows(t, squads, mailKey) // no event tells of limits
	gone(t, squads, "COMMANDER_API_KEY")
	sameOne(t, list)
	sameOne(t, squads)
}
