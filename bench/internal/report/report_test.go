package report_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/bench/internal/meter"
	"github.com/mission-control-dev/mission-control/bench/internal/report"
)

func TestNumbers(t *testing.T) {
	for _, tt := range []struct {
		numbers             []float64
		median, p99, spread float64
	}{
		{nil, 0, 0, 0},
		{[]float64{7}, 7, 7, 0},
		{[]float64{30, 10, 20}, 20, 30, 1},
		{[]float64{4, 1, 3, 2}, 2.5, 4, 1.2},
	} {
		if got := report.Median(tt.numbers); got != tt.median {
			t.Errorf("median of %v: %v", tt.numbers, got)
		}
		if got := report.Quantile(tt.numbers, 0.99); got != tt.p99 {
			t.Errorf("p99 of %v: %v", tt.numbers, got)
		}
		if got := report.Spread(tt.numbers); got != tt.spread {
			t.Errorf("spread of %v: %v", tt.numbers, got)
		}
	}
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	if got := report.Quantile(hundred, 0.99); got != 99 {
		t.Errorf("p99 of 1..100: %v", got)
	}
}

func filled() *report.Table {
	table := report.NewTable(5000)
	for _, rate := range []float64{800, 1000, 900} {
		table.Add(report.Row{Entrant: "ours", Measure: "batches", Unit: "/s", Settings: "durable"}, rate)
		table.Add(report.Row{Entrant: "peer", Measure: "batches", Unit: "/s", Settings: "durable too"}, 2*rate)
		table.Add(report.Row{Entrant: "ours", Measure: "p50", Unit: "ms", Settings: "durable"}, rate/100)
		table.Add(report.Row{Entrant: "peer", Measure: "p50", Unit: "ms", Settings: "durable too"}, rate/50)
		table.AddCost("ours", "batches", 5000, map[string]meter.Cost{"redis": {CPU: rate / 100, Written: 1024 * rate, Network: 512 * rate}})
	}
	return table
}

func TestTableForPeople(t *testing.T) {
	table := filled()
	entrant := func(name string) *report.Row {
		return table.Best(func(r *report.Row) bool { return r.Measure == "batches" && r.Entrant == name })
	}
	table.Compare("batches", entrant("ours"), entrant("peer"), 0.8)
	table.Compare("batches", entrant("ours"), entrant("nobody"), 0.8)
	table.Skip("absent", errors.New("not installed"))
	table.Skip("absent", errors.New("not installed"))
	var out strings.Builder
	table.Print(&out)
	said := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"5000 missions",
		// The best comes first, and less is better of milliseconds.
		"batches peer 1800 /s ±11 % 1.00 batches ours 900 /s ±11 % 0.50",
		"p50 ours 9.0 ms ±11 % 1.00 p50 peer 18.0 ms ±11 % 0.50",
		"0.50 ≥ 0.80 batches ours / peer",
		"ours, batches: 1800 ms = redis 1800; redis's network 90; disk 180",
		"ours: durable peer: durable too skipped, absent: not installed",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
	if strings.Count(said, "/ peer") != 1 || strings.Count(said, "skipped") != 1 {
		t.Errorf("said too much: %s", said)
	}
}

func TestJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "numbers.json")
	if err := filled().WriteJSON(file); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var read report.Table
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Rows) != 4 || read.Rows[0].Median != 900 || len(read.Rows[0].Values) != 3 || read.Costs[0].Cost["redis"].CPU != 1.8 {
		t.Errorf("read %s", b)
	}
}
