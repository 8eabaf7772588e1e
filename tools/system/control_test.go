package system

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

func (w *world) cancel(id string) contracts.Mission {
	w.Helper()
	m, err := w.client.Cancel(w.Context(), id)
	w.must(err)
	return m.Mission
}

func TestCancelWhileQueued(t *testing.T) {
	inWorld(t, func(w *world) {
		id := w.submit(1)
		time.Sleep(time.Hour)
		if m := w.cancel(id); m.Status != contracts.StatusCancelled {
			w.Errorf("cancelled, it is %s", m.Status)
		}
		// Its order still lies in the queue; whoever takes it learns that there is nothing to do.
		w.fleet(1)
		w.await(w.submit(1), contracts.StatusCompleted)
		if m := w.get(id); m.Status != contracts.StatusCancelled || m.Run != 0 {
			w.Errorf("mission is %s on run %d", m.Status, m.Run)
		}
		if _, err := w.client.Cancel(w.Context(), id); code(err) != "wrong_status" {
			w.Errorf("cancelled again: %v", err)
		}
	})
}

func TestCancelWhileRunning(t *testing.T) {
	for name, c := range map[string]struct {
		// before the cancel, and after it; what the mission is in between.
		before, after func(*world, *unit)
		meanwhile     contracts.Status
	}{
		"all well": {
			before: func(*world, *unit) {}, meanwhile: contracts.StatusCancelled,
			after: func(*world, *unit) {},
		},
		"the broker is away": { // a renewal's reply tells the soldier, and its word waits for the broker
			before: func(w *world, _ *unit) { w.broker.Down() }, meanwhile: contracts.StatusInProgress,
			after: func(w *world, u *unit) {
				if s := u.worker.Stats(); s.Running != 0 || s.Kept != 1 {
					w.Errorf("the soldier was not told: %+v", s)
				}
				w.broker.Up()
			},
		},
		"the soldier vanishes": { // its death ends the mission
			before: func(_ *world, u *unit) { u.unplug() }, meanwhile: contracts.StatusInProgress,
			after: func(*world, *unit) {},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				u := w.fleet(1)[0]
				id := w.submit(3 * 3600)
				w.await(id, contracts.StatusInProgress)
				time.Sleep(2 * time.Hour)
				c.before(w, u)
				time.Sleep(time.Second)
				if m := w.cancel(id); !m.CancelRequested {
					w.Errorf("cancelled, it is %+v", m)
				}
				time.Sleep(5 * time.Second)
				if m := w.get(id); m.Status != c.meanwhile || !m.CancelRequested {
					w.Errorf("5 s later it is %s, cancel requested %v", m.Status, m.CancelRequested)
				}
				c.after(w, u)
				time.Sleep(time.Minute)
				if m := w.get(id); m.Status != contracts.StatusCancelled || m.Run != 1 {
					w.Errorf("in the end it is %s on run %d", m.Status, m.Run)
				}
			})
		})
	}
}

// TestDrain: what ends in time ends on its soldier; the rest is handed back, which spends neither an attempt nor a loss,
// and runs on another one.
func TestDrain(t *testing.T) {
	inWorld(t, func(w *world) {
		leaver := w.recruit("leaver")
		long, short := w.submit(3*3600), w.submit(100)
		w.await(long, contracts.StatusInProgress)
		w.await(short, contracts.StatusInProgress)
		time.Sleep(98 * time.Second)
		w.recruit("stayer")
		w.must(leaver.drain())
		if m := w.await(short, contracts.StatusCompleted); m.Run != 1 || m.SoldierID != "leaver" {
			w.Errorf("the short one completed on %s, run %d", m.SoldierID, m.Run)
		}
		time.Sleep(time.Minute)
		if m := w.get(long); m.Status != contracts.StatusInProgress || m.SoldierID != "stayer" {
			w.Errorf("the long one is %s on %s", m.Status, m.SoldierID)
		}
		time.Sleep(3 * time.Hour)
		m := w.get(long)
		if m.Status != contracts.StatusCompleted || m.Run != 2 || m.Attempt != 1 || m.Losses != 0 {
			w.Errorf("the long one is %s on run %d, attempt %d, %d losses", m.Status, m.Run, m.Attempt, m.Losses)
		}
		book, err := journal.Read(w.journals, time.Time{}, func(id string) bool { return id == long })
		w.must(err)
		var outcomes []string
		for _, e := range book.Executions {
			outcomes = append(outcomes, e.Outcome)
		}
		if !slices.Equal(outcomes, []string{journal.OutcomeReleased, journal.OutcomeCompleted}) {
			w.Errorf("the soldiers' journals say %v", outcomes)
		}
	})
}

// TestDrainWithoutBroker: a soldier that can't hand its work back says so, and its lease stands for the work.
func TestDrainWithoutBroker(t *testing.T) {
	inWorld(t, func(w *world) {
		leaver := w.fleet(1)[0]
		id := w.submit(600)
		w.await(id, contracts.StatusInProgress)
		w.broker.Down()
		if err := leaver.drain(); !errors.Is(err, soldier.ErrDrained) {
			w.Errorf("drained without a broker: %v", err)
		}
		w.recruit("stayer")
		time.Sleep(outage)
		if m := w.get(id); m.Status != contracts.StatusInProgress || len(w.sessions("dead")) > 0 {
			w.Errorf("without a broker nobody dies, and yet the mission is %s, the dead are %v", m.Status, w.sessions("dead"))
		}
		w.broker.Up()
		if m := w.await(id, contracts.StatusCompleted); m.Run != 2 || m.Losses != 1 {
			w.Errorf("completed on run %d, %d losses", m.Run, m.Losses)
		}
	})
}
