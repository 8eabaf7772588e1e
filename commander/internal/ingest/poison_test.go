package ingest_test

import (
	"testing"
	"testing/synctest"

	"github.com/mission-control-dev/mission-control/contracts"
)

// TestAMissionThatCanNotBeReadHoldsUpNobodyElse: its update is set aside, all others are settled, in its pack too.
func TestAMissionThatCanNotBeReadHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, bad, good := r.join("soldier-1"), r.submit(), r.submit()
		r.store.unreadable.Store(&bad.MissionID)
		body := s.pack(s.claim(bad, r.id('e')), s.claim(good, r.id('e')))
		s.say(body)
		s.wantHeard(contracts.AnswerGranted)
		r.wantSetAside("failed", body)
		r.wantStatus(good.MissionID, contracts.StatusInProgress)
		// What could not be settled is settled when it comes again, after the record was mended.
		r.store.unreadable.Store(nil)
		s.granted(bad)
		r.wantTaken()
	})
}

// TestARenewalStandsThoughAMissionCanNotBeRead: what to stop is one thing, the lease another.
func TestARenewalStandsThoughAMissionCanNotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		k := s.granted(m)
		r.store.unreadable.Store(&m.MissionID)
		renewal := s.renewal()
		renewal.Running = []contracts.ExecutionRef{{MissionID: k.MissionID, Execution: k.Execution, Run: k.Run}}
		s.say(encode(t, contracts.NewRenewalMessage(s.token, renewal)))
		if reply := s.wantHeard(contracts.AnswerRenewed)[0].Renewal; !reply.Lease || len(reply.Stop) > 0 {
			t.Errorf("answered %+v", reply)
		}
		r.wantTaken()
	})
}
