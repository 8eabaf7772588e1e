package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/mission-control-dev/mission-control/contracts"
)

// changes are the beginnings of what buttons say that change something. "Cancel" alone leaves a form.
var changes = regexp.MustCompile(`^(Cancel .|Retry|Clone|Remove( \S+)?$|Purge|Drain|Pause|Resume|Run now|Delete|Edit|Limit|Set|Change|Create|Save|New schedule|Send|Drop|Stop)`) //nolint:gochecknoglobals // compiled once

// readOnly: each action is there, says why it can't be used, and does nothing. Who goes round the page is refused by the server.
func (p *places) readOnly(t *testing.T) {
	d := another(t, map[string]string{"DASHBOARD_READ_ONLY": "true", "DASHBOARD_COMMANDER_URL": p.stack.CommanderURL(), "COMMANDER_API_KEY": placesKey})
	f := before(t, "http://"+d.Addr(), streamsPass)
	tab := p.tab(t)
	soldier := "Drain soldier-1"
	want := map[string][]string{
		"/missions/" + p.running:              {"Cancel mission", "Retry", "Clone", "Remove"},
		"/missions/" + p.failed:               {"Cancel mission", "Retry", "Clone", "Remove"},
		"/missions/new":                       {"Create mission"},
		"/missions/new?clone=" + p.done:       {"Create mission"},
		"/fleet":                              {soldier},
		"/squads":                             {"Pause default", "Limit default", "Remove default", "Pause " + idleSquad, "Set a limit", "Change " + mailKey, "Remove " + mailKey},
		"/schedules":                          {"New schedule", "Run now: " + hourly, "Pause " + hourly, "Delete " + hourly},
		"/schedules?new=true":                 {"Create schedule"},
		"/schedules/" + hourly:                {"Edit", "Run now: " + hourly, "Pause " + hourly, "Delete " + hourly},
		"/schedules/" + hourly + "?edit=true": {"Save changes"},
	}
	for _, path := range p.views() {
		visit(t, tab, f.URL+path, "live")
		shows(t, tab, "Read-only")
		p.offersNoChange(t, tab, path, want[path])
	}

	// Rows that are chosen, all that match, and the keys of both.
	visit(t, tab, f.URL+"/missions", "live")
	row(t, tab, p.failed, contracts.StatusFailed)
	if err := chromedp.Run(tab, chromedp.KeyEvent("j"), chromedp.KeyEvent("x")); err != nil {
		t.Fatal(err)
	}
	shows(t, tab, "1 selected")
	p.offersNoChange(t, tab, "a selection", []string{"Retry", "Cancel", "Purge"})
	if err := chromedp.Run(tab, chromedp.KeyEvent("c"), chromedp.KeyEvent("r"), chromedp.KeyEvent(kb.Escape), press("button", "All missions")); err != nil {
		t.Fatal(err)
	}
	holds(t, tab, `document.querySelector('[role="menu"]')?.innerText.includes('read-only')`)
	holds(t, tab, `[...document.querySelectorAll('[role="menuitem"]')].filter((e) => /^(Retry|Cancel|Purge) /.test(e.textContent)).every((e) => e.disabled)`)
	p.looks(t, tab, "read-only")
	p.onAPhone(t, tab, "read-only-phone")

	if sent := f.log(func(method, _ string) bool { return method != http.MethodGet }); len(sent) > 0 {
		t.Errorf("the page sent %q", sent)
	}
	p.refusesWrites(t, f.URL+"/api")
}

// offersNoChange presses all that would change something; these are among it. Each says that the dashboard is read-only.
func (p *places) offersNoChange(t *testing.T, tab context.Context, where string, want []string) {
	t.Helper()
	var buttons []struct {
		Name, Why string
		Off       bool
	}
	err := chromedp.Run(tab, chromedp.Evaluate(`[...document.querySelectorAll('main button')].map((b) => ({
		Name: b.getAttribute('aria-label') ?? b.textContent.trim(),
		Off: b.getAttribute('aria-disabled') === 'true',
		Why: document.getElementById(b.getAttribute('aria-describedby'))?.textContent ?? '',
	}))`, &buttons))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range buttons {
		wanted := slices.Contains(want, b.Name)
		if (wanted || changes.MatchString(b.Name)) && (!b.Off || !strings.Contains(b.Why, "read-only")) {
			t.Errorf("%s: %q is off: %v, because %q", where, b.Name, b.Off, b.Why)
		}
		want = slices.DeleteFunc(slices.Clone(want), func(name string) bool { return name == b.Name })
	}
	if len(want) > 0 {
		t.Errorf("%s: %q are not there; there are %v", where, want, buttons)
	}
	var asks bool
	if err := chromedp.Run(tab,
		chromedp.Evaluate(`document.querySelectorAll('main button[aria-disabled="true"]').forEach((b) => b.click())`, nil),
		chromedp.Evaluate(`document.querySelector('[role="dialog"]') !== null`, &asks),
	); err != nil || asks {
		t.Errorf("%s: something that can't be used asks whether it should be done (%v)", where, err)
	}
}

// refusesWrites asks the server itself.
func (p *places) refusesWrites(t *testing.T, api string) {
	t.Helper()
	for request, want := range map[string]int{
		"POST /missions":                          http.StatusForbidden,
		"POST /missions/batch":                    http.StatusForbidden,
		"POST /missions/" + p.running + "/cancel": http.StatusForbidden,
		"POST /missions/" + p.failed + "/retry":   http.StatusForbidden,
		"DELETE /missions/" + p.done:              http.StatusForbidden,
		"POST /bulk":                              http.StatusForbidden,
		"POST /squads/default/pause":              http.StatusForbidden,
		"PUT /limits/" + mailKey:                  http.StatusForbidden,
		"PUT /schedules/" + hourly:                http.StatusForbidden,
		"POST /schedules/" + hourly + "/run":      http.StatusForbidden,
		"POST /soldiers/soldier-1/drain":          http.StatusForbidden,
		"POST /bulk/preview":                      http.StatusOK,
		"GET /missions/" + p.running:              http.StatusOK,
	} {
		method, path, _ := strings.Cut(request, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, api+path, strings.NewReader(`{"action":"cancel","all":true}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var told struct{ Code string }
		err = json.NewDecoder(res.Body).Decode(&told)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != want || (want == http.StatusForbidden) != (told.Code == "read_only") {
			t.Errorf("%s: %d %q, %v", request, res.StatusCode, told.Code, err)
		}
	}
}
