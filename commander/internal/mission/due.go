package mission

import (
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// DueAction is what to do with a due entry that was taken.
type DueAction int

// The due actions.
const (
	// DueClear: the mission needs no order; remove the entry.
	DueClear DueAction = iota
	// DuePublish: publish the order; the confirm clears the entry.
	DuePublish
	// DueQueue: commit the Decision's change, which makes a SCHEDULED mission QUEUED and dispatches it.
	DueQueue
	// DueLater: its time was moved on meanwhile; leave the entry.
	DueLater
)

// clockSlack is how far our clock may be behind the store's, which found the entry due. Without it a mission whose time
// came just now would wait for the entry's next turn, a hold later.
const clockSlack = time.Second

// Come decides about a due entry whose time has come.
func Come(rec store.Record, now contracts.Time) (DueAction, Decision) {
	switch m := rec.Mission; {
	case m.Version == 0:
		return DueClear, Decision{}
	case m.Status == contracts.StatusQueued:
		return DuePublish, Decision{}
	case m.Status == contracts.StatusScheduled && m.RunAt.After(now.Add(clockSlack)):
		return DueLater, Decision{}
	case m.Status == contracts.StatusScheduled:
		n := next(rec, now)
		c := change(rec, n)
		queue(&n, c, now)
		c.Record = n
		c.History = []contracts.HistoryLine{line(n, contracts.CauseTimeCome, now, now, "")}
		return DueQueue, Decision{Change: c, Dispatch: DispatchNow}
	default:
		return DueClear, Decision{}
	}
}
