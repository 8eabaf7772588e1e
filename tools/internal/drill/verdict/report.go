package verdict

import (
	"slices"
	"time"
)

// Report is the outcome of a drill. Its JSON changes only by addition.
type Report struct {
	// OK: no faults.
	OK       bool     `json:"ok"`
	Missions Missions `json:"missions"`
	// SuccessRate and FailureRate are of the missions that ended, 0 to 1.
	SuccessRate float64 `json:"success_rate"`
	FailureRate float64 `json:"failure_rate"`
	Latency     Latency `json:"latency"`
	// DurationMS is from the first submission to the last end; PerSecond is ended missions over that.
	DurationMS float64    `json:"duration_ms"`
	PerSecond  float64    `json:"per_second"`
	Executions Executions `json:"executions"`
	Reads      *Reads     `json:"reads,omitempty"`
	// Faults are what must not happen, Notes what a reader should know; sentences for people.
	Faults []Finding `json:"faults"`
	Notes  []Finding `json:"notes"`
}

// Missions counts missions.
type Missions struct {
	Asked       int `json:"asked"`
	Accepted    int `json:"accepted"`
	NotAccepted int `json:"not_accepted"`
	Completed   int `json:"completed"`
	Failed      int `json:"failed"`
	Cancelled   int `json:"cancelled"`
	Lost        int `json:"lost"`
	// Retried took more than one request to submit.
	Retried int `json:"retried_submissions"`
}

// Latency is in milliseconds. SubmitToAccepted is by the drill's clock, with all retries; the others by the commander's.
type Latency struct {
	SubmitToAccepted   Percentiles `json:"submit_to_accepted_ms"`
	AcceptedToStarted  Percentiles `json:"accepted_to_started_ms"`
	AcceptedToFinished Percentiles `json:"accepted_to_finished_ms"`
}

// Percentiles of Count values, by nearest rank; all 0 where there is none.
type Percentiles struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Executions counts what the journals say about the drill's missions.
type Executions struct {
	// Known: there were journals to read.
	Known   bool `json:"known"`
	Started int  `json:"started"`
	Ended   int  `json:"ended"`
	// Interrupted were cut short by the death of their process; Open have no end and no known death.
	Interrupted int `json:"interrupted"`
	Open        int `json:"open"`
	Released    int `json:"released"`
	// MissionsUnexecuted have no execution; MissionsRerun have more than one, MissionsDoubled without a good reason,
	// MissionsOverlapping at the same time.
	MissionsUnexecuted  int `json:"missions_unexecuted"`
	MissionsRerun       int `json:"missions_rerun"`
	MissionsDoubled     int `json:"missions_doubled"`
	MissionsOverlapping int `json:"missions_overlapping"`
}

// Code says what a Finding is about.
type Code string

// The codes of faults.
const (
	Lost        Code = "lost"
	NotAccepted Code = "not_accepted"
	Doubled     Code = "doubled"
	Overlapping Code = "overlapping"
	Unexecuted  Code = "unexecuted"
	Changed     Code = "changed"
	ReadFailed  Code = "read_failed"
	// Reran is a note, and a fault under Strict.
	Reran Code = "reran"
)

// The codes of notes.
const (
	NoJournals  Code = "no_journals"
	StillOpen   Code = "still_open"
	Unconfirmed Code = "unconfirmed"
)

// Finding is one thing that was found.
type Finding struct {
	Code      Code   `json:"code"`
	MissionID string `json:"mission_id,omitempty"`
	Text      string `json:"text"`
}

// percentiles sorts the values.
func percentiles(values []time.Duration) Percentiles {
	p := Percentiles{Count: len(values)}
	if p.Count == 0 {
		return p
	}
	slices.Sort(values)
	at := func(percent int) float64 {
		rank := (percent*len(values) + 99) / 100 // rounded up, from 1
		return ms(values[max(rank, 1)-1])
	}
	p.P50, p.P90, p.P99, p.Max = at(50), at(90), at(99), at(100)
	return p
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
