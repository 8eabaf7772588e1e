package ingest_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
)

func TestARenewalOverTheQueueRenewsTheLeaseHoweverOldItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		k := s.granted(m)
		time.Sleep(time.Hour)
		if _, err := r.missions.Cancel(t.Context(), m.MissionID); err != nil {
			t.Fatal(err)
		}
		s.wantHeard(contracts.AnswerStop)
		renewal := s.renewal()
		renewal.Running = []contracts.ExecutionRef{{MissionID: k.MissionID, Execution: k.Execution, Run: k.Run}}
		s.say(encode(t, contracts.NewRenewalMessage(s.token, renewal)))
		reply := s.wantHeard(contracts.AnswerRenewed)[0].Renewal
		if reply.Session != s.session || !reply.Lease || reply.Dead || reply.Token != "" {
			t.Errorf("answered %+v", reply)
		}
		want := contracts.Stop{Execution: k.Execution, Reason: contracts.StopCancelled}
		if len(reply.Stop) != 1 || reply.Stop[0] != want {
			t.Errorf("told to stop %+v, want %+v", reply.Stop, want)
		}
		known, err := r.store.Session(t.Context(), s.session)
		r.must(err)
		if until := contracts.At(time.Now().Add(contracts.LeaseDuration)); known.LeaseUntil != until {
			t.Errorf("the lease ends at %v, want %v", known.LeaseUntil, until)
		}
		r.wantTaken()
	})
}

func TestARenewalOfADeadSessionOverTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.join("soldier-1")
		r.bury(s)
		s.say(encode(t, contracts.NewRenewalMessage(s.token, s.renewal())))
		if reply := s.wantHeard(contracts.AnswerRenewed)[0].Renewal; !reply.Dead {
			t.Errorf("answered %+v", reply)
		}
		r.wantTaken()
	})
}

// TestAMarkerComesBackAfterAllBeforeIt has the store slow, so that claims and the marker gather.
func TestAMarkerComesBackAfterAllBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, other := r.join("soldier-1"), r.join("other-commander")
		const claims = 200 // more than a batch
		var missions []contracts.Mission
		for range claims {
			missions = append(missions, r.submit())
		}
		release := r.store.hold()
		for _, m := range missions {
			s.say(s.pack(s.claim(m, r.id('e'))))
		}
		marker := encode(t, contracts.NewMarker(markerKey, "the marker", other.inbox))
		r.must(other.client.Publish(t.Context(), "status_queue", broker.Message{Body: marker}))
		other.wantHeard()
		release()
		answer := other.wantHeard(contracts.AnswerMarker)[0]
		if answer.Reason != "the marker" {
			t.Errorf("the marker %q came back", answer.Reason)
		}
		if got := len(s.heard()); got != claims {
			t.Errorf("%d of %d claims were answered", got, claims)
		}
		r.wantTaken()
	})
}

// TestAMarkerVouchesForNoBatchThatFails: the marker is in the second batch that is under way, and the first one, which came
// before it, goes back to the queue.
func TestAMarkerVouchesForNoBatchThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		release := r.store.hold()
		s.say(s.pack(s.claim(m, r.id('e'))))
		synctest.Wait()
		s.say(encode(t, contracts.NewMarker(markerKey, "the marker", s.inbox)))
		s.wantHeard()
		r.store.away.Store(true)
		release()
		s.wantHeard()
		r.wantDepth("status_queue", broker.Depth{Ready: 2})
		r.store.away.Store(false)
		time.Sleep(time.Second)
		s.wantHeard(contracts.AnswerGranted, contracts.AnswerMarker)
		r.wantTaken()
	})
}

// TestAMarkerWaitsWhileTheStoreIsAway: what it would vouch for is not taken either.
func TestAMarkerWaitsWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		r.store.away.Store(true)
		s.say(s.pack(s.claim(m, r.id('e'))))
		s.say(encode(t, contracts.NewMarker(markerKey, "the marker", s.inbox)))
		time.Sleep(time.Minute)
		s.wantHeard()
		r.store.away.Store(false)
		time.Sleep(time.Second)
		got := fmt.Sprint(s.wantHeard(contracts.AnswerGranted, contracts.AnswerMarker)[1].Reason)
		if got != "the marker" {
			t.Errorf("the marker %q came back", got)
		}
	})
}
