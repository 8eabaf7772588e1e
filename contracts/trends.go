package contracts

// Range is the time that numbers over time are asked for, up to now.
type Range string

// The ranges.
const (
	RangeHour     Range = "1h"
	RangeSixHours Range = "6h"
	RangeDay      Range = "24h"
	RangeWeek     Range = "7d"
)

// HistoryRanges returns those of StatsHistory, the shortest first; FailureRanges those of FailureList.
func HistoryRanges() []Range { return []Range{RangeHour, RangeSixHours, RangeDay, RangeWeek} }

// FailureRanges returns those of FailureList, the shortest first.
func FailureRanges() []Range { return []Range{RangeHour, RangeDay} }

// StatsHistory is the numbers over time.
type StatsHistory struct {
	Range       Range `json:"range"`
	StepSeconds int   `json:"step_seconds"`
	// Points are the steps of which anything is known, oldest first. The newest may lack what some commander has not written yet.
	Points []TrendPoint `json:"points"`
	// Degraded: Redis is away, the newest steps may be missing. AsOf is when the commander last had an answer.
	Degraded bool `json:"degraded"`
	AsOf     Time `json:"as_of,omitzero"`
}

// Trend is a step of 10 s that has ended.
type Trend struct {
	StepSeconds int        `json:"step_seconds"`
	Point       TrendPoint `json:"point"`
}

// TrendPoint is what happened in one step, and how things were at its end.
type TrendPoint struct {
	// At is when the step began.
	At        Time  `json:"at"`
	Created   int64 `json:"created"`
	Completed int64 `json:"completed"`
	Failed    int64 `json:"failed"`
	Cancelled int64 `json:"cancelled"`
	// Wait is of the runs that were granted in the step: from when the mission might start until it did. Run is of those that
	// COMPLETED or FAILED in it: from grant to end. Nil where there were none.
	Wait *Percentiles `json:"wait_ms,omitempty"`
	Run  *Percentiles `json:"run_ms,omitempty"`
	// Gauges are as of the end of the step; nil where nobody looked.
	*TrendGauges
}

// TrendGauges is how things were at one moment.
type TrendGauges struct {
	Queued     int64 `json:"queued"`
	InProgress int64 `json:"in_progress"`
	Scheduled  int64 `json:"scheduled"`
	// OldestQueuedSeconds is how long the mission is there that is QUEUED and was created first; 0 where none is.
	OldestQueuedSeconds float64 `json:"oldest_queued_seconds"`
	// Slots are those of all live soldiers, Busy those with a mission in them.
	Slots int `json:"slots"`
	Busy  int `json:"busy"`
}

// Percentiles are in milliseconds, at most a tenth above the true value.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// FailureList is what attempts failed with of late.
type FailureList struct {
	Range Range `json:"range"`
	// Groups are the most frequent first, at most MaxFailureGroups. Others counts the failures in no group that is listed.
	Groups   []FailureGroup `json:"groups"`
	Others   int64          `json:"others"`
	Degraded bool           `json:"degraded"`
	AsOf     Time           `json:"as_of,omitzero"`
}

// MaxFailureGroups is how many groups a FailureList has, MaxFailureMessage how many characters each one's message.
const (
	MaxFailureGroups  = 50
	MaxFailureMessage = 300
)

// FailureGroup is failures that are alike: of one kind and code, with messages that differ in digits, ids and quoted words alone.
type FailureGroup struct {
	Kind string `json:"kind"`
	Code string `json:"code"`
	// Message and MissionID are those of the newest failure.
	Message   string `json:"message"`
	Count     int64  `json:"count"`
	FirstAt   Time   `json:"first_at"`
	LastAt    Time   `json:"last_at"`
	MissionID string `json:"mission_id"`
}
