package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sort"
	"text/tabwriter"

	"github.com/mission-control-dev/mission-control/bench/internal/meter"
)

// Row is one measure of one entrant.
type Row struct {
	Entrant string `json:"entrant"`
	// Group is whose the entrant is; Fsync is its Redis's appendfsync, empty where it has none.
	Group    string `json:"group"`
	Fsync    string `json:"appendfsync,omitempty"`
	Settings string `json:"settings"`
	Measure  string `json:"measure"`
	// Unit is "/s", of which more is better, or "ms", of which less is.
	Unit string `json:"unit"`
	// Values are one a round. Median and Spread are of them.
	Values []float64 `json:"values"`
	Median float64   `json:"median"`
	Spread float64   `json:"spread"`
}

// CostRow is what one measure of one entrant cost, process by process, for 1,000 missions.
type CostRow struct {
	Entrant string                `json:"entrant"`
	Measure string                `json:"measure"`
	Cost    map[string]meter.Cost `json:"per_1000_missions"`

	rounds []map[string]meter.Cost
}

// Ratio is one number beside another.
type Ratio struct {
	// Of is what is compared, Ours and Other are what with what.
	Of    string  `json:"of"`
	Ours  string  `json:"ours"`
	Other string  `json:"other"`
	Is    float64 `json:"is"`
	// Goal is what Is should be at least.
	Goal float64 `json:"goal"`
}

// Table is all numbers of a run.
type Table struct {
	Missions int        `json:"missions"`
	Cores    int        `json:"cores"`
	Rows     []*Row     `json:"rows"`
	Ratios   []Ratio    `json:"ratios"`
	Costs    []*CostRow `json:"costs"`
	// Skipped are entrants that could not take part, and why.
	Skipped []string `json:"skipped,omitempty"`
}

// Compare adds the ratio of two rows of throughput. It is nothing where one of them was not measured.
func (t *Table) Compare(of string, ours, other *Row, goal float64) {
	if ours != nil && other != nil && other.Median > 0 {
		t.Ratios = append(t.Ratios, Ratio{Of: of, Ours: ours.Entrant, Other: other.Entrant, Is: ours.Median / other.Median, Goal: goal})
	}
}

// Skip notes that an entrant could not take part, once.
func (t *Table) Skip(entrant string, why error) {
	note := entrant + ": " + why.Error()
	if !slices.Contains(t.Skipped, note) {
		t.Skipped = append(t.Skipped, note)
	}
}

// NewTable returns an empty one.
func NewTable(missions int) *Table { return &Table{Missions: missions, Cores: runtime.NumCPU()} }

// Add adds a round's value to its row.
func (t *Table) Add(r Row, value float64) {
	at := slices.IndexFunc(t.Rows, func(o *Row) bool { return o.Entrant == r.Entrant && o.Measure == r.Measure })
	if at < 0 {
		at = len(t.Rows)
		t.Rows = append(t.Rows, &r)
	}
	row := t.Rows[at]
	row.Values = append(row.Values, value)
	row.Median, row.Spread = Median(row.Values), Spread(row.Values)
}

// Best returns the row with the best median of those that match, nil for none.
func (t *Table) Best(match func(*Row) bool) *Row {
	var best *Row
	for _, r := range t.Rows {
		if match(r) && (best == nil || better(r, best)) {
			best = r
		}
	}
	return best
}

func better(a, b *Row) bool {
	if a.Unit == "ms" {
		return a.Median < b.Median
	}
	return a.Median > b.Median
}

// AddCost adds what a round cost.
func (t *Table) AddCost(entrant, measure string, jobs int, cost map[string]meter.Cost) {
	at := slices.IndexFunc(t.Costs, func(o *CostRow) bool { return o.Entrant == entrant && o.Measure == measure })
	if at < 0 {
		at = len(t.Costs)
		t.Costs = append(t.Costs, &CostRow{Entrant: entrant, Measure: measure})
	}
	thousands := float64(jobs) / 1000
	for name, c := range cost {
		cost[name] = meter.Cost{CPU: c.CPU / thousands, Written: c.Written / thousands, Network: c.Network / thousands}
	}
	row := t.Costs[at]
	row.rounds = append(row.rounds, cost)
	row.Cost = medianCost(row.rounds)
}

func medianCost(rounds []map[string]meter.Cost) map[string]meter.Cost {
	out := map[string]meter.Cost{}
	for name := range rounds[0] {
		var cpu, written, network []float64
		for _, r := range rounds {
			cpu = append(cpu, r[name].CPU)
			written = append(written, r[name].Written)
			network = append(network, r[name].Network)
		}
		out[name] = meter.Cost{CPU: Median(cpu), Written: Median(written), Network: Median(network)}
	}
	return out
}

// Print writes the table for people.
func (t *Table) Print(w io.Writer) {
	fmt.Fprintf(w, "\n%d missions a measurement of throughput, jobs that do nothing, results kept; everything on %d cores.\n", t.Missions, t.Cores)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "\nmeasure\tentrant\tmedian\tspread\tof best\n")
	for _, measure := range t.measures() {
		rows := t.of(measure)
		for _, r := range rows {
			fmt.Fprintf(out, "%s\t%s\t%s\t±%.0f %%\t%.2f\n", measure, r.Entrant, number(r), r.Spread*50, ratio(r, rows[0]))
		}
	}
	_ = out.Flush() // for people: when the terminal is gone, there is nobody to tell
	t.printRatios(w)
	fmt.Fprintln(w, "\nFor 1,000 missions: CPU milliseconds; KiB over the network; KiB written to the disk")
	for _, c := range t.Costs {
		t.printCost(w, c)
	}
	fmt.Fprintln(w, "\nSettings")
	said := map[string]bool{}
	for _, r := range t.Rows {
		if !said[r.Entrant] {
			fmt.Fprintf(w, "  %s: %s\n", r.Entrant, r.Settings)
		}
		said[r.Entrant] = true
	}
	for _, note := range t.Skipped {
		fmt.Fprintln(w, "  skipped,", note)
	}
}

func (t *Table) printRatios(w io.Writer) {
	if len(t.Ratios) == 0 {
		return
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "\nratio\tgoal\tof\t\t\n")
	for _, r := range t.Ratios {
		fmt.Fprintf(out, "%.2f\t≥ %.2f\t%s\t%s / %s\n", r.Is, r.Goal, r.Of, r.Ours, r.Other)
	}
	_ = out.Flush() // as above
}

func (t *Table) printCost(w io.Writer, c *CostRow) {
	names := make([]string, 0, len(c.Cost))
	var cpu, written float64
	for name, of := range c.Cost {
		names = append(names, name)
		cpu += of.CPU
		written += of.Written
	}
	sort.Strings(names)
	fmt.Fprintf(w, "  %s, %s: %.0f ms", c.Entrant, c.Measure, cpu*1000)
	for i, name := range names {
		fmt.Fprintf(w, "%s%s %.0f", [2]string{" = ", " + "}[min(i, 1)], name, c.Cost[name].CPU*1000)
	}
	for _, name := range names {
		if network := c.Cost[name].Network; network > 0 {
			fmt.Fprintf(w, "; %s's network %.0f", name, network/1024)
		}
	}
	fmt.Fprintf(w, "; disk %.0f\n", written/1024)
}

func (t *Table) measures() []string {
	var out []string
	for _, r := range t.Rows {
		if !slices.Contains(out, r.Measure) {
			out = append(out, r.Measure)
		}
	}
	return out
}

// of returns the rows of a measure, the best first.
func (t *Table) of(measure string) []*Row {
	var out []*Row
	for _, r := range t.Rows {
		if r.Measure == measure {
			out = append(out, r)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return better(out[i], out[j]) })
	return out
}

// ratio is how good r is beside the best.
func ratio(r, best *Row) float64 {
	switch {
	case r.Median == 0 || best.Median == 0:
		return 0
	case r.Unit == "ms":
		return best.Median / r.Median
	}
	return r.Median / best.Median
}

func number(r *Row) string {
	if r.Unit == "ms" {
		return fmt.Sprintf("%.1f ms", r.Median)
	}
	return fmt.Sprintf("%.0f /s", r.Median)
}

// WriteJSON writes all numbers to a file.
func (t *Table) WriteJSON(file string) error {
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the numbers: %w", err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the numbers: %w", err)
	}
	return nil
}
