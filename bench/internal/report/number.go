// Package report turns the numbers of a benchmark into a table for people and JSON for programs.
package report

import (
	"math"
	"slices"
	"time"
)

// Median is the middle of the numbers, 0 for none.
func Median(numbers []float64) float64 { return Quantile(numbers, 0.5) }

// Quantile is the smallest number that at least the share q of them does not exceed, 0 for none; for an even count the
// median is the mean of the two in the middle.
func Quantile(numbers []float64, q float64) float64 {
	if len(numbers) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(numbers))
	if q == 0.5 && len(sorted)%2 == 0 {
		return (sorted[len(sorted)/2-1] + sorted[len(sorted)/2]) / 2
	}
	at := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[max(0, at)]
}

// Spread is how far apart the numbers lie: highest less lowest, as a share of the median. 0 for fewer than two.
func Spread(numbers []float64) float64 {
	middle := Median(numbers)
	if len(numbers) < 2 || middle == 0 {
		return 0
	}
	return (slices.Max(numbers) - slices.Min(numbers)) / middle
}

// Milliseconds turns durations into numbers.
func Milliseconds(durations []time.Duration) []float64 {
	out := make([]float64, len(durations))
	for i, d := range durations {
		out[i] = float64(d) / float64(time.Millisecond)
	}
	return out
}
