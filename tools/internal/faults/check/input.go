package check

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// Input is all that is known of a drill. Times are of one clock, the drill's; soldiers' journals are of the same machine.
type Input struct {
	// Missions are what the clients asked for, whether it was accepted or not.
	Missions []Mission
	// Sights are the readers' observations, in no order.
	Sights []Sight
	// Executions are those in the soldiers' journals.
	Executions []journal.Execution
	// Deaths tell when soldiers' processes ended.
	Deaths map[Process]time.Time
	// Finals are the missions' last states by id, read when all was well again.
	Finals map[string]Final
	// Faults are what was broken, by its beginning.
	Faults []Fault
	// Crashes are deaths that nobody had asked for.
	Crashes []string
	// Odd are answers that no call should get, whatever is broken, unless a wipe explains them.
	Odd []Odd
	// Unwell is why a commander did not say that all is well, some minutes after everything was undone; empty where it did.
	Unwell string
	// Began and Ended bound the flow of missions.
	Began, Ended time.Time
}

// Mission is one client's record of one mission.
type Mission struct {
	// Asked is when the first request was sent; Accepted when the first 202 was there, zero where none came.
	Asked, Accepted time.Time
	// Answers are the first 202s that named each of its ids. More than one is a violation where Key is set.
	Answers []Answer
	// Key is its idempotency key; empty where it had none.
	Key string
	// OnBroker: its 202 said that RabbitMQ alone had it yet.
	OnBroker bool
	// Fails: its handler fails each time that it is called.
	Fails bool
	// CancelAsked is when a cancel of it was asked for, whatever came of it; zero where none was.
	CancelAsked time.Time
	// Cancelled is when a cancel of it was accepted; zero where none was.
	Cancelled time.Time
	// Retried is when an operator's retry of it was asked for, whatever came of it; zero where none was.
	Retried time.Time
}

// ID is the mission's id; empty where it was not accepted.
func (m Mission) ID() string {
	if len(m.Answers) == 0 {
		return ""
	}
	return m.Answers[0].ID
}

// Answer is a 202: the id that it named, when its request was sent, and when it was there.
type Answer struct {
	ID        string
	Asked, At time.Time
}

// Sight is what one read showed of one mission.
type Sight struct {
	ID string
	// Asked and Answered are when the read was sent and when its answer was there.
	Asked, Answered time.Time
	// Missing: it was 404. The other fields are empty then.
	Missing bool
	Status  contracts.Status
	Version int64
	// Degraded: from a commander's memory, which may lag.
	Degraded bool
}

// Odd is an answer that a call should not get.
type Odd struct {
	// Call is what was asked for: submit, cancel, retry or read.
	Call string
	// ID is the mission that it was about, if any.
	ID string
	At time.Time
	// Status is HTTP's, where it is known; Said is the answer's code or words.
	Status int
	Said   string
}

// Process is one life of a soldier.
type Process struct {
	Soldier string
	PID     int
}

// Final is a mission's last state.
type Final struct {
	// Missing: it was 404.
	Missing bool
	Mission contracts.Mission
	History []contracts.HistoryLine
	// Dropped is how many lines of the history were given up to keep it short.
	Dropped int
}

// Fault is a fault as it really happened. Ended is when it was undone, or what it killed was ready again.
type Fault struct {
	schedule.Fault
	Began, Ended time.Time
}
