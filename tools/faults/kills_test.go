package faults

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
)

// killsVar says how many deaths there are, at least 1; without it, one at each place.
const killsVar = "MISSION_CONTROL_KILLS"

// TestACommanderKilledBetweenAWriteAndWhatFollows kills the only commander at each place in turn, while clients ask for
// missions, and starts it again each time. In the end each mission that was accepted is COMPLETED, carried out once, since
// no soldier was interrupted; its history is whole; and no request that was repeated under its key made two.
func TestACommanderKilledBetweenAWriteAndWhatFollows(t *testing.T) {
	needServers(t)
	deaths := len(places())
	if text := os.Getenv(killsVar); text != "" {
		var err error
		if deaths, err = deathsFrom(text); err != nil {
			t.Fatal(err)
		}
	}
	k := newKills(t, mortal())
	all := places()
	turns := make([]place, deaths)
	for i := range turns {
		turns[i] = all[i%len(all)]
	}
	found := k.hold(turns, 2*time.Minute)
	for _, v := range found {
		t.Error(v)
	}
}

func deathsFrom(text string) (int, error) {
	deaths, err := strconv.Atoi(text)
	if err != nil || deaths < 1 {
		return 0, fmt.Errorf("%s is %q; it must be a number of deaths, 1 at least", killsVar, text)
	}
	return deaths, nil
}

func TestTheNumberOfDeaths(t *testing.T) {
	for text, want := range map[string]int{"50": 50, "1": 1, "0": 0, "-1": 0, "many": 0} {
		got, err := deathsFrom(text)
		if got != want || (err == nil) != (want > 0) || err != nil && !strings.Contains(err.Error(), killsVar) {
			t.Errorf("%q gives %d, %v", text, got, err)
		}
	}
}

// TestTheKillsFindWhatIsBroken: a commander that sends an order once and never again loses the missions at whose orders
// it was killed.
func TestTheKillsFindWhatIsBroken(t *testing.T) {
	if os.Getenv("MISSION_CONTROL_FAULTS") == "" {
		t.Skip("skipped: it takes a minute; ./task test:faults:broken runs it")
	}
	needServers(t)
	k := newKills(t, mortal(withoutSweep()))
	found := k.hold(places()[:2], 30*time.Second)
	if !slices.ContainsFunc(found, func(v string) bool { return strings.HasPrefix(v, string(check.Lost)) }) {
		t.Errorf("nothing was lost; found %q", found)
	}
	t.Logf("found %q", found)
}

// hold kills the commander at each of these places in turn, waits for the missions' ends, prints a table, and returns
// what is wrong.
func (k *kills) hold(turns []place, endWithin time.Duration) []string {
	k.Helper()
	stop := k.flow()
	deaths := map[string]int{}
	for _, p := range turns {
		k.die(p)
		deaths[p.name]++
	}
	stop()
	finals, missing := k.finals(endWithin)
	found := append(k.unexpected(), missing...)

	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "place\tdeaths\tmissions\tbroken off\tlost\tdoubled\trun again")
	row := func(name string, deaths int, r check.Report, brokenOff int) {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n",
			name, deaths, r.Counts.Accepted, brokenOff, r.Counts.Lost, r.Counts.Doubled, r.Counts.RunAgain)
	}
	for _, p := range places() {
		in, brokenOff := k.evidence(finals, p.name)
		row(p.name, deaths[p.name], check.Check(in), brokenOff)
	}
	in, brokenOff := k.evidence(finals, "")
	report := check.Check(in)
	row("all", len(turns), report, brokenOff)
	_ = w.Flush()
	k.Logf("\n%s", table.String())

	for _, v := range report.Violations {
		found = append(found, fmt.Sprintf("%s: mission %s: %s", v.Code, v.MissionID, v.Text))
	}
	if n := report.Counts.RunAgain; n > 0 {
		found = append(found, fmt.Sprintf("%d executions were run again, and no soldier was interrupted", n))
	}
	for id, f := range finals {
		if s := f.Mission.Status; s.Terminal() && s != contracts.StatusCompleted {
			found = append(found, fmt.Sprintf("mission %s is %s", id, s))
		}
	}
	return found
}
