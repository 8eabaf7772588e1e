package contracts

import (
	"encoding/json"
	"slices"
)

// Priority orders missions of a squad among each other. PriorityNormal is the default.
type Priority string

// The priorities.
const (
	PriorityLow    Priority = "low"
	PriorityNormal Priority = "normal"
	PriorityHigh   Priority = "high"
)

// Priorities returns all of them, the highest first.
func Priorities() []Priority { return []Priority{PriorityHigh, PriorityNormal, PriorityLow} }

// Defaults of a mission request.
const (
	DefaultKind           = KindSimulate
	DefaultSquad          = "default"
	DefaultMaxAttempts    = 1
	DefaultTimeoutSeconds = 300
)

// Mission is one job as the commander's API shows it. Optional fields are left out of JSON while they are empty.
type Mission struct {
	// MissionID is a UUIDv7 in lower case: ids of later missions sort after those of earlier ones.
	MissionID string `json:"mission_id"`
	// Name is for people; 1 to 200 characters.
	Name string `json:"name"`
	// Kind chooses the handler.
	Kind string `json:"kind"`
	// Payload is the handler's input, a JSON object. Lists and events leave it out.
	Payload json.RawMessage `json:"payload,omitempty"`
	// Priority and Squad choose the orders queue.
	Priority Priority `json:"priority"`
	Squad    string   `json:"squad"`
	// Labels are the client's own, for filters.
	Labels map[string]string `json:"labels,omitempty"`
	// ConcurrencyKey is shared by missions of which only so many may run at once, see Limit; empty: any number.
	ConcurrencyKey string `json:"concurrency_key,omitempty"`
	// UniqueKey is what no other mission that has not ended has. One that was adopted after the store was wiped may not have it to itself.
	UniqueKey string `json:"unique_key,omitempty"`

	Status Status `json:"status"`
	// StatusReason says why a mission waits, where the commander knows it: no soldier has a handler for the kind, or serves the
	// squad, or that is paused, or as many of its concurrency key run as may. The latter is said of a mission that is asked for alone.
	StatusReason string `json:"status_reason,omitempty"`
	// CancelRequested: a cancel was asked for while the mission was IN_PROGRESS.
	CancelRequested bool `json:"cancel_requested,omitempty"`
	// Attempt counts tries from 1, as the retry policy sees them. A lost or released execution spends none.
	Attempt     int `json:"attempt"`
	MaxAttempts int `json:"max_attempts"`
	// Run counts grants from 0. It never goes back: use it to fence side effects.
	Run int64 `json:"run"`
	// Losses counts executions whose soldier died.
	Losses int `json:"losses"`
	// TimeoutSeconds bounds one attempt.
	TimeoutSeconds int `json:"timeout_seconds"`
	// Retry is the mission's own, as its request gave it; nil is DefaultRetry.
	Retry *Retry `json:"retry,omitempty"`
	// Progress is 0 to 100, as the handler reports it; 100 once COMPLETED.
	Progress int `json:"progress"`
	// SoldierID is who carries it out now, or did so last.
	SoldierID string `json:"soldier_id,omitempty"`
	// Result is what the handler returned, at most 256 KiB. Lists and events leave it out.
	Result json.RawMessage `json:"result,omitempty"`
	// Error is why the mission, or its last attempt, failed.
	Error *MissionError `json:"error,omitempty"`

	CreatedAt Time `json:"created_at"`
	UpdatedAt Time `json:"updated_at"`
	// RunAt is the earliest start of a SCHEDULED mission.
	RunAt Time `json:"run_at,omitzero"`
	// DeadlineAt is when the mission ends: what waits then FAILED, and what runs is given up. Zero is never.
	DeadlineAt Time `json:"deadline_at,omitzero"`
	// StartedAt is when the current or last execution was granted.
	StartedAt Time `json:"started_at,omitzero"`
	// FinishedAt is when the mission ended.
	FinishedAt Time `json:"finished_at,omitzero"`
	// Version grows with every change. Of two pictures of a mission the one with the higher version is newer.
	Version int64 `json:"version"`
}

// Brief returns the mission without payload and result, as lists and events show it.
func (m Mission) Brief() Mission {
	m.Payload, m.Result = nil, nil
	return m
}

// AppendJSON appends the mission to b as encoding/json writes it without HTML's escapes, in a fraction of the time.
func (m *Mission) AppendJSON(b []byte) ([]byte, error) {
	w := writer{b: slices.Grow(b, m.room())}
	if w.mission("", m); !w.bad {
		return w.b, nil
	}
	careful, err := encode(m)
	if err != nil {
		return b, err
	}
	return append(b, careful...), nil
}

// MissionError is why a mission failed.
type MissionError struct {
	// Code is stable and short; ErrorCode values, or the handler's own.
	Code string `json:"code"`
	// Message is for people; at most 8 KiB, cut beyond.
	Message string `json:"message"`
}

// Error codes that Mission Control itself gives. Handlers may use others.
const (
	ErrorCodeFailed         = "failed"            // the handler returned an error without a code
	ErrorCodePanic          = "panic"             // the handler panicked
	ErrorCodeTimeout        = "timeout"           // the attempt ran past timeout_seconds
	ErrorCodeDeadline       = "deadline_exceeded" // the mission's deadline_at passed, or no attempt could start before it
	ErrorCodeCancelled      = "cancelled"         // a cancel ended it: before the handler's start, by it, or 10 s later without it
	ErrorCodeSoldierLost    = "soldier_lost"      // five executions lost their soldiers
	ErrorCodeUndeliverable  = "undeliverable"     // dispatched 20 times without a grant
	ErrorCodeInvalidPayload = "invalid_payload"   // the payload does not fit the handler's input
	ErrorCodeInvalidResult  = "invalid_result"    // the handler's result can't be written as JSON
	ErrorCodeResultTooBig   = "result_too_large"  // the handler's result is over 256 KiB
)

// HistoryLine is one change of a mission, or one update that was refused.
type HistoryLine struct {
	// MadeAt is when it happened, in the commanders' time; RecordedAt is when the store took it.
	MadeAt     Time `json:"made_at"`
	RecordedAt Time `json:"recorded_at"`
	// Status is the mission's status after the change; for a refused update, the status that it wanted.
	Status Status `json:"status"`
	// Cause is what moved the mission, or why an update was refused.
	Cause     Cause  `json:"code,omitempty"`
	Attempt   int    `json:"attempt"`
	Run       int64  `json:"run"`
	SoldierID string `json:"soldier_id,omitempty"`
	Message   string `json:"message,omitempty"`
	// Refused: the update changed nothing.
	Refused bool `json:"refused,omitempty"`
}
