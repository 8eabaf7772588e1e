package verdict

import (
	"fmt"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// Evaluate judges a drill.
func Evaluate(in Input) Report {
	j := judge{in: in, r: Report{Faults: []Finding{}, Notes: []Finding{}, Reads: in.Reads}}
	j.missions()
	j.times()
	j.executions()
	j.reads()
	j.r.OK = len(j.r.Faults) == 0
	return j.r
}

type judge struct {
	in Input
	r  Report
}

func (j *judge) fault(code Code, id, format string, args ...any) {
	j.r.Faults = append(j.r.Faults, Finding{code, id, fmt.Sprintf(format, args...)})
}

func (j *judge) note(code Code, id, format string, args ...any) {
	j.r.Notes = append(j.r.Notes, Finding{code, id, fmt.Sprintf(format, args...)})
}

// missions counts, and finds what was lost.
func (j *judge) missions() {
	n := &j.r.Missions
	n.Asked = len(j.in.Missions)
	for _, m := range j.in.Missions {
		if m.Tries > 1 {
			n.Retried++
		}
		if !m.accepted() {
			n.NotAccepted++
			j.fault(NotAccepted, "", "mission %d was never accepted: %s", m.Number, orElse(m.Refusal, "no answer"))
			continue
		}
		n.Accepted++
		switch {
		case m.Missing:
			n.Lost++
			j.fault(Lost, m.ID, "mission %d was accepted, and the commander does not know it any more", m.Number)
			continue
		case m.Ended == "":
			n.Lost++
			j.fault(Lost, m.ID, "mission %d was accepted and had not ended when the drill did: last seen %s",
				m.Number, orElse(string(m.Last.Status), "never"))
			continue
		case m.Last.Status != m.Ended:
			j.fault(Changed, m.ID, "mission %d had ended %s, and was %s afterwards", m.Number, m.Ended, m.Last.Status)
		case !m.Confirmed:
			j.note(Unconfirmed, m.ID, "mission %d was seen to end, but could not be read again afterwards", m.Number)
		}
		switch m.Ended {
		case contracts.StatusCompleted:
			n.Completed++
		case contracts.StatusFailed:
			n.Failed++
		default:
			n.Cancelled++
		}
	}
	if ended := n.Completed + n.Failed + n.Cancelled; ended > 0 {
		j.r.SuccessRate = float64(n.Completed) / float64(ended)
		j.r.FailureRate = float64(n.Failed) / float64(ended)
	}
}

// times computes latencies and throughput.
func (j *judge) times() {
	var accepted, started, finished []time.Duration
	ended := 0
	last := j.in.Began
	for _, m := range j.in.Missions {
		if !m.accepted() {
			continue
		}
		accepted = append(accepted, m.AcceptedAt.Sub(m.SubmittedAt))
		// Both of the commander's clock, so that no difference between two clocks comes in.
		created := m.Last.CreatedAt.Time
		if !m.Last.StartedAt.IsZero() {
			started = append(started, m.Last.StartedAt.Sub(created))
		}
		if m.Ended == "" || m.Last.FinishedAt.IsZero() {
			continue
		}
		took := m.Last.FinishedAt.Sub(created)
		finished = append(finished, took)
		ended++
		if at := m.AcceptedAt.Add(took); at.After(last) {
			last = at
		}
	}
	j.r.Latency = Latency{percentiles(accepted), percentiles(started), percentiles(finished)}
	if ended == 0 {
		last = j.in.Ended
	}
	if d := last.Sub(j.in.Began); d > 0 {
		j.r.DurationMS = ms(d)
		j.r.PerSecond = float64(ended) / d.Seconds()
	}
}

// reads judges the reads during the drill.
func (j *judge) reads() {
	if j.in.Reads == nil || j.in.Reads.Failed == 0 {
		return
	}
	j.fault(ReadFailed, "", "%d of %d reads were not answered with the mission: %v",
		j.in.Reads.Failed, j.in.Reads.Made, j.in.Reads.Failures)
}

// executions judges what the journals say.
func (j *judge) executions() {
	x := &j.r.Executions
	if x.Known = j.in.JournalFiles > 0; !x.Known {
		j.note(NoJournals, "", "there are no soldiers' journals to read: how often missions were started is not proven")
		return
	}
	byMission := map[string][]journal.Execution{}
	for _, e := range j.in.Executions {
		byMission[e.MissionID] = append(byMission[e.MissionID], e)
	}
	for _, m := range j.in.Missions {
		if !m.accepted() {
			continue
		}
		all := byMission[m.ID]
		slices.SortStableFunc(all, func(a, b journal.Execution) int { return a.Start.Compare(b.Start) })
		j.count(all)
		j.reruns(m, all)
		j.overlaps(m, all)
		if m.Ended == contracts.StatusCompleted && !slices.ContainsFunc(all, completed) {
			j.fault(Unexecuted, m.ID, "mission %d is COMPLETED, but no execution in the journals completed", m.Number)
		}
	}
}

func (j *judge) count(all []journal.Execution) {
	x := &j.r.Executions
	x.Started += len(all)
	if len(all) == 0 {
		x.MissionsUnexecuted++
	}
	for _, e := range all {
		switch {
		case !e.Ended() && j.gone(e):
			x.Interrupted++
		case !e.Ended():
			x.Open++
			j.note(StillOpen, e.MissionID, "an execution of %s has no end, and its process (%d) is not known to be gone",
				e.Process.SoldierID, e.Process.PID)
		default:
			x.Ended++
			if e.Outcome == journal.OutcomeReleased {
				x.Released++
			}
		}
	}
}

// reruns judges every start after the first.
func (j *judge) reruns(m Mission, all []journal.Execution) {
	if len(all) < 2 {
		return
	}
	j.r.Executions.MissionsRerun++
	doubled := false
	for i := 1; i < len(all); i++ {
		reason := j.reason(all[i-1], all[i])
		if reason == "" {
			doubled = true
			j.fault(Doubled, m.ID, "mission %d was started by %s (run %d) though %s had started it (run %d) and %s",
				m.Number, all[i].Process.SoldierID, all[i].Run, all[i-1].Process.SoldierID, all[i-1].Run, fate(all[i-1]))
			continue
		}
		say := j.note
		if j.in.Strict {
			say = j.fault
		}
		say(Reran, m.ID, "mission %d was started again (run %d): %s", m.Number, all[i].Run, reason)
	}
	if doubled {
		j.r.Executions.MissionsDoubled++
	}
}

// reason tells why a start after e was right; empty where it was not.
func (j *judge) reason(e, next journal.Execution) string {
	switch {
	case e.ID == next.ID:
		return "" // one grant, two calls of the handler
	case j.gone(e) && !j.in.Lives[e.Process].Last.After(next.Start):
		when := "during"
		if e.Ended() {
			when = "before it could report"
		}
		return fmt.Sprintf("%s (pid %d) died %s run %d", e.Process.SoldierID, e.Process.PID, when, e.Run)
	case e.Outcome == journal.OutcomeReleased:
		return fmt.Sprintf("%s handed run %d back", e.Process.SoldierID, e.Run)
	case e.Outcome == journal.OutcomeFailed && next.Attempt > e.Attempt:
		return fmt.Sprintf("attempt %d had failed", e.Attempt)
	}
	return ""
}

func fate(e journal.Execution) string {
	if !e.Ended() {
		return "its process is not known to be gone"
	}
	return "ended it " + e.Outcome
}

// overlaps finds executions that worked at the same time. When an interrupted one stopped is not known, so it is left
// out.
func (j *judge) overlaps(m Mission, all []journal.Execution) {
	for i, e := range all {
		if !e.Ended() && j.gone(e) {
			continue
		}
		for _, later := range all[i+1:] {
			if !e.Ended() || later.Start.Before(e.End) {
				j.r.Executions.MissionsOverlapping++
				j.fault(Overlapping, m.ID, "mission %d: run %d by %s began before run %d by %s had ended",
					m.Number, later.Run, later.Process.SoldierID, e.Run, e.Process.SoldierID)
				return
			}
		}
	}
}

func (j *judge) gone(e journal.Execution) bool { return j.in.Lives[e.Process].Gone }

func completed(e journal.Execution) bool { return e.Outcome == journal.OutcomeCompleted }

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
