package mission

import (
	"errors"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
)

// ErrIdempotencyMismatch means that the Idempotency-Key was used before, for a request with another body.
var ErrIdempotencyMismatch = errors.New("the idempotency key was used before with another body")

// ErrRemoved means that the Idempotency-Key made missions of which some have ended and were removed since. It makes no other ones.
var ErrRemoved = errors.New("a mission of that idempotency key has ended and was removed")

// ErrContended means that others changed the mission each time before this commander could. Trying again helps.
var ErrContended = errors.New("mission changes too often, try again")

// StateError says that the mission's status forbids an action.
type StateError struct {
	MissionID string
	Status    contracts.Status
	// Action is what was asked for: cancel.
	Action string
	// Overdue: it is its deadline that forbids it.
	Overdue bool
}

func (e *StateError) Error() string {
	return fmt.Sprintf("mission %s is %s: it can't %s", e.MissionID, e.Status, e.Action)
}
