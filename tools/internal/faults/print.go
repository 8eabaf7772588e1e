package faults

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
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
	rows := faultRows(o)
	fmt.Fprintln(w)
	if err := cliout.WriteTable(w, rows); err != nil {
		return err
	}
	c, v := o.Counts, o.Versions
	fmt.Fprintln(w)
	rows = [][]string{
		{"drill", fmt.Sprintf("seed %d, %v, %d faults", o.Seed, o.Length, len(o.Recoveries))},
		{"on", fmt.Sprintf("commit %s, RabbitMQ %s, Redis %s, %s, %s", v.Commit, v.RabbitMQ, v.Redis, v.Go, v.System)},
		{"missions", fmt.Sprintf("%d asked, %d accepted (%.1f a second); %d completed, %d failed, %d cancelled", c.Asked, c.Accepted, float64(c.Accepted)/max(1, o.Flow.Seconds()), c.Completed, c.Failed, c.Cancelled)},
		{"lost, doubled", fmt.Sprintf("%d lost, %d doubled, %d overlapping, %d gone back", c.Lost, c.Doubled, c.Overlapping, c.GoneBack)},
		{"executions", fmt.Sprintf("%d, of them %d again after an interruption", c.Executions, c.RunAgain)},
		{"without Redis", fmt.Sprintf("%d accepted by RabbitMQ alone", c.OnBroker)},
		{"gone with a wipe", fmt.Sprintf("%d, excused and not proven", c.GoneWithWipe)},
		{"reads", fmt.Sprintf("%d answered, %d of them from memory", c.Reads, c.Degraded)},
		{"longest without", fmt.Sprintf("submit %s, read %s", cliout.Short(o.WithoutSubmit), cliout.Short(o.WithoutRead))},
		{"slow", slow(o.Slow)},
	}
	if err := cliout.WriteTable(w, rows); err != nil {
		return err
	}
	return printViolations(w, o)
}

// faultRows are a line for each fault, or for each kind where each fault occurred alone.
func faultRows(o Outcome) [][]string {
	if !o.Alone {
		rows := [][]string{{"FAULT", "ON", "BEGAN", "LASTED", "SUBMIT AFTER", "READ AFTER", "START AFTER", "RUN AGAIN AFTER"}}
		for _, r := range o.Recoveries {
			rows = append(rows, []string{
				string(r.Kind), r.Where, cliout.Clock(r.Began), cliout.Short(r.Lasted),
				recovery(r.Submit), recovery(r.Read), recovery(r.Start), again(r.Again),
			})
		}
		return rows
	}
	rows := [][]string{{"FAULT", "TIMES", "SUBMIT AFTER", "READ AFTER", "START AFTER", "RUN AGAIN", "WITHIN", "VIOLATIONS"}}
	for _, k := range o.Kinds {
		rows = append(rows, []string{
			string(k.Kind), strconv.Itoa(k.Times), recovery(k.Submit), recovery(k.Read), recovery(k.Start),
			strconv.Itoa(k.RunAgain), again(k.Again), strconv.Itoa(k.Violations),
		})
	}
	return rows
}

// slow counts what took too long, and names the worst of each.
func slow(all []check.Slow) string {
	counts, worst := map[string]int{}, map[string]check.Slow{}
	for _, s := range all {
		counts[s.What]++
		if w, known := worst[s.What]; !known || w.Took >= 0 && (s.Took < 0 || s.Took > w.Took) {
			worst[s.What] = s
		}
	}
	var texts []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		w := worst[what]
		texts = append(texts, fmt.Sprintf("%d %s (at worst %s, not within %s: %s)", counts[what], what, recovery(w.Took), cliout.Short(w.Limit), w.Text))
	}
	if len(texts) == 0 {
		return "nothing"
	}
	return strings.Join(texts, "; ")
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

// again is a recovery of which there may have been none.
func again(d time.Duration) string {
	if d < 0 {
		return "-"
	}
	return cliout.Short(d)
}

func recovery(d time.Duration) string {
	if d < 0 {
		return "never"
	}
	return cliout.Short(d)
}
