package check

import (
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

// Code says what a Violation is; see the package comment.
type Code string

// The codes.
const (
	Lost        Code = "lost"
	Forgotten   Code = "forgotten"
	TwoMissions Code = "two_missions"
	Doubled     Code = "doubled"
	Overlapping Code = "overlapping"
	GoneBack    Code = "gone_back"
	History     Code = "history"
	Invented    Code = "invented"
	CancelLost  Code = "cancel_lost"
	Crashed     Code = "crashed"
	Odd         Code = "odd_answer"
	Unwell      Code = "unwell"
)

// Violation is one thing that must not happen.
type Violation struct {
	Code      Code   `json:"code"`
	MissionID string `json:"mission_id,omitempty"`
	Text      string `json:"text"`
}

// Report is the outcome of a drill.
type Report struct {
	Violations []Violation `json:"violations"`
	Counts     Counts      `json:"counts"`
	// WithoutSubmit and WithoutRead are the longest times in which no client had a mission accepted, and none a read
	// answered.
	WithoutSubmit time.Duration `json:"without_submit_ns"`
	WithoutRead   time.Duration `json:"without_read_ns"`
	// Recoveries are one for each fault.
	Recoveries []Recovery `json:"recoveries"`
}

// Counts count. Lost, Doubled and Overlapping are missions with such a violation.
type Counts struct {
	Asked       int `json:"asked"`
	Accepted    int `json:"accepted"`
	Completed   int `json:"completed"`
	Failed      int `json:"failed"`
	Cancelled   int `json:"cancelled"`
	Lost        int `json:"lost"`
	Doubled     int `json:"doubled"`
	Overlapping int `json:"overlapping"`
	GoneBack    int `json:"gone_back"`
	Executions  int `json:"executions"`
	// RunAgain are executions that followed another one for a good reason, retries after a failure not counted.
	RunAgain int `json:"run_again"`
	Reads    int `json:"reads"`
	// Degraded are reads from a commander's memory.
	Degraded int `json:"degraded_reads"`
}

// Recovery is how long after a fault's end it took until each of these was seen again; -1 where it was not.
type Recovery struct {
	Kind   schedule.Kind `json:"kind"`
	Where  string        `json:"where"`
	Began  time.Time     `json:"began"`
	Lasted time.Duration `json:"lasted_ns"`
	// Submit: a mission asked for afterwards was accepted. Read: a read asked for afterwards was answered, not from memory.
	// Start: an execution began.
	Submit time.Duration `json:"submit_ns"`
	Read   time.Duration `json:"read_ns"`
	Start  time.Duration `json:"start_ns"`
}

func (r *Report) violate(code Code, id, format string, args ...any) {
	r.Violations = append(r.Violations, Violation{code, id, fmt.Sprintf(format, args...)})
}
