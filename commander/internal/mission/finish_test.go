package mission_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/mission/missiontest"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// finalCase is a record that a final meets, and what the final says.
type finalCase struct {
	status            contracts.Status
	run, attempt      int // of the ticket, less those of the record
	same              bool
	recorded, cancel  bool
	attemptsLeft      int
	update            contracts.UpdateStatus
	record            store.Record
	ticket            contracts.Ticket
	wantChange, isNew bool
	want              contracts.Status
}

const finalMission, finalSession = "a0000000-0000-7000-8000-000000000001", "50000000-0000-7000-8000-000000000001"

// fill makes the record and the ticket, and says what design rule 6 makes of them.
func (c *finalCase) fill(now contracts.Time) {
	c.record = store.Record{Recorded: "e0", Mission: contracts.Mission{
		MissionID: finalMission, Name: "m", Kind: "k", Status: c.status, CancelRequested: c.cancel, Attempt: 2,
		MaxAttempts: 2 + c.attemptsLeft, Run: 3, CreatedAt: now, UpdatedAt: now,
	}}
	switch m := &c.record.Mission; {
	case c.status == contracts.StatusInProgress:
		c.record.Session, c.record.Execution = finalSession, "e1"
	case c.status == contracts.StatusScheduled:
		m.RunAt = contracts.At(now.Add(time.Minute))
	case c.status.Terminal():
		m.FinishedAt = now
	}
	c.ticket = contracts.Ticket{
		MissionID: finalMission, Attempt: 2 + c.attempt, Run: int64(3 + c.run), Execution: "e2", Session: finalSession,
	}
	if c.same {
		c.ticket.Execution = "e1"
	}
	if c.recorded {
		c.record.Recorded = c.ticket.Execution
	}
	current := c.status == contracts.StatusInProgress && c.run == 0 && c.same
	lost := c.run > 0 && c.attempt == 0 && !c.status.Terminal() && !c.recorded
	c.wantChange, c.want = current || lost, c.status
	c.isNew = c.wantChange || !c.recorded
	switch {
	case !c.wantChange:
	case c.update == contracts.UpdateCompleted:
		c.want = contracts.StatusCompleted
	case c.cancel:
		c.want = contracts.StatusCancelled
	case c.update == contracts.UpdateReleased:
		c.want = contracts.StatusQueued
	case c.attemptsLeft > 0:
		c.want = contracts.StatusScheduled
	default:
		c.want = contracts.StatusFailed
	}
}

// finalCases are all of them.
func finalCases() []finalCase {
	all := []finalCase{{}}
	each := func(n int, set func(c *finalCase, i int)) {
		var next []finalCase
		for _, c := range all {
			for i := range n {
				set(&c, i)
				next = append(next, c)
			}
		}
		all = next
	}
	updates := []contracts.UpdateStatus{contracts.UpdateCompleted, contracts.UpdateFailed, contracts.UpdateReleased}
	each(len(contracts.Statuses()), func(c *finalCase, i int) { c.status = contracts.Statuses()[i] })
	each(3, func(c *finalCase, i int) { c.run = i - 1 })
	each(3, func(c *finalCase, i int) { c.attempt = i - 1 })
	each(2, func(c *finalCase, i int) { c.same = i == 1 })
	each(2, func(c *finalCase, i int) { c.recorded = i == 1 })
	each(2, func(c *finalCase, i int) {
		c.cancel = i == 1 && (c.status == contracts.StatusInProgress || c.status == contracts.StatusCancelled)
	})
	each(2, func(c *finalCase, i int) { c.attemptsLeft = i })
	each(len(updates), func(c *finalCase, i int) { c.update = updates[i] })
	return slices.DeleteFunc(all, func(c finalCase) bool {
		// No claim of an execution that has ended is granted.
		return c.status == contracts.StatusInProgress && c.same && c.recorded
	})
}

// Every final against every record: it counts if it is of the current run and execution, or of a newer run that the store
// has lost; else the mission stays as it is.
func TestWhichFinalsCount(t *testing.T) {
	now := contracts.At(time.UnixMilli(1_800_000_000_000))
	for _, c := range finalCases() {
		c.fill(now)
		s := missiontest.New(t, memstore.Config{Now: func() time.Time { return now.Time }})
		if _, err := s.Renew(t.Context(), store.Session{ID: finalSession, SoldierID: "soldier"}, time.Hour); err != nil {
			t.Fatal(err)
		}
		s.Forget(c.record, now)
		before, err := s.Load(t.Context(), finalMission)
		if err != nil {
			t.Fatal(err)
		}
		u := contracts.Update{
			Status: c.update, MissionID: finalMission, Attempt: c.ticket.Attempt, Execution: c.ticket.Execution, Ticket: &c.ticket,
			MadeAt: now,
		}
		d := mission.Finish(before[0], u, mission.Speaker{Session: finalSession, SoldierID: "soldier"}, 0.5, now)
		if d.Change != nil {
			if o, err := s.Commit(t.Context(), *d.Change); err != nil || o[0].Code != store.Applied {
				t.Fatalf("%+v: %v, %v", c, o, err)
			}
		}
		after, err := s.Load(t.Context(), finalMission)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%s of run %+d, attempt %+d, execution same %v, recorded %v, cancel %v, %d attempts left, on %s",
			c.update, c.run, c.attempt, c.same, c.recorded, c.cancel, c.attemptsLeft, c.status)
		if got := after[0].Mission.Status; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if counted := after[0].Recorded == u.Execution && after[0].Execution == "" && d.Refused == ""; c.wantChange && !counted {
			t.Errorf("%s: does not count", name)
		}
		if refused := d.Refused != ""; refused != (!c.wantChange && c.isNew) {
			t.Errorf("%s: refused as %q", name, d.Refused)
		}
		if d.Answer.Type != contracts.AnswerRecorded {
			t.Errorf("%s: answered %q", name, d.Answer.Type)
		}
	}
}
