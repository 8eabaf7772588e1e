package mission_test

import (
	"context"
	"errors"
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

// anyKey draws the key of a mission, where some have it.
func (w *world) anyKey() string {
	if w.keyless && rapid.Bool().Draw(w.t, "without key") {
		return ""
	}
	return w.key
}

// limitSquad lets so many missions of the default squad run; 0: any number.
func (w *world) limitSquad(most int) {
	ctx := context.Background()
	d, err := w.store.Document(ctx, store.SquadLimitsCollection, contracts.DefaultSquad)
	if !errors.Is(err, store.ErrNotFound) {
		w.ok(err)
	}
	if most == 0 {
		if err == nil {
			w.ok(w.store.DeleteDocument(ctx, store.SquadLimitsCollection, contracts.DefaultSquad, d.Version))
		}
		return
	}
	d.Name = contracts.DefaultSquad
	d.Body, err = store.EncodeLimit(contracts.Limit{MaxRunning: most})
	w.ok(err)
	_, err = w.store.PutDocument(ctx, store.SquadLimitsCollection, d)
	w.ok(err)
}

// checkGate: no more run than may, who is not at the end and not before its time has a place or waits for one, and nobody waits
// while a place is free.
func (w *world) checkGate() {
	w.checkGateOf(w.key, w.max, func(m contracts.Mission) bool { return m.ConcurrencyKey == w.key })
}

// checkSquad: likewise of those that have passed their key's gate.
func (w *world) checkSquad(most int) {
	w.checkGateOf(store.SquadGate(contracts.DefaultSquad), most, func(m contracts.Mission) bool {
		waits, err := w.store.WaitsAtGate(context.Background(), w.key, m.MissionID)
		w.ok(err)
		return !waits
	})
}

func (w *world) checkGateOf(gate string, most int, is func(contracts.Mission) bool) {
	running, standing := 0, 0
	for _, id := range w.ids {
		m := w.load(id).Mission
		switch {
		case !is(m):
		case m.Status == contracts.StatusInProgress:
			running++
			standing++
		case m.Status == contracts.StatusQueued:
			standing++
		}
	}
	gates, err := w.store.Gates(context.Background(), gate)
	w.ok(err)
	g := gates[0]
	switch {
	case running > most:
		w.t.Fatalf("%d run, at most %d may", running, most)
	case g.Admitted > most || g.Admitted+g.Waiting != standing:
		w.t.Fatalf("at the gate are %+v, %d are QUEUED or IN_PROGRESS", g, standing)
	case g.Waiting > 0 && g.Admitted < most:
		w.t.Fatalf("%d wait, and %d of %d places are taken", g.Waiting, g.Admitted, most)
	}
}

// Whatever happens, deaths, cancels, retries and answers that are lost among it, no more missions of a key run than may, and all
// come to an end. But for a store that forgets: what it forgot may run beside.
func TestNoMoreRunThanMay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.limited(rapid.IntRange(1, 3).Draw(t, "max running"))
		w.submit()
		w.run(w.checkGate)
	})
}

// With a limit of the squad beside: no more of both run than may, and nobody waits for ever.
func TestNoMoreOfASquadRunThanMay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.limited(rapid.IntRange(1, 3).Draw(t, "max running"))
		w.keyless = true
		most := rapid.IntRange(1, 3).Draw(t, "max running of the squad")
		w.limitSquad(most)
		w.submit()
		w.run(func() {
			w.checkGate()
			w.checkSquad(most)
		})
	})
}

// Limits of a squad that come and go leave nobody behind, also where whoever changed them died before the gate was opened.
func TestLimitsOfASquadComeAndGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.limited(rapid.IntRange(1, 3).Draw(t, "max running"))
		w.keyless = true
		w.submit()
		w.run(func() {
			if rapid.IntRange(0, 3).Draw(t, "the limit changes") > 0 {
				return
			}
			w.limitSquad(rapid.IntRange(0, 3).Draw(t, "max running of the squad"))
			if rapid.Bool().Draw(t, "the gate is opened") {
				w.ok(w.store.OpenGate(context.Background(), store.SquadGate(contracts.DefaultSquad)))
			}
		})
	})
}

// run lets anything happen but a store that forgets, and then all come to an end. also is called after each step.
func (w *world) run(also func()) {
	steps := w.steps()
	delete(steps, "forget")
	submit, check := steps["submit"], steps[""]
	steps["submit"] = func(*rapid.T) {
		if len(w.ids) < 6 {
			w.submit()
		}
	}
	steps["submit 2"] = submit
	steps[""] = func(t *rapid.T) {
		check(t)
		also()
	}
	w.t.Repeat(steps)
	w.finish()
	also()
}
