package missiontest

import (
	"reflect"
	"slices"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// death tells whether a change is part of a session's burial.
type death bool

const (
	alive death = false
	died  death = true
)

// applied checks one change that was applied.
func (s *Store) applied(before store.Record, c store.Change, o store.Outcome, d death) {
	s.t.Helper()
	id := c.Record.Mission.MissionID
	after := s.load(id)
	switch c.Due {
	case store.DueSet:
		s.due[id] = o.Dispatch
		if o.Dispatch == 0 {
			delete(s.due, id)
			s.waiting[id] = true
		}
	case store.DueDrop:
		delete(s.due, id)
	}
	s.admitted()
	for _, rule := range []func(before, after store.Record, c store.Change, d death) string{
		s.shape, edges, s.runs, attempts, losses, results, refusals, s.dues,
	} {
		if wrong := rule(before, after, c, d); wrong != "" {
			s.t.Fatalf("%s\nbefore: %+v\nafter: %+v\nhistory: %+v", wrong, before, after, c.History)
		}
	}
}

// caused tells whether one of the change's lines has the cause.
func caused(c store.Change, cause contracts.Cause) bool {
	return slices.ContainsFunc(c.History, func(l contracts.HistoryLine) bool { return !l.Refused && l.Cause == cause })
}

// shape is what must hold of any record.
func (s *Store) shape(_, after store.Record, _ store.Change, _ death) string {
	m := after.Mission
	runs := m.Status == contracts.StatusInProgress
	switch {
	case runs != (after.Execution != "") || runs != (after.Session != ""):
		return "an execution and a session are there while IN_PROGRESS, and only then"
	case runs && !s.live(after.Session):
		return "held by a session that is not live"
	case m.Status.Terminal() == m.FinishedAt.IsZero():
		return "finished_at is there in the end, and only then"
	case m.Attempt < 1 || m.Attempt > m.MaxAttempts:
		return "attempt is out of bounds"
	case m.Losses > contracts.MaxLosses || m.Losses == contracts.MaxLosses && !m.Status.Terminal():
		return "lost too often, and yet not at its end"
	case m.Status == contracts.StatusScheduled && m.RunAt.IsZero():
		return "SCHEDULED without run_at"
	case m.CancelRequested && (m.Status == contracts.StatusQueued || m.Status == contracts.StatusScheduled || m.Status == contracts.StatusFailed):
		return "a cancel was asked for, and yet it goes on, or failed"
	}
	return ""
}

// edges checks that the history tells the way from one status to the other, by edges of the table.
func edges(before, after store.Record, c store.Change, _ death) string {
	at := before.Mission.Status
	for i, l := range c.History {
		switch {
		case l.Refused:
			continue
		case before.Mission.Version == 0 && i == 0:
			if l.Status != contracts.StatusQueued && l.Status != contracts.StatusScheduled {
				return "created as " + string(l.Status)
			}
		case l.Status != at && !legal(at, l.Status, l.Cause):
			return "no edge from " + string(at) + " to " + string(l.Status) + " by " + string(l.Cause)
		}
		at = l.Status
	}
	if at != after.Mission.Status {
		return "the history ends with " + string(at)
	}
	return ""
}

// regained tells whether the change brings back a grant that the store had lost.
func regained(c store.Change) bool {
	return slices.ContainsFunc(c.History, func(l contracts.HistoryLine) bool {
		return l.Cause == contracts.CauseGranted && strings.Contains(l.Message, "the store had lost it")
	})
}

// runs: one more with each grant, never less. A ticket may bring a run that the store had lost, and whatever that holds
// meanwhile of an older run is past.
func (s *Store) runs(before, after store.Record, c store.Change, _ death) string {
	from, to := before.Mission.Run, after.Mission.Run
	granted := after.Execution != "" && after.Execution != before.Execution
	switch {
	case granted && regained(c) && to > from && after.Execution != before.Recorded:
		return ""
	case before.Execution != "" && after.Execution != "" && granted:
		return "granted to another while it was held"
	case granted && after.Execution == before.Recorded:
		return "granted to an execution that has ended"
	case granted && (to != from+1 || after.Dispatches != 0 || !caused(c, contracts.CauseGranted)):
		return "a grant is one run more, counts dispatches anew, and says so"
	case granted || to == from:
		return ""
	case to > from && after.Recorded != before.Recorded && caused(c, contracts.CauseGranted):
		return "" // a final whose grant was lost
	}
	return "run changed without a grant"
}

func attempts(before, after store.Record, c store.Change, _ death) string {
	from, to := before.Mission, after.Mission
	retried, again := caused(c, contracts.CauseRetry), caused(c, contracts.CauseOperatorRetry)
	want := from.Attempt
	switch {
	case from.Version == 0:
		want = 1
	case retried || again:
		want++
	}
	switch {
	case to.Attempt != want:
		return "attempt counts retries, and nothing else"
	case from.Version != 0 && to.MaxAttempts != from.MaxAttempts && !again:
		return "max_attempts changed"
	}
	return ""
}

func losses(before, after store.Record, c store.Change, d death) string {
	from, to := before.Mission.Losses, after.Mission.Losses
	want := from
	if d == died {
		want++
	}
	switch {
	case to == want, to == 0 && caused(c, contracts.CauseOperatorRetry):
	default:
		return "losses count deaths, and nothing else"
	}
	switch n := after.Dispatches - before.Dispatches; {
	case n == 0, after.Dispatches == 0, n == 1 && before.Mission.Status == contracts.StatusQueued:
		return ""
	}
	return "dispatches count lost orders since the last grant"
}

// results: COMPLETED is final, and each execution ends once.
func results(before, after store.Record, c store.Change, _ death) string {
	from, to := before.Mission, after.Mission
	if from.Status.Terminal() && !caused(c, contracts.CauseOperatorRetry) || from.Status == contracts.StatusCompleted {
		was := before
		was.Refusals, was.Mission.Version = after.Refusals, to.Version
		if !reflect.DeepEqual(was, after) {
			return "what has ended changed"
		}
		return ""
	}
	switch {
	case to.Status == contracts.StatusCompleted && (after.Recorded == "" || after.Recorded == before.Recorded):
		return "COMPLETED without an execution of its own"
	case to.Status != contracts.StatusCompleted && len(to.Result) > 0:
		return "a result without COMPLETED"
	case after.Recorded != before.Recorded && before.Execution != "" && before.Mission.Run == to.Run && after.Recorded != before.Execution:
		return "the final of an execution that was not the current one"
	}
	return ""
}

// refusals: a refused update leaves a line, and changes nothing.
func refusals(before, after store.Record, c store.Change, _ death) string {
	n := 0
	for _, l := range c.History {
		if l.Refused {
			n++
		}
	}
	if after.Refusals != before.Refusals+n || after.Refusals > contracts.MaxRefusedLines {
		return "refusals count refused lines, up to a bound"
	}
	if n == 0 {
		return ""
	}
	was := before
	was.Refusals, was.Mission.Version = after.Refusals, after.Mission.Version
	if !reflect.DeepEqual(was, after) || c.Due != store.DueKeep {
		return "a refused update changed more than the history"
	}
	return ""
}

// dues: what waits is due at its time, and nothing else is.
func (s *Store) dues(before, after store.Record, c store.Change, _ death) string {
	m := after.Mission
	entered := m.Status != before.Mission.Status || m.Attempt != before.Mission.Attempt
	switch waits := m.Status == contracts.StatusQueued || m.Status == contracts.StatusScheduled; {
	case !waits && entered && s.HasDue(m.MissionID):
		return "a due entry, and nothing to dispatch"
	case waits && entered && c.Due != store.DueSet:
		return "no due entry"
	case m.Status == contracts.StatusScheduled && entered && !c.DueAt.Equal(m.RunAt.Time):
		return "due at another time than run_at"
	case m.Status == contracts.StatusQueued && entered && !c.DueAt.After(m.UpdatedAt.Time):
		return "due before its commander could publish"
	}
	return ""
}
