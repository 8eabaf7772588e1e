package verdict

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// Mission is what the drill saw of one mission from outside.
type Mission struct {
	// Number is its place in the drill, from 1.
	Number int
	// ID is empty until it was accepted.
	ID string
	// SubmittedAt is before the first request, AcceptedAt after the answer that promised it; by the drill's clock.
	SubmittedAt, AcceptedAt time.Time
	// Tries is how many requests the submission took.
	Tries int
	// Refusal is why it was never accepted.
	Refusal string
	// Ended is the first status seen that is terminal; empty where none was.
	Ended contracts.Status
	// Last is the newest picture of it; zero where there is none.
	Last contracts.Mission
	// Missing: in the end the commander said that there is no such mission.
	Missing bool
	// Confirmed: Last was read after the drill's last mission had ended.
	Confirmed bool
}

func (m Mission) accepted() bool { return m.ID != "" }

// Reads counts the reads that the drill made of its accepted missions while it went on.
type Reads struct {
	Made int `json:"made"`
	// Missions is how many were read at least once.
	Missions int `json:"missions"`
	// Degraded were answered from the commander's memory.
	Degraded int `json:"degraded"`
	// Unreachable found no commander: it was not there to answer.
	Unreachable int `json:"unreachable"`
	// Failed were answered with something else than the mission, Failures counts them by code.
	Failed   int            `json:"failed"`
	Failures map[string]int `json:"failures,omitempty"`
	// Older showed a mission in an older version than an earlier read had.
	Older int `json:"older"`
}

// Input is all that a verdict is made of.
type Input struct {
	Missions []Mission
	// Executions are those of the drill's missions. JournalFiles is how many journals were read: with 0 nothing can be
	// said about executions.
	Executions   []journal.Execution
	JournalFiles int
	// Lives are the processes that carried them out.
	Lives map[journal.Process]journal.Life
	// Reads is nil where the drill made none.
	Reads *Reads
	// Began is before the first submission, Ended after the last thing that the drill waited for.
	Began, Ended time.Time
	// Strict makes a second start for a good reason a fault too.
	Strict bool
}
