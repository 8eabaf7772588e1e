package contracts

import "slices"

// Status is where a mission stands. There is no status for an unknown mission: that is ErrNotFound, or 404.
//
//	SCHEDULED ──> QUEUED ──> IN_PROGRESS ──> COMPLETED
//	    │  ^         │ ^        │   │  └───> FAILED ────┐
//	    │  └─────────┼─┼────────┘   │          ^        │ operator's retry
//	    │ retry later│ └────────────┘          │        v
//	    │            │  released, lost         │     (QUEUED)
//	    └────────────┴──> CANCELLED, FAILED ───┘
type Status string

// The statuses, in the order in which a mission usually sees them.
const (
	// StatusScheduled waits for its run_at: asked for by the client, or the delay before a retry.
	StatusScheduled Status = "SCHEDULED"
	// StatusQueued waits for a soldier. An order is at the broker, or a due entry will send one.
	StatusQueued Status = "QUEUED"
	// StatusInProgress is granted to one execution of one session, whose lease stands behind it.
	StatusInProgress Status = "IN_PROGRESS"
	// StatusCompleted is final: it never changes again.
	StatusCompleted Status = "COMPLETED"
	// StatusFailed ended without success; only an operator's retry leaves it.
	StatusFailed Status = "FAILED"
	// StatusCancelled ended by request; only an operator's retry leaves it.
	StatusCancelled Status = "CANCELLED"
)

// Statuses lists every status, in the order of the constants.
func Statuses() []Status {
	return []Status{
		StatusScheduled, StatusQueued, StatusInProgress, StatusCompleted, StatusFailed, StatusCancelled,
	}
}

// Valid tells whether s is one of Statuses.
func (s Status) Valid() bool { return slices.Contains(Statuses(), s) }

// Terminal tells whether the mission has ended: COMPLETED, FAILED or CANCELLED.
func (s Status) Terminal() bool {
	return s == StatusCompleted || s == StatusFailed || s == StatusCancelled
}

// Transition is one legal edge of the life cycle and what causes it.
type Transition struct {
	From, To Status
	Causes   []Cause
}

// Cause names what moved a mission along an edge.
type Cause string

// The causes.
const (
	CauseTimeCome      Cause = "time_come"      // run_at was reached
	CauseGranted       Cause = "granted"        // a claim was granted
	CauseCompleted     Cause = "completed"      // the handler succeeded
	CauseFailed        Cause = "failed"         // the handler failed or timed out, and no attempt is left
	CauseRetry         Cause = "retry"          // the handler failed or timed out, and an attempt is left
	CauseReleased      Cause = "released"       // the soldier handed it back: it drains
	CauseLost          Cause = "lost"           // the soldier's session was declared dead
	CauseSoldierLost   Cause = "soldier_lost"   // lost once too often
	CauseCancel        Cause = "cancel"         // a client asked for it
	CauseDeadline      Cause = "deadline"       // the overall deadline passed
	CauseUndeliverable Cause = "undeliverable"  // dispatched too often without a grant
	CauseOperatorRetry Cause = "operator_retry" // an operator sent it out again
	CauseAdopted       Cause = "adopted"        // the store was wiped; it was made anew from what a soldier had of it
)

// Transitions is the table of all legal edges. Whatever is not in it is refused by CheckTransition. A change that
// leaves the status as it is (a cancel request for a running mission, a refused update) is no transition.
func Transitions() []Transition {
	return []Transition{
		{StatusScheduled, StatusQueued, []Cause{CauseTimeCome}},
		{StatusScheduled, StatusCancelled, []Cause{CauseCancel}},
		{StatusScheduled, StatusFailed, []Cause{CauseDeadline}},
		{StatusQueued, StatusInProgress, []Cause{CauseGranted}},
		{StatusQueued, StatusCancelled, []Cause{CauseCancel}},
		{StatusQueued, StatusFailed, []Cause{CauseDeadline, CauseUndeliverable}},
		{StatusInProgress, StatusCompleted, []Cause{CauseCompleted}},
		{StatusInProgress, StatusFailed, []Cause{CauseFailed, CauseSoldierLost, CauseDeadline}},
		{StatusInProgress, StatusCancelled, []Cause{CauseCancel}},
		{StatusInProgress, StatusQueued, []Cause{CauseReleased, CauseLost}},
		{StatusInProgress, StatusScheduled, []Cause{CauseRetry}},
		{StatusFailed, StatusQueued, []Cause{CauseOperatorRetry}},
		{StatusCancelled, StatusQueued, []Cause{CauseOperatorRetry}},
	}
}

// CheckTransition returns nil for a legal edge, and an IllegalTransitionError otherwise.
func CheckTransition(from, to Status) error {
	for _, t := range Transitions() {
		if t.From == from && t.To == to {
			return nil
		}
	}
	return &IllegalTransitionError{From: from, To: to}
}
