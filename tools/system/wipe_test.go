package system

import (
	"context"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// TestWipedWhileMissionsWaitAndRun: what waits at the broker and what runs goes on as if nothing had happened, each once;
// what had ended, or was nowhere but in the store, is gone.
func TestWipedWhileMissionsWaitAndRun(t *testing.T) {
	inWorld(t, func(w *world) {
		w.fleet(2, func(c *soldier.Config) { c.Slots = 4 })
		ended := w.submit(1)
		w.await(ended, contracts.StatusCompleted)
		var running, waiting []string
		for range 8 {
			running = append(running, w.submit(40))
		}
		for _, id := range running {
			w.await(id, contracts.StatusInProgress)
		}
		for range 12 {
			waiting = append(waiting, w.submit(5))
		}
		time.Sleep(10 * time.Second) // the orders are out
		resets := w.resets()

		w.store.wipe()
		for _, id := range running {
			w.comesBack(id, contracts.StatusInProgress)
		}
		for _, id := range running {
			if m := w.get(id); m.Status != contracts.StatusInProgress || m.Run != 1 || m.Version < 1_000_000 {
				w.Errorf("adopted as it runs: %+v", m)
			}
		}
		for _, id := range running {
			if m := w.comesBack(id, contracts.StatusCompleted); m.Run != 1 || m.Losses != 0 || m.Name != "40 seconds" {
				w.Errorf("%+v", m)
			}
		}
		for _, id := range waiting {
			if m := w.comesBack(id, contracts.StatusCompleted); m.Run <= 1 || m.Losses != 0 || m.Attempt != 1 {
				w.Errorf("%+v", m)
			}
			h, err := w.client.History(w.Context(), id)
			w.must(err)
			if len(h.Lines) != 3 || h.Lines[0].Cause != contracts.CauseAdopted || h.Lines[1].Cause != contracts.CauseGranted {
				w.Errorf("history %+v", h.Lines)
			}
		}
		if _, err := w.client.Get(w.Context(), ended); code(err) != "not_found" {
			w.Errorf("what had ended: %v", err)
		}
		if n := w.ready(topology.StatusRefused); n != 0 {
			w.Errorf("%d messages set aside", n)
		}
		if n := resets(); n == 0 {
			w.Error("no reset in the stream of events")
		}
		w.once(append(running, waiting...)...)
	})
}

// TestWipedAndItsFinalsWait: soldiers end what they run while no commander is there, and are gone when one comes back to a
// wiped store. Their finals carry enough.
func TestWipedAndItsFinalsWait(t *testing.T) {
	inWorld(t, func(w *world) {
		u := w.fleet(1)[0]
		id := w.submit(10)
		w.await(id, contracts.StatusInProgress)
		w.retire()
		time.Sleep(15 * time.Second)
		u.end()
		w.store.wipe()
		w.command()
		if m := w.comesBack(id, contracts.StatusCompleted); m.Run != 1 || m.Name != "10 seconds" || len(m.Result) == 0 {
			w.Errorf("%+v", m)
		}
		w.once(id)
	})
}

// TestWipedAndAnOrderWasDeliveredBefore: who had the order before may have carried it out, so nobody gets it now. It is set
// aside, whole.
func TestWipedAndAnOrderWasDeliveredBefore(t *testing.T) {
	inWorld(t, func(w *world) {
		u := w.fleet(1)[0]
		id := w.submit(40)
		w.await(id, contracts.StatusInProgress)
		w.store.wipe()
		u.kill()
		began := time.Now()
		w.recruit("heir")
		w.until("the order is set aside", func() bool { return w.ready(topology.StatusRefused) == 1 })
		if waited := time.Since(began); waited < contracts.LeaseDuration-time.Second {
			w.Errorf("its holder had but %v to speak up", waited)
		}
		w.until("the heir has let it go", func() bool { return w.ready(topology.Orders) == 0 })
		time.Sleep(time.Minute) // until then a young id may be one that waits for its creation, as far as a new commander knows
		if _, err := w.client.Get(w.Context(), id); code(err) != "not_found" {
			w.Errorf("it was adopted: %v", err)
		}
		w.await(w.submit(1), contracts.StatusCompleted)
		if n := w.ready(topology.StatusRefused); n != 1 {
			w.Errorf("%d messages set aside", n)
		}
	})
}

// TestWipedAndTheHolderLives: its orders come to another one, because its connection broke in that moment, too. It speaks up
// in time, and nothing is set aside.
func TestWipedAndTheHolderLives(t *testing.T) {
	inWorld(t, func(w *world) {
		units := w.fleet(2)
		var ids []string
		for range 6 {
			ids = append(ids, w.submit(50))
		}
		for _, id := range ids {
			w.await(id, contracts.StatusInProgress)
		}
		w.store.wipe()
		for _, u := range units {
			u.link.Cut()
		}
		for _, id := range ids {
			if m := w.comesBack(id, contracts.StatusCompleted); m.Run != 1 {
				w.Errorf("%+v", m)
			}
		}
		if n := w.ready(topology.StatusRefused); n != 0 {
			w.Errorf("%d messages set aside", n)
		}
		w.once(ids...)
	})
}

// comesBack waits until the mission is in the status, whether the store knows it yet or not.
func (w *world) comesBack(id string, status contracts.Status) contracts.Mission {
	w.Helper()
	var m contracts.Mission
	w.until("mission "+id+" is "+string(status), func() bool {
		got, err := w.client.Get(w.Context(), id)
		m = got.Mission
		return err == nil && !got.Degraded && m.Status == status
	})
	return m
}

// resets follows the events until the end of the test, and tells how many resets there were.
func (w *world) resets() func() int {
	ctx, cancel := context.WithCancel(w.Context())
	seen := make(chan int, 1)
	seen <- 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e, err := range w.client.Events(ctx, client.EventsOptions{}) {
			if err == nil && e.Type == client.EventReset {
				seen <- 1 + <-seen
			}
		}
	}()
	return func() int {
		cancel()
		<-done
		return <-seen
	}
}

// ready is how many messages wait in a queue.
func (w *world) ready(queue string) int {
	w.Helper()
	c := w.broker.Connect(membroker.Config{})
	defer func() { _ = c.Close(context.Background()) }()
	d, err := c.Depth(w.Context(), queue)
	w.must(err)
	return d.Ready
}

// once wants each mission to have been started once, as the soldiers' journals say.
func (w *world) once(ids ...string) {
	w.Helper()
	for _, id := range ids {
		book, err := journal.Read(w.journals, time.Time{}, func(m string) bool { return m == id })
		w.must(err)
		if n := len(book.Executions); n != 1 {
			w.Errorf("mission %s was started %d times", id, n)
		}
	}
}
