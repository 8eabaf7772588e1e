package faults

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
)

// maxViolations bounds how many violations of one code are printed; JSON has all.
const maxViolations = 10

// Print writes the outcome for people.
func Print(w io.Writer, o Outcome) error {
	if o.Interrupted {
		_, err := fmt.Fprintln(w, "verdict: none, the drill was interrupted")
		return err
	}
	rows := [][]string{{"FAULT", "ON", "BEGAN", "LASTED", "SUBMIT AFTER", "READ AFTER", "START AFTER"}}
	for _, r := range o.Recoveries {
		rows = append(rows, []string{
			string(r.Kind), r.Where, cliout.Clock(r.Began), cliout.Short(r.Lasted), recovery(r.Submit), recovery(r.Read), recovery(r.Start),
		})
	}
	fmt.Fprintln(w)
	if err := cliout.WriteTable(w, rows); err != nil {
		return err
	}
	c, v := o.Counts, o.Versions
	fmt.Fprintln(w)
	rows = [][]string{
		{"drill", fmt.Sprintf("seed %d, %v, %d faults", o.Seed, o.Length, len(o.Recoveries))},
		{"on", fmt.Sprintf("commit %s, RabbitMQ %s, Redis %s, %s, %s", v.Commit, v.RabbitMQ, v.Redis, v.Go, v.System)},
		{"missions", fmt.Sprintf("%d asked, %d accepted; %d completed, %d failed, %d cancelled", c.Asked, c.Accepted, c.Completed, c.Failed, c.Cancelled)},
		{"lost, doubled", fmt.Sprintf("%d lost, %d doubled, %d overlapping, %d gone back", c.Lost, c.Doubled, c.Overlapping, c.GoneBack)},
		{"executions", fmt.Sprintf("%d, of them %d again after an interruption", c.Executions, c.RunAgain)},
		{"reads", fmt.Sprintf("%d answered, %d of them from memory", c.Reads, c.Degraded)},
		{"longest without", fmt.Sprintf("submit %s, read %s", cliout.Short(o.WithoutSubmit), cliout.Short(o.WithoutRead))},
	}
	if err := cliout.WriteTable(w, rows); err != nil {
		return err
	}
	return printViolations(w, o)
}

func printViolations(w io.Writer, o Outcome) error {
	counts := map[check.Code]int{}
	for _, v := range o.Violations {
		if counts[v.Code]++; counts[v.Code] > maxViolations {
			continue
		}
		line := fmt.Sprintf("VIOLATION  %s: %s", v.Code, cliout.Plain(v.Text))
		if v.MissionID != "" {
			line += " (" + v.MissionID + ")"
		}
		fmt.Fprintln(w, line)
	}
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		if more := counts[code] - maxViolations; more > 0 {
			fmt.Fprintf(w, "VIOLATION  %s: %d more, see --json\n", code, more)
		}
	}
	last := "verdict: every promise was kept"
	if len(o.Violations) > 0 {
		last = fmt.Sprintf("verdict: %d violations; logs, journals and data are in %s", len(o.Violations), o.Dir)
	}
	_, err := fmt.Fprintln(w, last)
	return err
}

func recovery(d time.Duration) string {
	if d < 0 {
		return "never"
	}
	return cliout.Short(d)
}
