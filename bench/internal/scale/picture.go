package scale

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
)

// Sizes of the picture, in pixels.
const (
	panelWidth, panelHeight = 300, 200
	left, top, gap          = 60, 40, 40
	below                   = 50
)

// Draw writes the sweep as an SVG: a panel for each axis, all with the same scale of rates from 0, and the axis as a logarithm.
func (r *Report) Draw(file string) error {
	var axes []string
	highest := 0.0
	for _, p := range r.Points {
		if !slices.Contains(axes, p.Axis) {
			axes = append(axes, p.Axis)
		}
		highest = max(highest, p.Rate)
	}
	if highest == 0 {
		return fmt.Errorf("drawing %s: there is no sweep to draw", file)
	}
	step := math.Pow(10, math.Floor(math.Log10(highest)))
	if highest/step < 4 {
		step /= 2
	}
	most := step * math.Ceil(highest/step)

	var b strings.Builder
	width, height := left+len(axes)*(panelWidth+gap), top+panelHeight+below
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	b.WriteString("<title>Missions a second</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n")
	fmt.Fprintf(&b, `<text x="8" y="20" font-size="14">missions a second, submitted, run and recorded</text>`+"\n")
	for i, axis := range axes {
		x0 := left + i*(panelWidth+gap)
		y := func(rate float64) float64 { return top + panelHeight*(1-rate/most) }
		for rate := 0.0; rate <= most; rate += step {
			fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1[3]f" stroke="#ddd"/>`+"\n", x0, x0+panelWidth, y(rate))
			if i == 0 {
				fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n", x0-6, y(rate)+4, rate)
			}
		}
		points := slices.DeleteFunc(slices.Clone(r.Points), func(p Point) bool { return p.Axis != axis })
		first, last := math.Log(float64(points[0].At)), math.Log(float64(points[len(points)-1].At))
		var line []string
		for _, p := range points {
			x := float64(x0) + panelWidth/2
			if last > first {
				x = float64(x0) + 10 + (panelWidth-20)*(math.Log(float64(p.At))-first)/(last-first)
			}
			line = append(line, fmt.Sprintf("%.1f,%.1f", x, y(p.Rate)))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="#1f6feb"><title>%s %d: %.0f/s</title></circle>`+"\n", x, y(p.Rate), axis, p.At, p.Rate)
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n", x, top+panelHeight+18, p.At)
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="#1f6feb" stroke-width="2"/>`+"\n", strings.Join(line, " "))
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", x0+panelWidth/2, top+panelHeight+38, axis)
	}
	b.WriteString("</svg>\n")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil { //nolint:gosec // for everybody to read
		return fmt.Errorf("drawing the sweep: %w", err)
	}
	return nil
}
