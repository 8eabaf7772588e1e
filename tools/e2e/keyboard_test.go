package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/mission-control-dev/mission-control/contracts"
)

// byTheKeyboard drains a soldier, pauses and resumes a squad, and cancels all that a filter fits, without a mouse. After each
// question the focus is back on what asked it.
func (p *places) byTheKeyboard(t *testing.T) {
	const squad, soldier, wave = "paused-by-key", "soldier-2", "keyboard"
	simulated(t, p.Client, contracts.MissionRequest{Name: "Of the squad", Squad: squad}, 0, 0)
	var waits string
	for i := range 3 {
		waits = simulated(t, p.Client, contracts.MissionRequest{Name: fmt.Sprint("Later ", i), DelaySeconds: new(36_000), Labels: map[string]string{"wave": wave}}, 0, 0)
	}
	tab := p.tab(t)
	visit(t, tab, p.stack.DashboardURL()+"/", "live")

	keys(t, tab, "g", "f")
	shows(t, tab, soldier)
	tabTo(t, tab, "Drain "+soldier)
	keys(t, tab, kb.Enter)
	focused(t, tab, "Let it work") // the answer that changes nothing
	tabTo(t, tab, "Drain it")
	keys(t, tab, kb.Enter)
	holds(t, tab, `!document.querySelector('[role="dialog"]') && [...document.querySelectorAll('tr')].some((r) => r.textContent.includes('`+soldier+`') && /Draining|Dead/.test(r.textContent))`)
	focused(t, tab, "Drain "+soldier)

	keys(t, tab, "g", "q")
	shows(t, tab, squad)
	tabTo(t, tab, "Pause "+squad)
	keys(t, tab, kb.Enter)
	focused(t, tab, "Let it go on")
	keys(t, tab, kb.Escape)
	focused(t, tab, "Pause "+squad)
	keys(t, tab, kb.Enter)
	tabTo(t, tab, "Pause it")
	keys(t, tab, kb.Enter)
	focused(t, tab, "Resume "+squad)
	if q, err := p.Squad(t.Context(), squad); err != nil || !q.Paused {
		t.Errorf("%+v, %v", q, err)
	}
	keys(t, tab, kb.Enter)
	focused(t, tab, "Pause "+squad)

	visit(t, tab, p.stack.DashboardURL()+"/missions?label=wave%3A"+wave, "live")
	row(t, tab, waits, contracts.StatusScheduled)
	keys(t, tab, "j", "c")
	focused(t, tab, "Keep it")
	keys(t, tab, kb.Escape)
	holds(t, tab, `document.activeElement.closest('[data-mission-id]') !== null`)

	keys(t, tab, "j", "x") // what is chosen holds the list still while its missions change
	tabTo(t, tab, "All that match")
	keys(t, tab, kb.Enter)
	focused(t, tab, "Retry")
	keys(t, tab, kb.ArrowDown)
	focused(t, tab, "Cancel")
	keys(t, tab, kb.Enter)
	shows(t, tab, "3 missions")
	tabTo(t, tab, "Cancel 3")
	keys(t, tab, kb.Enter)
	shows(t, tab, "Done")
	p.looks(t, tab, "bulk-by-keyboard")
	keys(t, tab, kb.Escape)
	focused(t, tab, "All that match")
	holds(t, tab, `document.querySelectorAll('[data-mission-id] [data-status="CANCELLED"]').length === 3`)
}

func keys(t *testing.T, tab context.Context, all ...string) {
	t.Helper()
	for _, key := range all {
		if err := chromedp.Run(tab, chromedp.KeyEvent(key)); err != nil {
			t.Fatal(err)
		}
	}
}

// nameOf is a script for what has the focus: its name begins so.
const nameOf = `(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()`

// tabTo presses Tab until the focus is on what begins so.
func tabTo(t *testing.T, tab context.Context, name string) {
	t.Helper()
	var passed []string
	for range 80 {
		var is string
		if err := chromedp.Run(tab, chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(nameOf, &is)); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(is, name) {
			return
		}
		passed = append(passed, is)
	}
	t.Fatalf("%q can't be reached by Tab, only %q", name, passed)
}

// focused waits until the focus is on what begins so.
func focused(t *testing.T, tab context.Context, name string) {
	t.Helper()
	holds(t, tab, fmt.Sprintf(`%s.startsWith(%q)`, nameOf, name))
}
