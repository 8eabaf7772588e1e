package check

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// Check judges a drill.
func Check(in Input) Report {
	j := judge{
		Input: in, r: Report{Violations: []Violation{}}, disturbed: disturbed(in.Faults),
		isolated: map[string]spans{}, executions: map[string][]journal.Execution{}, sights: map[string][]Sight{},
		missions: map[string]Mission{},
	}
	j.recoveries()
	for _, s := range schedule.Soldiers() {
		j.isolated[s] = isolated(in.Faults, s)
	}
	for _, e := range in.Executions {
		j.executions[e.MissionID] = append(j.executions[e.MissionID], e)
	}
	for _, s := range in.Sights {
		j.sights[s.ID] = append(j.sights[s.ID], s)
	}
	for _, m := range in.Missions {
		j.mission(m)
	}
	for _, c := range in.Crashes {
		j.violate(Crashed, "", time.Time{}, "%s", c)
	}
	for _, o := range in.Odd {
		j.odd(o)
	}
	if in.Unwell != "" {
		j.violate(Unwell, "", time.Time{}, "%s", in.Unwell)
	}
	j.withoutRedis()
	j.measure()
	j.flowBack()
	j.r.Kinds = kinds(j.r.Recoveries)
	return j.r
}

type judge struct {
	Input
	r          Report
	disturbed  spans
	isolated   map[string]spans
	executions map[string][]journal.Execution
	sights     map[string][]Sight
	missions   map[string]Mission // accepted ones by id
}

// violate notes a violation, and at which fault it happened.
func (j *judge) violate(code Code, id string, at time.Time, format string, args ...any) {
	j.r.Violations = append(j.r.Violations, Violation{code, id, fmt.Sprintf(format, args...)})
	if r := j.during(at); r != nil {
		r.Violations++
	}
}

// odd judges an answer that no call should get: only a wipe of Redis explains that a mission is unknown, or is not what it
// was. A cancel is refused where the mission had ended.
func (j *judge) odd(o Odd) {
	m, known := j.missions[o.ID]
	steered := o.Call == "cancel" || o.Call == "retry"
	if known && steered && (o.Status == http.StatusNotFound || o.Status == http.StatusConflict) && j.wiped(m.Asked, o.At) {
		return
	}
	if known && o.Call == "cancel" && o.Status == http.StatusConflict && j.endedBy(m, o.ID, o.At) {
		return
	}
	j.violate(OddAnswer, o.ID, o.At, "%s was answered %d %s", o.Call, o.Status, o.Said)
}

func (j *judge) mission(m Mission) {
	j.r.Counts.Asked++
	if m.ID() == "" {
		return
	}
	j.r.Counts.Accepted++
	for i := 1; m.Key != "" && i < len(m.Answers); i++ {
		if a, b := m.Answers[i-1], m.Answers[i]; !j.wiped(a.Asked, b.At) {
			j.violate(TwoMissions, a.ID, b.At, "one idempotency key was answered with %s at %s and with %s at %s", a.ID, clock(a.At), b.ID, clock(b.At))
		}
	}
	if m.OnBroker {
		j.r.Counts.OnBroker++
	}
	for i, a := range m.Answers {
		id := a.ID
		if i > 0 {
			m.Asked, m.Accepted = a.Asked, a.At // what was before is of another mission
		}
		j.missions[id] = m
		all := slices.SortedStableFunc(slices.Values(j.executions[id]), func(a, b journal.Execution) int { return a.Start.Compare(b.Start) })
		j.r.Counts.Executions += len(all)
		if !j.end(m, id, all) {
			continue
		}
		j.cancelled(m, id)
		j.history(m, id, all)
		j.explained(m, id, all)
		j.again(m, id, all)
		j.slowAgain(id, all)
		j.overlap(id, all)
		j.seen(m, id)
	}
}

// end judges how the mission ended. It returns false where there is nothing more to judge.
func (j *judge) end(m Mission, id string, all []journal.Execution) bool {
	f, read := j.Finals[id]
	switch {
	case !read || f.Missing:
		if j.goneWithWipe(m, all) {
			j.r.Counts.GoneWithWipe++
			return false
		}
		j.r.Counts.Lost++
		j.violate(Lost, id, m.Accepted, "accepted at %s, and in the end there is no such mission", clock(m.Accepted))
		return false
	case !f.Mission.Status.Terminal():
		j.r.Counts.Lost++
		j.violate(Lost, id, m.Accepted, "accepted at %s, and in the end it is %s", clock(m.Accepted), f.Mission.Status)
		return true
	}
	switch f.Mission.Status {
	case contracts.StatusCompleted:
		j.r.Counts.Completed++
	case contracts.StatusFailed:
		j.r.Counts.Failed++
	default:
		j.r.Counts.Cancelled++
	}
	return true
}

// again judges every execution after the first.
func (j *judge) again(m Mission, id string, all []journal.Execution) {
	doubled := false
	for i := 1; i < len(all); i++ {
		e, next := all[i-1], all[i]
		switch {
		case e.ID == next.ID:
			// One grant, and its handler was called twice.
		case e.Outcome == journal.OutcomeFailed && next.Attempt > e.Attempt:
			continue
		case e.Outcome == journal.OutcomeReleased, j.interrupted(e, next), j.forgottenByWipe(m, e, next):
			j.r.Counts.RunAgain++
			if r := j.during(next.Start); r != nil {
				r.RunAgain++
			}
			continue
		}
		doubled = true
		j.violate(Doubled, id, next.Start, "run %d by %s began at %s, and run %d by %s before it %s",
			next.Run, next.Process.SoldierID, clock(next.Start), e.Run, e.Process.SoldierID, fate(e))
	}
	if doubled {
		j.r.Counts.Doubled++
	}
}

// interrupted tells whether an execution was cut short before the next one began, or its end could not be recorded.
func (j *judge) interrupted(e, next journal.Execution) bool {
	if died, known := j.death(e); known && !died.After(next.Start) && j.unrecorded(e, died) {
		return true
	}
	return slices.ContainsFunc(j.isolated[e.Process.SoldierID], func(s span) bool {
		return s.from.Before(next.Start) && s.to.After(e.Start) && j.unrecorded(e, s.from)
	})
}

// unrecorded tells whether an execution's end, if there was one, may not have been recorded by then.
func (j *judge) unrecorded(e journal.Execution, by time.Time) bool {
	return !e.Ended() || !j.disturbed.calm(e.End, by, settled)
}

func (j *judge) death(e journal.Execution) (time.Time, bool) {
	died, known := j.Deaths[Process{e.Process.SoldierID, e.Process.PID}]
	return died, known
}

// overlap finds executions that worked at the same time, though the earlier one's soldier could have been told.
func (j *judge) overlap(id string, all []journal.Execution) {
	for i, e := range all {
		until := e.End
		if died, known := j.death(e); !e.Ended() && known {
			until = died
		}
		for _, later := range all[i+1:] {
			if !until.IsZero() && !later.Start.Before(until) {
				continue
			}
			if slices.ContainsFunc(j.isolated[e.Process.SoldierID], func(s span) bool {
				return s.from.Before(later.Start) && s.to.After(e.Start)
			}) {
				continue
			}
			j.r.Counts.Overlapping++
			j.violate(Overlapping, id, later.Start, "run %d by %s began at %s, while run %d by %s was at work since %s",
				later.Run, later.Process.SoldierID, clock(later.Start), e.Run, e.Process.SoldierID, clock(e.Start))
			return
		}
	}
}

// seen judges what readers saw: no later read may be of an older version, nor leave an end.
func (j *judge) seen(m Mission, id string) {
	sights := slices.SortedStableFunc(slices.Values(j.sights[id]), func(a, b Sight) int { return a.Answered.Compare(b.Answered) })
	for i, s := range sights {
		if s.Missing {
			if s.Asked.After(m.Accepted) && !j.wiped(m.Asked, s.Answered) {
				j.violate(Forgotten, id, s.Answered, "accepted at %s, and a read at %s was answered 404", clock(m.Accepted), clock(s.Asked))
				return
			}
			continue
		}
		for _, later := range sights[i+1:] {
			// Only a read that was asked for after the other one's answer must be as new; one from memory may lag, and says so.
			if later.Missing || later.Degraded || later.Asked.Before(s.Answered) || !back(m, s, later) || j.wiped(m.Asked, later.Answered) {
				continue
			}
			j.r.Counts.GoneBack++
			j.violate(GoneBack, id, later.Answered, "seen %s in version %d at %s, and %s in version %d at %s",
				s.Status, s.Version, clock(s.Answered), later.Status, later.Version, clock(later.Asked))
			return
		}
	}
}

// back tells whether a later sight shows less than one before.
func back(m Mission, s, later Sight) bool {
	switch {
	case later.Version != s.Version:
		return later.Version < s.Version || s.Status.Terminal() && later.Status != s.Status && !retried(m, s, later)
	default:
		return later.Status != s.Status
	}
}

// retried tells whether an operator's retry lies between two sights.
func retried(m Mission, s, later Sight) bool {
	return s.Status != contracts.StatusCompleted && !m.Retried.IsZero() && m.Retried.Before(later.Answered)
}

func fate(e journal.Execution) string {
	if !e.Ended() {
		return "was not interrupted"
	}
	return "ended " + e.Outcome + " at " + clock(e.End)
}

func clock(t time.Time) string { return t.Local().Format("15:04:05.000") }
