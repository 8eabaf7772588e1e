package ingest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

func TestWithoutTheStoreMessagesWaitAtTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		k := s.granted(m)
		r.store.away.Store(true)
		const messages = 300 // more than a batch
		for range messages {
			s.say(s.pack(s.final(contracts.UpdateCompleted, k)))
		}
		// The subscription is given up, and nothing is acked.
		r.wantDepth(topology.Status, broker.Depth{Ready: messages})
		if !r.intake.GivenUp() {
			t.Fatal("the subscription is not given up")
		}
		s.wantHeard()
		time.Sleep(time.Hour)
		s.say(s.pack(s.claim(m, r.id('e')))) // its token has expired
		r.wantDepth(topology.Status, broker.Depth{Ready: messages + 1})
		if !r.intake.GivenUp() || r.ups != 1 || r.downs == 0 {
			t.Fatalf("an hour later: given up %v, %d times up, %d times down", r.intake.GivenUp(), r.ups, r.downs)
		}

		r.store.away.Store(false)
		time.Sleep(time.Second)
		r.wantDepth(topology.Status, broker.Depth{Consumers: 1})
		if r.intake.GivenUp() || r.ups != 2 {
			t.Fatalf("with the store back: given up %v, %d times up, want 2", r.intake.GivenUp(), r.ups)
		}
		if got := len(s.heard()); got != messages {
			t.Errorf("%d answers for %d results", got, messages)
		}
		r.wantStatus(m.MissionID, contracts.StatusCompleted)
		if got := r.setAside(); len(got) != 1 || got[0].Headers["reason"] != "expired" {
			t.Errorf("%d messages set aside, want the last one", len(got))
		}
		r.wantTaken()
	})
}

func TestAnIntakeThatStartsWithoutTheStoreWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		for range 3 {
			r.store.away.Store(true)
			s.say(s.pack(s.claim(m, r.id('e'))))
			r.wantDepth(topology.Status, broker.Depth{Ready: 1})
			r.store.away.Store(false)
			time.Sleep(time.Second)
			r.wantDepth(topology.Status, broker.Depth{Consumers: 1})
		}
		if got := len(s.heard()); got != 3 {
			t.Errorf("%d answers for 3 claims", got)
		}
		if r.ups != 4 {
			t.Errorf("%d times up, want 4", r.ups)
		}
	})
}

func TestTheIntakeFollowsTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s, m := r.join("soldier-1"), r.submit()
		k := s.granted(m)
		r.broker.Restart()
		synctest.Wait()
		s.say(s.pack(s.final(contracts.UpdateCompleted, k)))
		s.wantHeard(contracts.AnswerRecorded)
		if r.ups != 2 || r.downs != 1 || r.intake.GivenUp() {
			t.Errorf("%d times up, %d times down, given up %v", r.ups, r.downs, r.intake.GivenUp())
		}
	})
}

// TestStopGivesBackWhatWasNotSettled has more messages taken than two batches hold, and the store slow. Of the two claims
// that are under way one is granted; the other is to be decided anew, for which it is too late.
func TestStopGivesBackWhatWasNotSettled(t *testing.T) {
	for range 20 { // what the stopping loop sees first is a matter of luck
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			s, m := r.join("soldier-1"), r.submit()
			release := r.store.hold()
			const messages = 300
			for range 2 { // one for each batch that may be under way
				s.say(s.pack(s.claim(m, r.id('e'))))
				synctest.Wait()
			}
			for range messages - 1 {
				s.say(s.pack(s.claim(m, r.id('e'))))
			}
			r.wantDepth(topology.Status, broker.Depth{Consumers: 1})
			stopped := make(chan struct{})
			go func() {
				defer close(stopped)
				r.stop()
			}()
			synctest.Wait()
			release()
			<-stopped
			r.stop()
			// The connection still stands: this is not the broker's doing.
			r.wantDepth(topology.Status, broker.Depth{Ready: messages})
			s.wantHeard(contracts.AnswerGranted)
		})
	}
}
