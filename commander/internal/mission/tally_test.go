package mission_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// tale is a tally that writes down what it is told.
type tale struct{ lines []string }

func (t *tale) say(format string, args ...any) {
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

func (t *tale) Created()                    { t.say("created") }
func (t *tale) Granted(d time.Duration)     { t.say("granted after %s", d) }
func (t *tale) Ran(d time.Duration)         { t.say("ran %s", d) }
func (t *tale) Ended(s contracts.Status)    { t.say("ended %s", s) }
func (t *tale) Failed(m *contracts.Mission) { t.say("failed %s: %s", m.Error.Code, m.Error.Message) }

// stage is a service with a clock, one soldier, and a tally.
type stage struct {
	*testing.T
	*mission.Service
	store *memstore.Store
	tally tale
	now   time.Time
	grant contracts.Answer
}

// deaf are soldiers that hear nothing.
type deaf struct{}

func (deaf) Send(string, ...contracts.Answer) {}

const stageSession = "50000000-0000-7000-8000-000000000001"

func newStage(t *testing.T) *stage {
	s := &stage{T: t, now: time.UnixMilli(1_800_000_000_000)}
	s.store = memstore.New(memstore.Config{Now: func() time.Time { return s.now }})
	s.Service = mission.New(mission.Deps{
		Store: s.store, Dispatcher: silent{}, Inboxes: deaf{}, Observer: silent{}, Tally: &s.tally,
		Now: func() contracts.Time { return contracts.At(s.now) }, TicketKey: ticketKey, OrderKey: orderKey, Logger: zap.NewNop(),
		Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil },
	})
	if _, err := s.store.Renew(t.Context(), store.Session{ID: stageSession, SoldierID: "soldier", Slots: 1}, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) pass(d time.Duration) { s.now = s.now.Add(d) }

func (s *stage) submit(change func(r *contracts.MissionRequest)) contracts.Mission {
	s.Helper()
	r := contracts.DefaultMissionRequest()
	r.Name = "n"
	change(&r)
	m, err := s.Submit(s.Context(), r, nil)
	if err != nil {
		s.Fatal(err)
	}
	return m
}

func (s *stage) apply(u contracts.Update) {
	s.Helper()
	got, err := s.Apply(s.Context(), []mission.Item{{Update: u, By: mission.Speaker{Session: stageSession, SoldierID: "soldier"}}})
	if err != nil {
		s.Fatal(err)
	}
	if got[0].Answer.Ticket != nil {
		s.grant = got[0].Answer
	}
}

// claim has the soldier claim a mission under an execution of that name.
func (s *stage) claim(id, execution string) {
	s.Helper()
	s.apply(contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: id, Attempt: s.mission(id).Attempt, Execution: execution, MadeAt: contracts.At(s.now),
	})
}

// end has it end what was granted last.
func (s *stage) end(status contracts.UpdateStatus, e *contracts.MissionError) {
	s.Helper()
	g := s.grant
	s.apply(contracts.Update{
		Status: status, MissionID: g.MissionID, Attempt: g.Ticket.Attempt, Execution: g.Execution, Ticket: g.Ticket, Error: e, MadeAt: contracts.At(s.now),
	})
}

// come has a SCHEDULED mission's time come, as the dispatcher does.
func (s *stage) come(id string) {
	s.Helper()
	recs, err := s.store.Load(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	_, d := mission.Come(recs[0], contracts.At(s.now))
	if d.Change == nil {
		s.Fatalf("its time has not come: %+v", recs[0])
	}
	if _, err := s.store.Commit(s.Context(), *d.Change); err != nil {
		s.Fatal(err)
	}
}

func (s *stage) mission(id string) contracts.Mission {
	s.Helper()
	recs, err := s.store.Load(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	return recs[0].Mission
}

// want compares what was told since the last time.
func (s *stage) want(lines ...string) {
	s.Helper()
	if !slices.Equal(s.tally.lines, lines) {
		s.Errorf("told %q, want %q", s.tally.lines, lines)
	}
	s.tally.lines = nil
}

func plain(*contracts.MissionRequest) {}

func TestWhatATallyIsTold(t *testing.T) {
	s := newStage(t)
	m := s.submit(plain)
	s.want("created")
	s.pass(3 * time.Second)
	s.claim(m.MissionID, "e1")
	s.want("granted after 3s")
	s.claim(m.MissionID, "e1") // sent again: it is answered again
	s.pass(time.Minute)
	s.end(contracts.UpdateCompleted, nil)
	s.end(contracts.UpdateCompleted, nil) // likewise
	s.want("ended COMPLETED", "ran 1m0s")
	s.claim(m.MissionID, "e2") // refused
	s.want()
}

// A wait is counted from when the mission might start: not before run_at, nor while an earlier run held it.
func TestSinceWhenAMissionWaits(t *testing.T) {
	s := newStage(t)
	m := s.submit(func(r *contracts.MissionRequest) {
		at := contracts.At(s.now.Add(time.Hour))
		r.RunAt, r.MaxAttempts, r.Retry = &at, 2, &contracts.RetryRequest{}
	})
	s.want("created")
	s.pass(time.Hour + 2*time.Second)
	s.come(m.MissionID)
	s.claim(m.MissionID, "e1")
	s.want("granted after 2s")
	s.pass(5 * time.Second)
	s.end(contracts.UpdateFailed, &contracts.MissionError{Code: "io", Message: "no disk"})
	s.want("failed io: no disk", "ran 5s") // and it goes on
	s.now = s.mission(m.MissionID).RunAt.Add(4 * time.Second)
	s.come(m.MissionID)
	s.claim(m.MissionID, "e2")
	s.want("granted after 4s")
	s.pass(time.Second)
	s.end(contracts.UpdateReleased, nil) // it drains: no run that ended
	s.pass(7 * time.Second)
	s.claim(m.MissionID, "e3")
	s.want("granted after 7s")
	s.pass(2 * time.Second)
	s.end(contracts.UpdateFailed, &contracts.MissionError{Code: "io", Message: "no disk"})
	s.want("ended FAILED", "failed io: no disk", "ran 2s")
	s.pass(time.Hour)
	if _, err := s.Retry(t.Context(), m.MissionID); err != nil {
		t.Fatal(err)
	}
	s.pass(9 * time.Second)
	s.claim(m.MissionID, "e4")
	s.want("granted after 9s")
	if _, err := s.Cancel(t.Context(), m.MissionID); err != nil {
		t.Fatal(err)
	}
	s.end(contracts.UpdateFailed, &contracts.MissionError{Code: "cancelled", Message: "stopped"}) // because it was cancelled
	s.want("ended CANCELLED")
}

// An operator's retry begins a new wait, also of a mission that was cancelled before it ever ran.
func TestACancelledMissionThatIsRetriedWaitsAnew(t *testing.T) {
	s := newStage(t)
	m := s.submit(plain)
	s.pass(time.Hour)
	if _, err := s.Cancel(t.Context(), m.MissionID); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Hour)
	if _, err := s.Retry(t.Context(), m.MissionID); err != nil {
		t.Fatal(err)
	}
	s.pass(6 * time.Second)
	s.claim(m.MissionID, "e1")
	s.want("created", "ended CANCELLED", "granted after 6s")
}

func TestWhatEndsWithoutARunIsTold(t *testing.T) {
	s := newStage(t)
	waits := s.submit(plain)
	late := s.submit(func(r *contracts.MissionRequest) {
		at := contracts.At(s.now.Add(time.Minute))
		r.DeadlineAt = &at
	})
	s.want("created", "created")
	if _, err := s.Cancel(t.Context(), waits.MissionID); err != nil {
		t.Fatal(err)
	}
	s.want("ended CANCELLED")
	s.pass(time.Hour)
	if err := s.Expire(t.Context(), late.MissionID); err != nil {
		t.Fatal(err)
	}
	s.want("ended FAILED", "failed deadline_exceeded: its deadline_at passed while it waited")
}

// A soldier's death is told where it ends the mission.
func TestALostSoldierIsTold(t *testing.T) {
	s := newStage(t)
	m := s.submit(plain)
	for i := range contracts.MaxLosses {
		s.claim(m.MissionID, fmt.Sprint("e", i))
		s.tally.lines = nil
		recs, err := s.store.Load(t.Context(), m.MissionID)
		if err != nil {
			t.Fatal(err)
		}
		changes := s.Lost(recs)
		outcomes, err := s.store.Commit(t.Context(), changes...)
		if err != nil {
			t.Fatal(err)
		}
		s.Redispatch(changes, outcomes)
		if i < contracts.MaxLosses-1 {
			s.want()
		}
	}
	if len(s.tally.lines) != 2 || s.tally.lines[0] != "ended FAILED" {
		t.Errorf("told %q", s.tally.lines)
	}
}
