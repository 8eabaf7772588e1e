package ingest_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

func TestAClaimIsAnsweredAndAckedOnceTheStoreHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		release := r.store.hold()
		claim := s.claim(m, r.id('e'))
		s.say(s.pack(claim))
		s.wantHeard()
		// Not acked: when the connection goes now, the claim comes again.
		r.commander.Cut()
		synctest.Wait()
		release()
		answers := s.wantHeard(contracts.AnswerGranted, contracts.AnswerGranted)
		k := *answers[0].Ticket
		if err := k.Verify(ticketKey); err != nil {
			t.Fatal(err)
		}
		if k.Execution != claim.Execution || k.Session != s.session || k.Run != 1 || k.MissionID != m.MissionID {
			t.Errorf("granted the ticket %+v", k)
		}
		if *answers[1].Ticket != k {
			t.Errorf("the same claim was granted %+v and %+v", k, *answers[1].Ticket)
		}
		if rec := r.load(m.MissionID); rec.Mission.SoldierID != "soldier-1" || rec.Execution != claim.Execution {
			t.Errorf("stored: soldier %s, execution %s", rec.Mission.SoldierID, rec.Execution)
		}
		r.wantTaken()
	})
}

func TestAResultIsRecordedOnceHoweverOftenItIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		final := s.pack(s.final(contracts.UpdateCompleted, s.granted(m)))
		for range 3 {
			s.say(final)
			s.wantHeard(contracts.AnswerRecorded)
		}
		r.wantStatus(m.MissionID, contracts.StatusCompleted)
		if !slices.Equal(r.ended, []contracts.Status{contracts.StatusCompleted}) || len(r.updates) > 0 {
			t.Errorf("ended %v, refused %v", r.ended, r.updates)
		}
		if got := r.setAside(); len(got) > 0 {
			t.Errorf("set aside: %v", got[0].Headers)
		}
		r.wantTaken()
	})
}

func TestAResultThatArrivesLateCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		final := s.pack(s.final(contracts.UpdateCompleted, s.granted(m)))
		made := contracts.At(time.Now())
		time.Sleep(time.Hour)
		s.say(final)
		s.wantHeard(contracts.AnswerRecorded)
		if got := r.load(m.MissionID).Mission; got.Status != contracts.StatusCompleted || got.FinishedAt != made {
			t.Errorf("mission is %s since %v, want COMPLETED since %v", got.Status, got.FinishedAt, made)
		}
	})
}

func TestOneOrderClaimedThreeTimesIsGrantedOnce(t *testing.T) {
	for name, batched := range map[string]bool{"one by one": false, "in one batch": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				m := r.submit()
				soldiers := []*soldier{r.join("soldier-1"), r.join("soldier-2"), r.join("soldier-3")}
				// What gathers while the store is slow is settled together.
				release := func() {}
				if batched {
					s, m := r.join("soldier-0"), r.submit()
					release = r.store.hold()
					s.say(s.pack(s.claim(m, r.id('e'))))
					synctest.Wait()
				}
				for _, s := range soldiers {
					s.say(s.pack(s.claim(m, r.id('e'))))
					synctest.Wait()
				}
				release()
				r.wantOneGrant(m, soldiers)
			})
		})
	}
}

func TestManyUpdatesOfOneMissionInAPack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m, other := r.join("soldier-1"), r.submit(), r.submit()
		first, second := s.claim(m, r.id('e')), s.claim(m, r.id('e'))
		s.say(s.pack(first, second, s.claim(other, r.id('e')), first, second))
		answers := s.wantHeard(contracts.AnswerGranted, contracts.AnswerRefused, contracts.AnswerGranted,
			contracts.AnswerGranted, contracts.AnswerRefused)
		k := *answers[0].Ticket
		if *answers[3].Ticket != k || answers[2].MissionID != other.MissionID {
			t.Errorf("answers out of place: %+v", answers)
		}
		released := s.final(contracts.UpdateReleased, k)
		third := s.claim(m, r.id('e'))
		s.say(s.pack(released, third, released))
		answers = s.wantHeard(contracts.AnswerRecorded, contracts.AnswerGranted, contracts.AnswerRecorded)
		if run := answers[1].Ticket.Run; run != 2 {
			t.Errorf("granted run %d, want 2", run)
		}
		r.wantStatus(m.MissionID, contracts.StatusInProgress)
		r.wantTaken()
	})
}

func TestAClaimOfADeadSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		r.bury(s)
		s.say(s.pack(s.claim(m, r.id('e'))))
		s.wantHeard(contracts.AnswerSessionDead)
		r.wantStatus(m.MissionID, contracts.StatusQueued)
		r.wantTaken()
	})
}

func TestNoHandlerIsShownAndOrderedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		s.say(s.pack(contracts.Update{
			Status: contracts.UpdateNoHandler, MissionID: m.MissionID, Attempt: 1, MadeAt: contracts.At(time.Now()),
		}))
		s.wantHeard()
		if rec := r.load(m.MissionID); rec.Mission.Status != contracts.StatusQueued || rec.Mission.StatusReason == "" {
			t.Errorf("mission is %s, %q", rec.Mission.Status, rec.Mission.StatusReason)
		}
		for _, due := range []bool{false, true} {
			time.Sleep(contracts.NoHandlerDelay / 2)
			entries, err := r.store.TakeDue(t.Context(), 1, time.Second)
			r.must(err)
			if (len(entries) == 1) != due {
				t.Errorf("%d due entries, due: %v", len(entries), due)
			}
		}
		r.wantTaken()
	})
}

func TestAnUnknownMissionIsSetAsideForAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.join("soldier-1")
		body := s.pack(s.claim(contracts.Mission{MissionID: r.id('a'), Attempt: 1}, r.id('e')))
		s.say(body)
		s.wantHeard(contracts.AnswerRefused)
		r.wantSetAside(string(mission.RefusedUnknown), body)
		r.wantTaken()
	})
}

// wantOneGrant checks that of all who claimed one got the mission, and the others stand in its history.
func (r *rig) wantOneGrant(m contracts.Mission, soldiers []*soldier) {
	r.t.Helper()
	var grants []contracts.Ticket
	refusals := 0
	for _, s := range soldiers {
		for _, a := range s.heard() {
			switch a.Type {
			case contracts.AnswerGranted:
				grants = append(grants, *a.Ticket)
			case contracts.AnswerRefused:
				refusals++
			default:
				r.t.Errorf("answered %s", a.Type)
			}
		}
	}
	if len(grants) != 1 || refusals != len(soldiers)-1 {
		r.t.Fatalf("%d grants and %d refusals", len(grants), refusals)
	}
	if rec := r.load(m.MissionID); rec.Execution != grants[0].Execution || rec.Mission.Run != 1 {
		r.t.Errorf("run %d of execution %s is stored, %+v was granted", rec.Mission.Run, rec.Execution, grants[0])
	}
	held := contracts.Cause(mission.RefusedHeld)
	if got := r.refusals(m.MissionID); !slices.Equal(got, []contracts.Cause{held, held}) {
		r.t.Errorf("the history shows the refusals %v", got)
	}
	// A refused claim is everyday life, and nothing for a person.
	r.wantDepth(topology.StatusRefused, broker.Depth{})
	r.wantTaken()
}
