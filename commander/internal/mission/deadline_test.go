package mission_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// limited is a mission in some status whose deadline is at second 100.
func limited(status contracts.Status, attempt, most int) store.Record {
	rec := store.Record{Mission: contracts.Mission{
		MissionID: finalMission, Name: "m", Kind: "k", Status: status, Attempt: attempt, MaxAttempts: most, Run: 1, TimeoutSeconds: 300,
		SoldierID: "s1", CreatedAt: at(0), DeadlineAt: at(100), Version: 3,
	}}
	if status == contracts.StatusInProgress {
		rec.Execution, rec.Session = "e", finalSession
	}
	return rec
}

// wantEnd wants a decision to end a mission at its deadline, in ways that are legal.
func wantEnd(t *testing.T, d mission.Decision, from contracts.Status) contracts.Mission {
	t.Helper()
	if d.Change == nil {
		t.Fatal("nothing changes")
	}
	m, l := d.Change.Record.Mission, d.Change.History[len(d.Change.History)-1]
	if m.Status != contracts.StatusFailed || m.Error == nil || m.Error.Code != contracts.ErrorCodeDeadline || m.FinishedAt.IsZero() ||
		!m.RunAt.IsZero() || d.Change.Record.Session != "" || d.Change.Due != store.DueDrop || d.Dispatch != mission.NoDispatch ||
		l.Cause != contracts.CauseDeadline || l.Status != contracts.StatusFailed {
		t.Errorf("%+v", d.Change)
	}
	legal := false
	for _, tr := range contracts.Transitions() {
		for _, c := range tr.Causes {
			legal = legal || tr.From == from && tr.To == m.Status && c == contracts.CauseDeadline
		}
	}
	if !legal {
		t.Errorf("no legal way leads there from %s", from)
	}
	return m
}

func TestWhatWaitsEndsAtItsDeadline(t *testing.T) {
	for _, status := range contracts.Statuses() {
		waits := status == contracts.StatusScheduled || status == contracts.StatusQueued
		rec := limited(status, 1, 3)
		if d := mission.Expire(rec, at(98)); d.Change != nil {
			t.Errorf("%s before its deadline: %+v", status, d.Change)
		}
		// The store's clock found it past: ours may be behind.
		for _, now := range []contracts.Time{contracts.At(at(100).Add(-500 * time.Millisecond)), at(100), at(10_000)} {
			if d := mission.Expire(rec, now); waits {
				wantEnd(t, d, status)
			} else if d.Change != nil {
				t.Errorf("%s after its deadline: %+v", status, d.Change)
			}
		}
		rec.Mission.DeadlineAt = contracts.Time{}
		if d := mission.Expire(rec, at(10_000)); d.Change != nil {
			t.Errorf("%s without a deadline: %+v", status, d.Change)
		}
	}
	if d := mission.Expire(store.Record{}, at(1)); d.Change != nil {
		t.Errorf("an unknown mission: %+v", d.Change)
	}
}

func TestAClaimIsToldHowLongItHas(t *testing.T) {
	u := contracts.Update{Status: contracts.UpdateInProgress, MissionID: finalMission, Attempt: 1, Execution: "e", MadeAt: at(60)}
	by := mission.Speaker{Session: finalSession, SoldierID: "s1"}
	rec := limited(contracts.StatusQueued, 1, 3)
	if d := mission.Claim(rec, u, by, "", at(60)); d.Answer.Type != contracts.AnswerGranted || d.Answer.Left != 40_000 {
		t.Errorf("%+v", d.Answer)
	}
	if d := mission.Claim(rec, u, by, "", at(100)); d.Answer.Type != contracts.AnswerRefused || d.Answer.Execution != "e" || d.Refused != "" {
		t.Errorf("after the deadline: %+v", d)
	} else {
		wantEnd(t, d, contracts.StatusQueued)
	}
	// The answer was lost, and is given again, with what is left by now: at least 1, since 0 is none.
	for now, left := range map[int64]int64{70: 30_000, 500: 1} {
		if d := mission.Claim(limited(contracts.StatusInProgress, 1, 3), u, by, "", at(now)); d.Answer.Type != contracts.AnswerGranted || d.Answer.Left != left {
			t.Errorf("again at %d: %+v", now, d.Answer)
		}
	}
	rec.Mission.DeadlineAt = contracts.Time{}
	if d := mission.Claim(rec, u, by, "", at(500)); d.Answer.Type != contracts.AnswerGranted || d.Answer.Left != 0 {
		t.Errorf("without a deadline: %+v", d.Answer)
	}
}

func TestNoAttemptFollowsAfterTheDeadline(t *testing.T) {
	by := mission.Speaker{Session: finalSession, SoldierID: "s1"}
	finish := func(status contracts.UpdateStatus, e *contracts.MissionError, after time.Duration, now int64) mission.Decision {
		return mission.Finish(limited(contracts.StatusInProgress, 1, 3), contracts.Update{
			Status: status, MissionID: finalMission, Attempt: 1, Execution: "e", Error: e, MadeAt: at(now), RetryAfter: after.Milliseconds(),
			Ticket: &contracts.Ticket{MissionID: finalMission, Attempt: 1, Run: 1, Execution: "e", Session: finalSession},
		}, by, 0.5, at(now))
	}
	odd := &contracts.MissionError{Code: "odd", Message: "why"}
	if m := finish(contracts.UpdateFailed, odd, 0, 90).Change.Record.Mission; m.Status != contracts.StatusScheduled || !m.RunAt.Equal(at(95).Time) {
		t.Errorf("there was time for another attempt: %+v", m)
	}
	for name, d := range map[string]mission.Decision{
		"its usual delay is too long": finish(contracts.UpdateFailed, odd, 0, 95),
		"the handler's is":            finish(contracts.UpdateFailed, odd, time.Minute, 50),
		"it is over":                  finish(contracts.UpdateFailed, odd, 0, 200),
	} {
		m := wantEnd(t, d, contracts.StatusInProgress)
		if !strings.Contains(m.Error.Message, "odd: why") || m.Attempt != 1 || d.Change.History[0].Message != "odd: why" {
			t.Errorf("%s: %+v, %+v", name, m.Error, d.Change.History)
		}
	}
	// Its soldier's clock was a little early.
	d := finish(contracts.UpdateFailed, &contracts.MissionError{Code: contracts.ErrorCodeDeadline, Message: "m"}, time.Millisecond, 99)
	if m := d.Change.Record.Mission; m.Status != contracts.StatusFailed || m.Error.Code != contracts.ErrorCodeDeadline {
		t.Errorf("%+v", m)
	}
	if m := finish(contracts.UpdateCompleted, nil, 0, 200).Change.Record.Mission; m.Status != contracts.StatusCompleted {
		t.Errorf("completed late: %s", m.Status)
	}
	wantEnd(t, finish(contracts.UpdateReleased, nil, 0, 100), contracts.StatusInProgress)
	if m := finish(contracts.UpdateReleased, nil, 0, 99).Change.Record.Mission; m.Status != contracts.StatusQueued {
		t.Errorf("handed back in time: %s", m.Status)
	}
	lost := mission.Lose(limited(contracts.StatusInProgress, 1, 3), at(100))
	if m := wantEnd(t, lost, contracts.StatusInProgress); m.Losses != 1 {
		t.Errorf("%d losses", m.Losses)
	}
	if m := mission.Lose(limited(contracts.StatusInProgress, 1, 3), at(99)).Change.Record.Mission; m.Status != contracts.StatusQueued {
		t.Errorf("lost in time: %s", m.Status)
	}
}

func TestAnOperatorCantRetryAfterTheDeadline(t *testing.T) {
	rec := limited(contracts.StatusFailed, 1, 1)
	var state *mission.StateError
	if _, err := mission.Retry(rec, at(100)); !errors.As(err, &state) || !strings.Contains(err.Error(), "deadline_at") {
		t.Errorf("%v", err)
	}
	if d, err := mission.Retry(rec, at(99)); err != nil || d.Change.Record.Mission.DeadlineAt != at(100) {
		t.Errorf("%+v, %v", d.Change, err)
	}
}

func TestADeadlineCountsFromTheAcceptance(t *testing.T) {
	seconds := 90
	m := mission.Accept(contracts.MissionRequest{Name: "n", DeadlineSeconds: &seconds}, finalMission, nil, at(10)).Change.Record.Mission
	if m.DeadlineAt != at(100) {
		t.Errorf("%v", m.DeadlineAt)
	}
	// Kept by the broker for a while, it is not later for that.
	if got := mission.Admit(m, at(50)).Change.Record.Mission.DeadlineAt; got != at(100) {
		t.Errorf("%v", got)
	}
}

// TestTheServiceEndsWhatIsPast, once, and leaves alone what was claimed meanwhile.
func TestTheServiceEndsWhatIsPast(t *testing.T) {
	st, now := memstore.New(memstore.Config{}), at(0)
	s := mission.New(mission.Deps{
		Store: st, Dispatcher: silent{}, Observer: silent{}, Now: func() contracts.Time { return now }, Logger: zap.NewNop(),
		TicketKey: ticketKey, OrderKey: orderKey,
	})
	r := contracts.DefaultMissionRequest()
	r.Name, r.DeadlineAt, r.UniqueKey = "n", new(at(100)), "k"
	m, err := s.Submit(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	var taken *mission.TakenError
	if _, err := s.Submit(t.Context(), r, nil); !errors.As(err, &taken) || taken.Holder != m.MissionID || taken.InBatch {
		t.Errorf("%v", err)
	}
	for _, at := range []contracts.Time{at(50), at(100), at(101)} {
		now = at
		if err := s.Expire(t.Context(), m.MissionID, "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b"); err != nil {
			t.Fatal(err)
		}
	}
	recs, err := st.Load(t.Context(), m.MissionID)
	if err != nil || recs[0].Mission.Status != contracts.StatusFailed || recs[0].Mission.Version != 2 {
		t.Errorf("%+v, %v", recs, err)
	}
	r.DeadlineAt = nil
	again, err := s.Submit(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	now = at(50)
	if _, err := s.Retry(t.Context(), m.MissionID); !errors.As(err, &taken) || taken.Holder != again.MissionID {
		t.Errorf("retried although another one has its key: %v", err)
	}
}

// torn is a store in which one mission can't be read.
type torn struct {
	*memstore.Store
	id string
}

func (s torn) Load(ctx context.Context, ids ...string) ([]store.Record, error) {
	if slices.Contains(ids, s.id) {
		return nil, fmt.Errorf("mission %s is unreadable", s.id)
	}
	return s.Store.Load(ctx, ids...)
}

// TestAMissionThatCanNotBeReadHoldsUpNoOtherDeadline.
func TestAMissionThatCanNotBeReadHoldsUpNoOtherDeadline(t *testing.T) {
	st, now := &torn{Store: memstore.New(memstore.Config{})}, at(0)
	s := mission.New(mission.Deps{
		Store: st, Dispatcher: silent{}, Observer: silent{}, Now: func() contracts.Time { return now }, Logger: zap.NewNop(),
		TicketKey: ticketKey, OrderKey: orderKey,
	})
	r := contracts.DefaultMissionRequest()
	r.Name, r.DeadlineAt = "n", new(at(100))
	var ids []string
	for range 60 {
		m, err := s.Submit(t.Context(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.MissionID)
	}
	st.id, now = ids[7], at(101)
	if err := s.Expire(t.Context(), ids...); err == nil || !strings.Contains(err.Error(), st.id) || strings.Contains(err.Error(), ids[8]) {
		t.Errorf("%v", err)
	}
	counts, err := st.Counts(t.Context())
	if err != nil || counts.ByStatus[contracts.StatusFailed] != 59 {
		t.Errorf("%+v, %v", counts, err)
	}
}

// TestWhatIsAdoptedAfterItsDeadlineHasEnded: with its key and its deadline, and without a run.
func TestWhatIsAdoptedAfterItsDeadlineHasEnded(t *testing.T) {
	m := full()
	if got, ok := adopts(t, m, sealOf(t, m)); !ok || got.Status != contracts.StatusInProgress || got.UniqueKey != m.UniqueKey || got.DeadlineAt != m.DeadlineAt {
		t.Errorf("%+v, %v", got, ok)
	}
	m.DeadlineAt = wipedAt
	got, ok := adopts(t, m, sealOf(t, m))
	if !ok || got.Status != contracts.StatusFailed || got.Error.Code != contracts.ErrorCodeDeadline || got.Run > m.Run+1000 {
		t.Errorf("%+v, %v", got, ok)
	}
}
