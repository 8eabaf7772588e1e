package drill

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/drill/verdict"
)

// Line is the progress in one line of at most 79 characters.
func (p Progress) Line(elapsed time.Duration) string {
	const width = 20
	full := 0
	if p.Missions > 0 {
		full = p.Ended() * width / p.Missions
	}
	s := fmt.Sprintf("[%s%s] %d/%d ended", strings.Repeat("#", full), strings.Repeat(".", width-full), p.Ended(), p.Missions)
	if p.Accepted+p.Refused < p.Missions {
		s += fmt.Sprintf(", %d accepted", p.Accepted)
	}
	s += fmt.Sprintf(", %d running, %d ok, %d failed", p.Running, p.Completed, p.Failed)
	if p.Cancelled > 0 {
		s += fmt.Sprintf(", %d cancelled", p.Cancelled)
	}
	return cliout.Cut(s, 70) + " " + cliout.Short(elapsed.Round(time.Second))
}

// maxFindings bounds how many findings of one code are printed; JSON has all.
const maxFindings = 10

// Print writes the outcome for people.
func Print(w io.Writer, o Outcome) error {
	r := o.Report
	rows := [][]string{
		{"missions", fmt.Sprintf("%d asked, %d accepted, %d not accepted", r.Missions.Asked, r.Missions.Accepted, r.Missions.NotAccepted)},
		{"ended", fmt.Sprintf("%d completed, %d failed, %d cancelled, %d lost",
			r.Missions.Completed, r.Missions.Failed, r.Missions.Cancelled, r.Missions.Lost)},
		{"rates", fmt.Sprintf("%.1f %% success, %.1f %% failure", 100*r.SuccessRate, 100*r.FailureRate)},
		{"time", fmt.Sprintf("%s, %.2f missions/s", milliseconds(r.DurationMS), r.PerSecond)},
		{"submit to accepted", percentilesText(r.Latency.SubmitToAccepted)},
		{"accepted to started", percentilesText(r.Latency.AcceptedToStarted)},
		{"accepted to finished", percentilesText(r.Latency.AcceptedToFinished)},
		{"executions", executionsText(o)},
	}
	if r.Reads != nil {
		rows = append(rows, []string{"reads", readsText(*r.Reads)})
	}
	if o.Reconnects > 0 || r.Missions.Retried > 0 {
		rows = append(rows, []string{"disturbances",
			fmt.Sprintf("%d submissions asked more than once, events broke off %d times", r.Missions.Retried, o.Reconnects)})
	}
	fmt.Fprintln(w)
	if err := cliout.WriteTable(w, rows); err != nil {
		return err
	}
	printFindings(w, "note", r.Notes)
	printFindings(w, "FAULT", r.Faults)
	verdictLine := "verdict: all well"
	switch {
	case o.Interrupted:
		verdictLine = "verdict: none, the drill was interrupted"
	case !r.OK:
		verdictLine = fmt.Sprintf("verdict: %d faults", len(r.Faults))
	}
	_, err := fmt.Fprintln(w, verdictLine)
	return err
}

func executionsText(o Outcome) string {
	x := o.Executions
	if !x.Known {
		if o.Journals == "" {
			return "not known: say with --journals where the soldiers' journals are"
		}
		return "not known: no journals in " + o.Journals
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%d started, %d ended, %d interrupted", x.Started, x.Ended, x.Interrupted)
	for _, part := range []struct {
		n    int
		text string
	}{
		{x.Released, "handed back"}, {x.Open, "without an end"}, {x.MissionsUnexecuted, "missions never started"},
	} {
		if part.n > 0 {
			fmt.Fprintf(&s, ", %d %s", part.n, part.text)
		}
	}
	return s.String() + fmt.Sprintf("; missions started again %d, doubled %d, overlapping %d",
		x.MissionsRerun, x.MissionsDoubled, x.MissionsOverlapping)
}

func readsText(r verdict.Reads) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d of %d missions, %d failed", r.Made, r.Missions, r.Failed)
	for _, code := range slices.Sorted(maps.Keys(r.Failures)) {
		fmt.Fprintf(&s, " (%s %d)", code, r.Failures[code])
	}
	return s.String() + fmt.Sprintf(", %d from memory, %d older than one before, %d found no commander", r.Degraded, r.Older, r.Unreachable)
}

func printFindings(w io.Writer, name string, findings []verdict.Finding) {
	counts := map[verdict.Code]int{}
	for _, f := range findings {
		if counts[f.Code]++; counts[f.Code] > maxFindings {
			continue
		}
		line := fmt.Sprintf("%s  %s: %s", name, f.Code, cliout.Plain(f.Text))
		if f.MissionID != "" {
			line += " (" + f.MissionID + ")"
		}
		fmt.Fprintln(w, line)
	}
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		if more := counts[code] - maxFindings; more > 0 {
			fmt.Fprintf(w, "%s  %s: %d more, see --json\n", name, code, more)
		}
	}
}

func milliseconds(ms float64) string {
	return cliout.Short(time.Duration(ms * float64(time.Millisecond)))
}

func percentilesText(p verdict.Percentiles) string {
	if p.Count == 0 {
		return "no values"
	}
	return fmt.Sprintf("p50 %s, p90 %s, p99 %s, max %s",
		milliseconds(p.P50), milliseconds(p.P90), milliseconds(p.P99), milliseconds(p.Max))
}
