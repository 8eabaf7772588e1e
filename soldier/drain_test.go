package soldier_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier"
)

// TestACommanderAsksForTheDrain: however the soldier learns of it, it takes nothing more from then on, what runs goes on, and the
// program is told.
func TestACommanderAsksForTheDrain(t *testing.T) {
	for _, test := range []struct {
		name   string
		fault  func(c *fakeCommander)
		within time.Duration
	}{
		{"by an answer", func(*fakeCommander) {}, time.Second},
		{"by a renewal", func(c *fakeCommander) {
			c.mute = func(a contracts.Answer) bool { return a.Type == contracts.AnswerDrain }
		}, contracts.RenewAfter + time.Second},
		{"by a renewal over the broker", func(c *fakeCommander) {
			c.mute = func(a contracts.Answer) bool { return a.Type == contracts.AnswerDrain }
			c.httpFault = func(context.Context) error { return errors.New("connection refused") }
		}, contracts.RenewAfter + contracts.RenewalMessageEvery + 5*time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start()
				w.pass(time.Second)
				running := w.c.submit("work", `{"seconds":120}`)
				w.pass(time.Second)
				w.fault(test.fault)
				w.c.drain()
				w.pass(test.within)
				select {
				case <-w.s.DrainAsked():
				default:
					t.Fatalf("the program was not told within %v", test.within)
				}
				w.fault(func(c *fakeCommander) { c.mute, c.httpFault = nil, nil })
				late := w.c.submit("work", `{"seconds":1}`)
				w.pass(150 * time.Second) // the program takes its time
				w.expect(running, contracts.StatusCompleted, "")
				w.expect(late, contracts.StatusQueued, "")
				if n := w.b.ready(topology.Orders); n != 1 {
					t.Errorf("%d orders at the broker, want the late one", n)
				}
				w.stats(soldier.Stats{})
				if err := w.s.Stop(w.t.Context()); err != nil {
					t.Errorf("stop: %v", err)
				}
			})
		})
	}
}

// TestADrainOutlivesTheSession: the soldier goes on draining in the session that it gets for one that was declared dead.
func TestADrainOutlivesTheSession(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.pass(time.Second)
		w.c.drain()
		w.pass(time.Second)
		for _, id := range w.c.live() {
			w.c.declareDead(id)
		}
		w.c.submit("work", `{}`)
		w.pass(time.Minute)
		if n := w.b.ready(topology.Orders); n != 1 || len(w.c.live()) != 1 {
			t.Errorf("%d orders at the broker, sessions %v", n, w.c.live())
		}
	})
}

func TestNobodyAsksForTheDrain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.pass(time.Minute)
		if err := w.s.Stop(w.t.Context()); err != nil {
			t.Errorf("stop: %v", err)
		}
		select {
		case <-w.s.DrainAsked():
			t.Error("the program's own Stop looks like an operator's wish")
		default:
		}
	})
}
