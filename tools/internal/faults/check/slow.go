package check

import (
	"fmt"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// What docs/guarantees.md says about times. A machine that is busy with other things makes all of them longer, so what
// took longer is slow, and no violation.
const (
	// againNoticed is within what a killed soldier's missions run again where its connections broke, and nothing else was
	// broken from wellBefore on.
	againNoticed = 8 * time.Second
	wellBefore   = 5 * time.Second
	// againOtherwise counts from when all is undone.
	againOtherwise = 40 * time.Second
	// flowBack is within what missions are accepted, read and started after a fault's end, and withheld how much later
	// they start after a wipe of Redis.
	flowBack = 10 * time.Second
	withheld = 35 * time.Second
)

// Slow is something that took longer than it should.
type Slow struct {
	// What is "run again", "submit", "read" or "start".
	What      string `json:"what"`
	MissionID string `json:"mission_id,omitempty"`
	Text      string `json:"text"`
	// Took is -1 ns where it did not happen.
	Took  time.Duration `json:"took_ns"`
	Limit time.Duration `json:"limit_ns"`
}

func (j *judge) slow(what, id string, took, limit time.Duration, format string, args ...any) {
	j.r.Slow = append(j.r.Slow, Slow{what, id, fmt.Sprintf(format, args...), took, limit})
}

// slowAgain measures how long it took until what a killed soldier ran was run again.
func (j *judge) slowAgain(id string, all []journal.Execution) {
	for i := 1; i < len(all); i++ {
		e, next := all[i-1], all[i]
		died, known := j.death(e)
		if !known || e.Ended() && e.End.Before(died) || next.Start.Before(died) {
			continue
		}
		if r := j.during(died); r != nil {
			r.Again = max(r.Again, next.Start.Sub(died))
		}
		since, limit := j.mayRunAgain(e.Process.SoldierID, died)
		if took := next.Start.Sub(since); took > limit {
			j.slow("run again", id, took, limit, "%s was killed at %s, and run %d began at %s", e.Process.SoldierID, clock(died), next.Run, clock(next.Start))
		}
	}
}

// mayRunAgain returns from when on a dead soldier's missions are due to run again, and how long that may take.
func (j *judge) mayRunAgain(soldier string, died time.Time) (since time.Time, limit time.Duration) {
	others := j.others(func(f Fault) bool {
		return f.Kind == schedule.KillSoldier && f.On[0] == soldier && !f.Began.After(died) && !f.Ended.Before(died)
	})
	if !others.meets(died.Add(-wellBefore), died.Add(againNoticed)) {
		return died, againNoticed
	}
	since = died
	for _, s := range others {
		if s.from.Before(since.Add(againOtherwise)) && s.to.After(since) {
			since = s.to
		}
	}
	return since, againOtherwise
}

// others is when any fault but some was at work.
func (j *judge) others(but func(Fault) bool) spans {
	var s spans
	for _, f := range j.Faults {
		if !but(f) {
			s = append(s, atWork(f))
		}
	}
	return union(s)
}

// atWork is when a fault keeps something from working, noticed or not.
func atWork(f Fault) span {
	if f.Kind == schedule.HalfOpen {
		return span{f.Began, f.Ended.Add(unnoticed)}
	}
	return span{f.Began, f.Ended}
}

// flowBack judges the recoveries of faults that nothing else was broken after.
func (j *judge) flowBack() {
	for i, r := range j.r.Recoveries {
		f := j.Faults[i]
		start := flowBack
		if f.Kind == schedule.WipeRedis {
			start += withheld
		}
		others := j.others(func(o Fault) bool { return o.Kind == f.Kind && o.Began.Equal(f.Began) })
		for _, m := range []struct {
			what        string
			took, limit time.Duration
		}{{"submit", r.Submit, flowBack}, {"read", r.Read, flowBack}, {"start", r.Start, start}} {
			within := f.Ended.Add(m.limit)
			if within.After(j.Ended) || others.meets(f.Ended, within) || m.took >= 0 && m.took <= m.limit {
				continue
			}
			j.slow(m.what, "", m.took, m.limit, "%s %s was undone at %s", f.Kind, f.Where(), clock(f.Ended))
		}
	}
}

// recoveries begins one for each fault.
func (j *judge) recoveries() {
	slices.SortStableFunc(j.Faults, func(a, b Fault) int { return a.Began.Compare(b.Began) })
	for _, f := range j.Faults {
		j.r.Recoveries = append(j.r.Recoveries, Recovery{
			Kind: f.Kind, Where: f.Where(), Began: f.Began, Lasted: f.Ended.Sub(f.Began), Again: -1,
		})
	}
}

// during is the recovery of the last fault that had begun by then; nil where there is none.
func (j *judge) during(at time.Time) *Recovery {
	n := 0
	for n < len(j.Faults) && !j.Faults[n].Began.After(at) {
		n++
	}
	if at.IsZero() || n == 0 {
		return nil
	}
	return &j.r.Recoveries[n-1]
}

// kinds sums up what faults of each kind did.
func kinds(all []Recovery) []KindSum {
	var sums []KindSum
	for _, r := range all {
		i := slices.IndexFunc(sums, func(s KindSum) bool { return s.Kind == r.Kind })
		if i < 0 {
			i = len(sums)
			sums = append(sums, KindSum{Kind: r.Kind, Again: -1})
		}
		s := &sums[i]
		s.Times++
		s.RunAgain += r.RunAgain
		s.Violations += r.Violations
		s.Again = max(s.Again, r.Again)
		s.Submit, s.Read, s.Start = worse(s.Submit, r.Submit), worse(s.Read, r.Read), worse(s.Start, r.Start)
	}
	slices.SortStableFunc(sums, func(a, b KindSum) int { return cmpKinds(a.Kind, b.Kind) })
	return sums
}

func cmpKinds(a, b schedule.Kind) int {
	all := schedule.All()
	return slices.Index(all, a) - slices.Index(all, b)
}

// worse is the longer of two recoveries, and never, -1, is the longest.
func worse(a, b time.Duration) time.Duration {
	if a < 0 || b < 0 {
		return -1
	}
	return max(a, b)
}
