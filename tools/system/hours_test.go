package system

import (
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// TestHoursOfRenewals: missions that last a thousand tokens' lives complete on run 1, and no lease is lost meanwhile.
func TestHoursOfRenewals(t *testing.T) {
	inWorld(t, func(w *world) {
		w.fleet(3)
		before := w.sessions("live")
		var ids []string
		for i := range 40 {
			ids = append(ids, w.submit(1800+i*300))
		}
		began := time.Now()
		time.Sleep(4 * time.Hour)
		for _, id := range ids {
			m := w.get(id)
			if m.Status != contracts.StatusCompleted || m.Run != 1 || m.Losses != 0 {
				w.Errorf("%s: %s on run %d, %d losses", m.Name, m.Status, m.Run, m.Losses)
			}
		}
		after := w.sessions("live")
		if dead := w.sessions("dead"); len(dead) > 0 || len(after) != len(before) {
			w.Fatalf("sessions before %v, after %v, dead %v", before, after, dead)
		}
		for i := range after {
			if after[i].Session != before[i].Session {
				w.Errorf("%s has another session than %v ago", after[i].SoldierID, time.Since(began))
			}
		}
	})
}
