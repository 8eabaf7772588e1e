package store

import (
	"context"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Telemetry keeps what handlers report while they run: how far they have come, and the newest lines of a log. It is beside the
// missions, for people: a report changes no mission, makes no event, and is in the way of no Commit. It goes with the
// mission.
type Telemetry interface {
	// AddReports adds reports, each in one atomic step. One of a mission that there is none of is left out, and so is one that was
	// overtaken: by a report with a higher Seq, or of a higher Run. Who may report is the caller's matter.
	AddReports(ctx context.Context, reports ...Report) error
	// Progress returns the newest progress of missions, in the order of ids; the zero value where nothing was reported.
	Progress(ctx context.Context, ids ...string) ([]Progress, error)
	// Log returns the lines behind a number, oldest first; ErrNotFound for an unknown mission.
	Log(ctx context.Context, id string, after int64) (Log, error)
}

// Report is what one execution reported since its report before.
type Report struct {
	MissionID string
	Attempt   int
	Run       int64
	// Seq numbers the reports of a run, from 1.
	Seq int64
	// Progress is the newest, nil where it did not change.
	Progress *contracts.Progress
	// Before is how many lines the run said before those. Lines that are kept already, by what a report before said, are no news.
	Before int64
	Lines  []contracts.LogLine
}

// Progress is how far the newest run that reported anything has come.
type Progress struct {
	// Run is 0 where nothing was reported.
	Run int64
	contracts.Progress
}

// Log is what is kept of a mission's log: its newest contracts.MaxLogLines lines, of contracts.MaxLogBytes in all, of all runs.
type Log struct {
	Progress Progress
	// Lines have rising numbers.
	Lines []contracts.NumberedLine
	// Last is the number of the newest line: so many were said, as far as is known. Dropped is how many of them are not kept.
	Last, Dropped int64
}

// MaxReports is how many reports one call adds.
const MaxReports = contracts.MaxPackedReports

// LineSize is what a line counts for in contracts.MaxLogBytes: its text, and what else is kept of it.
func LineSize(l contracts.LogLine) int { return lineHead + len(l.Text) }

// lineHead is a line's number, time, run, attempt, level and cut.
const lineHead = 30

// CheckReports returns an error for what no store can keep.
func CheckReports(reports []Report) error {
	if len(reports) > MaxReports {
		return fmt.Errorf("%d reports are to be added, at most %d are at once", len(reports), MaxReports)
	}
	for _, r := range reports {
		switch {
		case !contracts.ValidMissionID(r.MissionID):
			return fmt.Errorf("report of mission %q, which is no mission's id", r.MissionID)
		case r.Attempt < 0 || r.Run < 1 || r.Seq < 1 || r.Before < 0:
			return fmt.Errorf("report %d of mission %s, run %d, attempt %d, behind %d lines: must be at least 1, 1, 0 and 0",
				r.Seq, r.MissionID, r.Run, r.Attempt, r.Before)
		case len(r.Lines) > contracts.MaxLogLines:
			return fmt.Errorf("report of mission %s has %d lines, at most %d are kept", r.MissionID, len(r.Lines), contracts.MaxLogLines)
		}
	}
	return nil
}
