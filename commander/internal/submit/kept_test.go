package submit_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/contracts"
)

// TestWhatTheBrokerKeepsOfAMission: of a high and a low one, and of its deadline, all.
func TestWhatTheBrokerKeepsOfAMission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		r.store.away.Store(true)
		seconds := 7200
		var accepted []contracts.Mission
		for _, p := range contracts.Priorities() {
			request := request(string(p))
			request.Priority, request.DeadlineSeconds = p, &seconds
			m, durable, err := r.desk.Submit(t.Context(), request, nil)
			r.must(err)
			if durable != submit.OnBroker || m.Priority != p || m.DeadlineAt.Sub(m.CreatedAt.Time) != 2*time.Hour {
				t.Errorf("kept by %q: %+v", durable, m)
			}
			accepted = append(accepted, m)
		}
		time.Sleep(time.Hour)
		r.store.away.Store(false)
		time.Sleep(time.Second)
		for _, want := range accepted {
			m := r.load(want.MissionID)
			if m.Status != contracts.StatusQueued || m.Priority != want.Priority || m.DeadlineAt != want.DeadlineAt {
				t.Errorf("created %+v, accepted %+v", m, want)
			}
		}
	})
}
