package check

import (
	"slices"
	"time"
)

// measure counts reads, and finds the longest gaps and the recoveries.
func (j *judge) measure() {
	var accepted, read []time.Time
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
	j.r.Flow = j.Ended.Sub(j.Began)
	j.r.WithoutSubmit = j.longest(accepted)
	j.r.WithoutRead = j.longest(read)
	for i, f := range j.Faults {
		r := &j.r.Recoveries[i]
		r.Submit, r.Read, r.Start = -1, -1, -1
		for _, m := range j.Missions {
			if !m.Accepted.IsZero() && m.Asked.After(f.Ended) {
				r.Submit = sooner(r.Submit, m.Accepted.Sub(f.Ended))
			}
		}
		for _, s := range j.Sights {
			if !s.Degraded && s.Asked.After(f.Ended) {
				r.Read = sooner(r.Read, s.Answered.Sub(f.Ended))
			}
		}
		for _, e := range j.Executions {
			if !e.Start.Before(f.Ended) {
				r.Start = sooner(r.Start, e.Start.Sub(f.Ended))
			}
		}
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

// sooner is the smaller of two, where -1 is none yet.
func sooner(first, d time.Duration) time.Duration {
	if first < 0 || d < first {
		return d
	}
	return first
}
