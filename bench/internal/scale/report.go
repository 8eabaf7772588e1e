package scale

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Line is one number, and the goal for it.
type Line struct {
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Goal  string  `json:"goal,omitempty"`
}

// Point is a throughput of the sweep: Missions a second, all done, under one setting.
type Point struct {
	// Axis says what was varied, At to what.
	Axis string  `json:"axis"`
	At   int     `json:"at"`
	Rate float64 `json:"rate"`
}

// Report is what was measured.
type Report struct {
	Lines  []Line  `json:"lines"`
	Points []Point `json:"points,omitempty"`
}

// add notes a number, and tells it at once: a run takes minutes.
func (r *Report) add(what string, value float64, unit, goal string) {
	r.Lines = append(r.Lines, Line{what, value, unit, goal})
	fmt.Fprintf(os.Stderr, "%-64s %10.1f %s\n", what, value, unit)
}

func (r *Report) point(axis string, at int, rate float64) {
	r.Points = append(r.Points, Point{axis, at, rate})
	fmt.Fprintf(os.Stderr, "%-64s %10.0f /s\n", fmt.Sprintf("%s: %d", axis, at), rate)
}

// Print writes the table.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "\n| what | measured | goal |\n| --- | ---: | --- |\n")
	for _, l := range r.Lines {
		fmt.Fprintf(w, "| %s | %.1f %s | %s |\n", l.What, l.Value, l.Unit, l.Goal)
	}
	for _, p := range r.Points {
		fmt.Fprintf(w, "| %s: %d | %.0f /s | |\n", p.Axis, p.At, p.Rate)
	}
}

// WriteJSON writes all numbers to a file.
func (r *Report) WriteJSON(file string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil { //nolint:gosec // for everybody to read
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
