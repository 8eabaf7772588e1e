package check

import (
	"slices"
	"time"
)

// measure counts reads, and finds the longest gaps and the recoveries.
func (j *judge) measure() {
	var accepted, read, submitted, started []time.Time
	for _, m := range j.Missions {
		if !m.Accepted.IsZero() {
			accepted = append(accepted, m.Accepted)
		}
	}
	j.r.Counts.Reads = len(j.Sights)
	for _, s := range j.Sights {
		read = append(read, s.Answered)
		if s.Degraded {
			j.r.Counts.Degraded++
		}
	}
	for _, e := range j.Executions {
		started = append(started, e.Start)
	}
	j.r.WithoutSubmit = j.longest(accepted)
	j.r.WithoutRead = j.longest(read)
	for i, f := range j.Faults {
		submitted = submitted[:0]
		for _, m := range j.Missions {
			if !m.Accepted.IsZero() && m.Asked.After(f.Ended) {
				submitted = append(submitted, m.Accepted)
			}
		}
		read = read[:0]
		for _, s := range j.Sights {
			if s.Asked.After(f.Ended) && !s.Degraded {
				read = append(read, s.Answered)
			}
		}
		r := &j.r.Recoveries[i]
		r.Submit, r.Read, r.Start = firstAfter(submitted, f.Ended), firstAfter(read, f.Ended), firstAfter(started, f.Ended)
	}
}

// longest is the longest time of the flow without any of these.
func (j *judge) longest(times []time.Time) time.Duration {
	times = slices.DeleteFunc(times, func(t time.Time) bool { return t.Before(j.Began) || t.After(j.Ended) })
	slices.SortFunc(times, time.Time.Compare)
	var most time.Duration
	at := j.Began
	for _, t := range append(times, j.Ended) {
		most = max(most, t.Sub(at))
		at = t
	}
	return most
}

// firstAfter is how long after t the first of these was; -1 where none was.
func firstAfter(times []time.Time, t time.Time) time.Duration {
	first := time.Duration(-1)
	for _, at := range times {
		if d := at.Sub(t); d >= 0 && (first < 0 || d < first) {
			first = d
		}
	}
	return first
}
