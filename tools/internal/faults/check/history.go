package check

import (
	"fmt"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// history judges a mission's history by itself, against the mission, and against the journals.
func (j *judge) history(m Mission, id string, all []journal.Execution) {
	f := j.Finals[id]
	lines := slices.DeleteFunc(slices.Clone(f.History), func(l contracts.HistoryLine) bool { return l.Refused })
	if fault := edges(lines, f.Dropped); fault != "" {
		j.violate(History, id, m.Accepted, "%s", fault)
		return
	}
	last := lines[len(lines)-1]
	switch {
	case last.Status != f.Mission.Status:
		j.violate(History, id, m.Accepted, "it ends with %s, and the mission is %s", last.Status, f.Mission.Status)
	case lines[0].Cause == contracts.CauseAdopted && j.wiped(m.Asked, j.Ended):
		// Its versions begin anew, far above all that it can have had.
	case f.Mission.Version > int64(len(f.History)+f.Dropped):
		j.violate(History, id, m.Accepted, "the mission changed %d times, and there are %d lines", f.Mission.Version, len(f.History)+f.Dropped)
	}
	for _, l := range lines {
		outcome, told := told(l)
		if told && !slices.ContainsFunc(all, func(e journal.Execution) bool {
			return e.Run == l.Run && e.Process.SoldierID == l.SoldierID && slices.Contains(outcome, e.Outcome)
		}) && !unstarted(l, all) {
			j.violate(Invented, id, m.Accepted, "run %d was recorded as %s by %s, and no journal has such an end", l.Run, l.Cause, l.SoldierID)
		}
	}
}

// told returns the outcomes in a journal that fit an end that a soldier told; false where the line is no such end.
func told(l contracts.HistoryLine) ([]string, bool) {
	switch l.Cause {
	case contracts.CauseCompleted:
		return []string{journal.OutcomeCompleted}, true
	case contracts.CauseFailed, contracts.CauseRetry:
		return []string{journal.OutcomeFailed}, true
	case contracts.CauseReleased:
		return []string{journal.OutcomeReleased}, true
	default:
		return nil, false
	}
}

// unstarted: what a soldier hands back it may never have started.
func unstarted(l contracts.HistoryLine, all []journal.Execution) bool {
	return l.Cause == contracts.CauseReleased && !slices.ContainsFunc(all, func(e journal.Execution) bool {
		return e.Run == l.Run && e.Process.SoldierID == l.SoldierID
	})
}

// edges follows the states from line to line. It returns what is wrong, or nothing. Where lines were dropped, one step
// may be a leap.
func edges(lines []contracts.HistoryLine, dropped int) string {
	if len(lines) == 0 {
		return "it is empty"
	}
	if s := lines[0].Status; s != contracts.StatusQueued && s != contracts.StatusScheduled {
		return fmt.Sprintf("it begins with %s", s)
	}
	leap := dropped > 0
	grant := contracts.HistoryLine{}
	for i := 1; i < len(lines); i++ {
		fault := edge(lines[i-1], lines[i], grant)
		if fault != "" && !leap {
			return fault
		}
		leap = leap && fault == ""
		if lines[i].Cause == contracts.CauseGranted {
			grant = lines[i]
		}
	}
	return ""
}

func edge(a, b, grant contracts.HistoryLine) string {
	if b.Cause == "" && a.Status == b.Status {
		return "" // noted on the mission, which stays what it is
	}
	legal := slices.ContainsFunc(contracts.Transitions(), func(t contracts.Transition) bool {
		return t.From == a.Status && t.To == b.Status && slices.Contains(t.Causes, b.Cause)
	})
	if !legal {
		return fmt.Sprintf("%s follows %s by %q", b.Status, a.Status, b.Cause)
	}
	attempt := a.Attempt
	if a.Cause == contracts.CauseRetry || b.Cause == contracts.CauseOperatorRetry {
		attempt++
	}
	if b.Attempt != attempt {
		return fmt.Sprintf("attempt %d follows %d (%s after %s)", b.Attempt, a.Attempt, b.Cause, a.Cause)
	}
	if b.Cause == contracts.CauseGranted {
		// A grant that was lost with the store's last writes leaves its number out.
		if b.Run <= a.Run {
			return fmt.Sprintf("run %d was granted after run %d", b.Run, a.Run)
		}
		return ""
	}
	if b.Run != a.Run {
		return fmt.Sprintf("run %d follows %d without a grant", b.Run, a.Run)
	}
	if _, said := told(b); said && b.SoldierID != grant.SoldierID {
		return fmt.Sprintf("run %d was granted to %s, and %s reported its end", b.Run, grant.SoldierID, b.SoldierID)
	}
	return ""
}
