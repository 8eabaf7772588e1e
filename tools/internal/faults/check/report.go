package check

import (
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
	OddAnswer   Code = "odd_answer"
	Unexplained Code = "unexplained"
	NotTaken    Code = "not_taken"
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
	// Flow is how long missions were asked for.
	Flow time.Duration `json:"flow_ns"`
	// WithoutSubmit and WithoutRead are the longest times in which no client had a mission accepted, and none a read
	// answered.
	WithoutSubmit time.Duration `json:"without_submit_ns"`
	WithoutRead   time.Duration `json:"without_read_ns"`
	// Slow is what took longer than docs/guarantees.md says, on a machine that has time.
	Slow []Slow `json:"slow,omitempty"`
	// Recoveries are one for each fault, by their beginning.
	Recoveries []Recovery `json:"recoveries"`
	// Kinds sum up the recoveries of each kind.
	Kinds []KindSum `json:"kinds"`
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
	// OnBroker are missions that RabbitMQ alone had when they were accepted.
	OnBroker int `json:"on_broker"`
	// GoneWithWipe are missions that are unknown in the end, and may be, because of a wipe. They are excused: nothing proves
	// that the wipe took them.
	GoneWithWipe int `json:"gone_with_wipe"`
	Reads        int `json:"reads"`
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
	// Again is the longest time from a soldier's death, while this was the last fault, until what it ran began again; -1
	// where there was nothing.
	Again time.Duration `json:"again_ns"`
	// RunAgain counts executions that were run again while this was the last fault, and Violations what was found then.
	// Where faults overlap, another one may be the cause.
	RunAgain   int `json:"run_again"`
	Violations int `json:"violations"`
}

// KindSum sums up what faults of a kind did: the longest recoveries, where -1 is that one never came, and counts.
type KindSum struct {
	Kind       schedule.Kind `json:"kind"`
	Times      int           `json:"times"`
	RunAgain   int           `json:"run_again"`
	Submit     time.Duration `json:"submit_ns"`
	Read       time.Duration `json:"read_ns"`
	Start      time.Duration `json:"start_ns"`
	Again      time.Duration `json:"again_ns"`
	Violations int           `json:"violations"`
}
