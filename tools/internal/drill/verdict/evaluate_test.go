package verdict_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/drill/verdict"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

var t0 = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return t0.Add(time.Duration(seconds * float64(time.Second))) }

// ended is a mission that was accepted at once, and ended well unless edited.
func ended(edit ...func(*verdict.Mission)) verdict.Mission {
	m := verdict.Mission{
		Number: 1, ID: "m", SubmittedAt: at(0), AcceptedAt: at(0.01), Tries: 1, Confirmed: true,
		Ended: contracts.StatusCompleted,
		Last: contracts.Mission{
			MissionID: "m", Status: contracts.StatusCompleted,
			CreatedAt: contracts.At(at(0)), StartedAt: contracts.At(at(1)), FinishedAt: contracts.At(at(5)),
		},
	}
	for _, e := range edit {
		e(&m)
	}
	return m
}

func status(s contracts.Status) func(*verdict.Mission) {
	return func(m *verdict.Mission) {
		m.Last.Status = s
		if m.Ended = ""; s.Terminal() {
			m.Ended = s
		}
	}
}

var (
	alive  = journal.Process{SoldierID: "s1", Session: "a", PID: 1}
	other  = journal.Process{SoldierID: "s2", Session: "b", PID: 2}
	killed = journal.Process{SoldierID: "s3", Session: "c", PID: 3}
)

// run is an execution; an end of 0 is none.
func run(p journal.Process, n int64, start, end float64, outcome string) journal.Execution {
	e := journal.Execution{
		MissionID: "m", ID: p.Session + string(rune('0'+n)), Run: n, Attempt: 1, Process: p, Start: at(start), Outcome: outcome,
	}
	if end > 0 {
		e.End = at(end)
	}
	return e
}

func TestEvaluate(t *testing.T) {
	const done, failed, released = journal.OutcomeCompleted, journal.OutcomeFailed, journal.OutcomeReleased
	again := func(e journal.Execution) journal.Execution { e.Attempt++; return e }
	for _, tc := range []struct {
		name    string
		mission verdict.Mission
		runs    []journal.Execution
		// lastWord is when the killed process wrote its last line.
		lastWord float64
		strict   bool
		faults   []verdict.Code
		notes    []verdict.Code
	}{
		{name: "all well", mission: ended(), runs: []journal.Execution{run(alive, 1, 1, 5, done)}},
		{name: "failed is no fault", mission: ended(status(contracts.StatusFailed)), runs: []journal.Execution{run(alive, 1, 1, 5, failed)}},
		{name: "cancelled before it began", mission: ended(status(contracts.StatusCancelled))},

		{name: "never accepted", mission: verdict.Mission{Number: 1, Refusal: "no"}, faults: []verdict.Code{verdict.NotAccepted}},
		{name: "never ended", mission: ended(status(contracts.StatusQueued)), faults: []verdict.Code{verdict.Lost}},
		{name: "ended without a soldier's doing", mission: ended(), faults: []verdict.Code{verdict.Unexecuted}},
		{name: "completed, though the handler failed", mission: ended(), runs: []journal.Execution{run(alive, 1, 1, 5, failed)},
			faults: []verdict.Code{verdict.Unexecuted}},
		{name: "unknown afterwards", mission: ended(func(m *verdict.Mission) { m.Missing = true }),
			runs: []journal.Execution{run(alive, 1, 1, 5, done)}, faults: []verdict.Code{verdict.Lost}},
		{name: "another status afterwards", mission: ended(func(m *verdict.Mission) { m.Last.Status = contracts.StatusQueued }),
			runs: []journal.Execution{run(alive, 1, 1, 5, done)}, faults: []verdict.Code{verdict.Changed}},
		{name: "seen to end, not read again", mission: ended(func(m *verdict.Mission) { m.Confirmed = false }),
			runs: []journal.Execution{run(alive, 1, 1, 5, done)}, notes: []verdict.Code{verdict.Unconfirmed}},

		{name: "run twice, one after the other", mission: ended(),
			runs:   []journal.Execution{run(alive, 1, 1, 5, done), run(other, 2, 6, 9, done)},
			faults: []verdict.Code{verdict.Doubled}},
		{name: "run twice at the same time", mission: ended(),
			runs:   []journal.Execution{run(alive, 1, 1, 5, done), run(other, 2, 4, 9, done)},
			faults: []verdict.Code{verdict.Doubled, verdict.Overlapping}},
		{name: "the order in the journals doesn't matter", mission: ended(),
			runs:   []journal.Execution{run(other, 2, 4, 9, done), run(alive, 1, 1, 5, done)},
			faults: []verdict.Code{verdict.Doubled, verdict.Overlapping}},
		{name: "one grant, called twice", mission: ended(),
			runs:   []journal.Execution{run(killed, 1, 1, 0, ""), run(killed, 1, 2, 5, done)},
			faults: []verdict.Code{verdict.Doubled}},
		{name: "superseded by its own living soldier", mission: ended(),
			runs:   []journal.Execution{run(alive, 1, 1, 5, journal.OutcomeSuperseded), run(alive, 2, 6, 9, done)},
			faults: []verdict.Code{verdict.Doubled}},
		{name: "a soldier that only seems dead", mission: ended(),
			runs:   []journal.Execution{run(alive, 1, 1, 0, ""), run(other, 2, 40, 45, done)},
			faults: []verdict.Code{verdict.Doubled, verdict.Overlapping}, notes: []verdict.Code{verdict.StillOpen}},
		{name: "failed, and run again in the same attempt", mission: ended(),
			runs:   []journal.Execution{run(alive, 1, 1, 5, failed), run(other, 2, 6, 9, done)},
			faults: []verdict.Code{verdict.Doubled}},

		{name: "soldier killed", mission: ended(), lastWord: 2,
			runs:  []journal.Execution{run(killed, 1, 1, 0, ""), run(other, 2, 40, 45, done)},
			notes: []verdict.Code{verdict.Reran}},
		{name: "soldier killed, strictly", mission: ended(), lastWord: 2, strict: true,
			runs:   []journal.Execution{run(killed, 1, 1, 0, ""), run(other, 2, 40, 45, done)},
			faults: []verdict.Code{verdict.Reran}},
		{name: "soldier killed between its end and its report", mission: ended(), lastWord: 5,
			runs:  []journal.Execution{run(killed, 1, 1, 5, done), run(other, 2, 40, 45, done)},
			notes: []verdict.Code{verdict.Reran}},
		{name: "soldier killed only after the second start", mission: ended(), lastWord: 41,
			runs:   []journal.Execution{run(killed, 1, 1, 0, ""), run(other, 2, 40, 45, done)},
			faults: []verdict.Code{verdict.Doubled}},
		{name: "killed twice", mission: ended(), lastWord: 40,
			runs:  []journal.Execution{run(killed, 1, 1, 0, ""), run(killed, 2, 40, 0, ""), run(other, 3, 80, 85, done)},
			notes: []verdict.Code{verdict.Reran, verdict.Reran}},
		{name: "handed back", mission: ended(),
			runs:  []journal.Execution{run(alive, 1, 1, 3, released), run(other, 2, 3, 9, done)},
			notes: []verdict.Code{verdict.Reran}},
		{name: "retried", mission: ended(),
			runs:  []journal.Execution{run(alive, 1, 1, 3, failed), again(run(other, 2, 8, 9, done))},
			notes: []verdict.Code{verdict.Reran}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := verdict.Evaluate(verdict.Input{
				Missions: []verdict.Mission{tc.mission}, Executions: tc.runs, JournalFiles: 1, Began: at(0), Ended: at(100),
				Lives: map[journal.Process]journal.Life{
					alive: {}, other: {}, killed: {Gone: true, Last: at(tc.lastWord)},
				},
				Strict: tc.strict,
			})
			if diff := cmp.Diff(tc.faults, codes(r.Faults)); diff != "" {
				t.Errorf("faults: %s%v", diff, r.Faults)
			}
			if diff := cmp.Diff(tc.notes, codes(r.Notes)); diff != "" {
				t.Errorf("notes: %s%v", diff, r.Notes)
			}
			if r.OK != (len(tc.faults) == 0) {
				t.Errorf("ok is %v", r.OK)
			}
		})
	}
}

func codes(findings []verdict.Finding) []verdict.Code {
	var c []verdict.Code
	for _, f := range findings {
		c = append(c, f.Code)
	}
	return c
}

func TestEvaluateCounts(t *testing.T) {
	var in verdict.Input
	in.Began, in.Ended, in.JournalFiles = at(0), at(20), 2
	for i := range 10 {
		m := ended()
		m.Number, m.ID = i+1, string(rune('a'+i))
		m.AcceptedAt = at(0.001 * float64(i+1))
		m.Last.StartedAt, m.Last.FinishedAt = contracts.At(at(1)), contracts.At(at(float64(i+1)))
		switch i {
		case 7:
			status(contracts.StatusFailed)(&m)
		case 8:
			status(contracts.StatusCancelled)(&m)
		case 9:
			status(contracts.StatusInProgress)(&m)
		}
		in.Missions = append(in.Missions, m)
		e := run(alive, 1, 1, float64(i+1), journal.OutcomeCompleted)
		e.MissionID = m.ID
		if i != 8 {
			in.Executions = append(in.Executions, e)
		}
	}
	in.Missions = append(in.Missions, verdict.Mission{Number: 11, Tries: 9, Refusal: "away"})
	r := verdict.Evaluate(in)

	wantMissions := verdict.Missions{
		Asked: 11, Accepted: 10, NotAccepted: 1, Completed: 7, Failed: 1, Cancelled: 1, Lost: 1, Retried: 1,
	}
	if diff := cmp.Diff(wantMissions, r.Missions); diff != "" {
		t.Error(diff)
	}
	wantRuns := verdict.Executions{Known: true, Started: 9, Ended: 9, MissionsUnexecuted: 1}
	if diff := cmp.Diff(wantRuns, r.Executions); diff != "" {
		t.Error(diff)
	}
	wantLatency := verdict.Latency{
		SubmitToAccepted:   verdict.Percentiles{Count: 10, P50: 5, P90: 9, P99: 10, Max: 10},
		AcceptedToStarted:  verdict.Percentiles{Count: 10, P50: 1000, P90: 1000, P99: 1000, Max: 1000},
		AcceptedToFinished: verdict.Percentiles{Count: 9, P50: 5000, P90: 9000, P99: 9000, Max: 9000},
	}
	if diff := cmp.Diff(wantLatency, r.Latency); diff != "" {
		t.Error(diff)
	}
	if r.SuccessRate != 7.0/9 || r.FailureRate != 1.0/9 || r.DurationMS != 9009 {
		t.Errorf("rates %v, %v, duration %v", r.SuccessRate, r.FailureRate, r.DurationMS)
	}
}

func TestEvaluateWithoutJournals(t *testing.T) {
	r := verdict.Evaluate(verdict.Input{Missions: []verdict.Mission{ended()}, Began: at(0), Ended: at(9)})
	if !r.OK || r.Executions.Known || !slices.Equal(codes(r.Notes), []verdict.Code{verdict.NoJournals}) {
		t.Errorf("got %+v", r)
	}
}

func TestEvaluateReads(t *testing.T) {
	in := verdict.Input{Missions: []verdict.Mission{ended()}, Began: at(0), Ended: at(9)}
	in.Reads = &verdict.Reads{Made: 100, Missions: 1, Unreachable: 7, Degraded: 9, Older: 1}
	if r := verdict.Evaluate(in); !r.OK {
		t.Errorf("a commander that was not there, or answered from memory, is no fault: %v", r.Faults)
	}
	in.Reads.Failed, in.Reads.Failures = 2, map[string]int{"not_found": 2}
	if r := verdict.Evaluate(in); r.OK || r.Faults[0].Code != verdict.ReadFailed {
		t.Errorf("failed reads went unnoticed: %+v", r)
	}
}

func TestEvaluateNothing(t *testing.T) {
	if r := verdict.Evaluate(verdict.Input{}); !r.OK || r.Faults == nil || r.Notes == nil {
		t.Errorf("got %+v", r)
	}
}
