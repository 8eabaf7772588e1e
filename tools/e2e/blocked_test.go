package e2e

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/mission-control-dev/mission-control/contracts"
)

// streamsAreRefused: something on the way answers event streams with an error of its own. What is shown is polled.
func (p *places) streamsAreRefused(t *testing.T) {
	f := before(t, p.stack.DashboardURL(), streamsRefused)
	tab := p.tab(t)
	label := map[string]string{"place": "refused"}
	visit(t, tab, f.URL+"/missions?label=place%3Arefused", "polling")
	holds(t, tab, `/^Polling· data .+ old$/.test(document.querySelector('[data-live]').textContent)`)
	id := simulated(t, p.Client, contracts.MissionRequest{Name: "Asked for", Labels: label}, forever, 0)
	row(t, tab, id, contracts.StatusInProgress)
	p.looks(t, tab, "polling")
	p.onAPhone(t, tab, "polling-phone")
	if _, err := p.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	row(t, tab, id, contracts.StatusCancelled)
	unique(t, tab)
	p.streamsPassAgain(t, tab, f, label)
}

// streamsAreHeldBack: something on the way takes event streams and passes not a byte on, which shows only with time.
func (p *places) streamsAreHeldBack(t *testing.T) {
	f := before(t, p.stack.DashboardURL(), streamsHeld)
	tab := p.tab(t)
	label := map[string]string{"place": "held"}
	visit(t, tab, f.URL+"/missions?label=place%3Aheld", "connecting")
	id := simulated(t, p.Client, contracts.MissionRequest{Name: "Asked for", Labels: label}, 0, 0)
	if err := chromedp.Run(tab, chromedp.WaitVisible(`[data-live="polling"]`)); err != nil {
		t.Fatal(err)
	}
	row(t, tab, id, contracts.StatusCompleted)
	p.streamsPassAgain(t, tab, f, label)
}

// streamsPassAgain: the page becomes live as it is, catches up, and asks for nothing more.
func (p *places) streamsPassAgain(t *testing.T, tab context.Context, f *front, label map[string]string) {
	t.Helper()
	mark(t, tab)
	f.streams.Store(int32(streamsPass))
	// The stream is tried again every minute, and at once when the browser says that it has a network again.
	if err := chromedp.Run(tab, chromedp.Evaluate(`window.dispatchEvent(new Event('online')), true`, nil)); err != nil {
		t.Fatal(err)
	}
	holds(t, tab, `document.querySelector('[data-live="live"]')?.textContent === 'Live'`)
	row(t, tab, simulated(t, p.Client, contracts.MissionRequest{Name: "Pushed", Labels: label}, 0, 0), contracts.StatusCompleted)
	asked := f.lists()
	row(t, tab, simulated(t, p.Client, contracts.MissionRequest{Name: "Pushed", Labels: label}, 0, 0), contracts.StatusCompleted)
	if more := f.lists() - asked; more > 0 {
		t.Errorf("the list was asked for %d times more", more)
	}
	unique(t, tab)
	sameOne(t, tab)
}
