package mission_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// limited has all missions share a key of which so many may run.
func (w *world) limited(most int) {
	w.key, w.max = "k", most
	body, err := store.EncodeLimit(contracts.Limit{MaxRunning: most})
	w.ok(err)
	_, err = w.store.PutDocument(context.Background(), store.LimitsCollection, store.Document{Name: w.key, Body: body})
	w.ok(err)
}

// checkGate: no more run than may, who is not at the end and not before its time has a place or waits for one, and nobody waits
// while a place is free.
func (w *world) checkGate() {
	running, standing := 0, 0
	for _, id := range w.ids {
		switch w.load(id).Mission.Status {
		case contracts.StatusInProgress:
			running++
			standing++
		case contracts.StatusQueued:
			standing++
		}
	}
	gates, err := w.store.Gates(context.Background(), w.key)
	w.ok(err)
	g := gates[0]
	switch {
	case running > w.max:
		w.t.Fatalf("%d run, at most %d may", running, w.max)
	case g.Admitted > w.max || g.Admitted+g.Waiting != standing:
		w.t.Fatalf("at the gate are %+v, %d are QUEUED or IN_PROGRESS", g, standing)
	case g.Waiting > 0 && g.Admitted < w.max:
		w.t.Fatalf("%d wait, and %d of %d places are taken", g.Waiting, g.Admitted, w.max)
	}
}

// Whatever happens, deaths, cancels, retries and answers that are lost among it, no more missions of a key run than may, and all
// come to an end. But for a store that forgets: what it forgot may run beside.
func TestNoMoreRunThanMay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.limited(rapid.IntRange(1, 3).Draw(t, "max running"))
		w.submit()
		steps := w.steps()
		delete(steps, "forget")
		submit, check := steps["submit"], steps[""]
		steps["submit"] = func(t *rapid.T) {
			if len(w.ids) < 6 {
				w.submit()
			}
		}
		steps["submit 2"] = submit
		steps[""] = func(t *rapid.T) {
			check(t)
			w.checkGate()
		}
		t.Repeat(steps)
		w.finish()
		w.checkGate()
	})
}
