package mission

import (
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Tally counts what becomes of missions, over time: a trends.Recorder. Its methods must not block.
type Tally interface {
	// Created is told of each mission that was created.
	Created()
	// Granted is told of each run that began, and for how long it could have before.
	Granted(waited time.Duration)
	// Ran is told of each run that COMPLETED or FAILED, and how long it took.
	Ran(took time.Duration)
	// Ended is told of each mission that reached a terminal status.
	Ended(status contracts.Status)
	// Failed is told of each attempt that failed, for the last time or not. m is the mission as it is then; it is not to be kept.
	Failed(m *contracts.Mission)
}

// noTally counts nothing.
type noTally struct{}

func (noTally) Created()                  {}
func (noTally) Granted(time.Duration)     {}
func (noTally) Ran(time.Duration)         {}
func (noTally) Ended(contracts.Status)    {}
func (noTally) Failed(*contracts.Mission) {}

// count counts a change that was applied.
func (s *Service) count(c *store.Change) {
	m := &c.Record.Mission
	if c.IfVersion == 0 && c.FirstVersion == 0 { // one that is adopted was created long ago
		s.tally.Created()
	}
	if slices.ContainsFunc(c.History, func(l contracts.HistoryLine) bool { return l.Refused }) {
		return
	}
	if m.Status.Terminal() {
		s.observer.Ended(m.Status)
		s.tally.Ended(m.Status)
	}
	if m.Status == contracts.StatusFailed || last(c).Cause == contracts.CauseRetry {
		s.tally.Failed(m)
	}
}

// last is the line that says what a change led to.
func last(c *store.Change) contracts.HistoryLine {
	if len(c.History) == 0 {
		return contracts.HistoryLine{}
	}
	return c.History[len(c.History)-1]
}

// timed counts how long a mission waited for the run that an update began, or how long the one took that it ended. What the store
// had lost is not known well enough.
func (s *Service) timed(before store.Record, d Decision, u contracts.Update) {
	if before.Mission.Version == 0 || d.Refused != "" {
		return
	}
	after := &d.Change.Record.Mission
	switch {
	case d.Answer.Type == contracts.AnswerGranted:
		s.tally.Granted(max(0, after.StartedAt.Sub(mightStart(before.Mission).Time)))
	case u.Status != contracts.UpdateCompleted && u.Status != contracts.UpdateFailed, after.Status == contracts.StatusCancelled:
	case before.Mission.Status == contracts.StatusInProgress && before.Mission.Run == after.Run:
		s.tally.Ran(max(0, last(d.Change).MadeAt.Sub(before.Mission.StartedAt.Time)))
	}
}

// mightStart is since when a QUEUED mission might run. One that is QUEUED again since its soldier was lost or gave it back, or since an
// operator asked for it, has its last change to tell.
func mightStart(m contracts.Mission) contracts.Time {
	switch {
	case m.RunAt.After(m.StartedAt.Time) && m.RunAt.After(m.CreatedAt.Time):
		return m.RunAt
	case m.Run == 0 && m.Attempt == 1:
		return m.CreatedAt
	default:
		return m.UpdatedAt
	}
}
