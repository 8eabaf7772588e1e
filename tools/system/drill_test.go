package system

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/drill"
	"github.com/mission-control-dev/mission-control/tools/internal/drill/verdict"
)

// drilling is a drill under way.
type drilling struct {
	w    *world
	done chan struct{}
	out  drill.Outcome
	err  error
}

type quiet struct{}

func (quiet) Log(string, ...any)      {}
func (quiet) Step(string, ...any)     {}
func (quiet) Progress(drill.Progress) {}

// drill begins to drill the world with missions of 20 to 200 s, reads beside them, and no excuse for a second run.
func (w *world) drill(missions int, edit ...func(*drill.Config)) *drilling {
	w.Helper()
	shortest, longest, never := 20.0, 200.0, 0.0
	cfg := drill.Config{
		Missions: missions, Concurrency: 8, MinSeconds: &shortest, MaxSeconds: &longest, FailureRate: &never,
		Deadline: 3 * time.Hour, ReadsPerSecond: 2, Journals: w.journals, Strict: true,
	}
	for _, e := range edit {
		e(&cfg)
	}
	w.must(cfg.Check())
	d := &drilling{w: w, done: make(chan struct{})}
	go func() {
		defer close(d.done)
		d.out, d.err = drill.New(cfg, w.client, quiet{}).Run(w.Context())
	}()
	return d
}

// verdict waits for the drill's end. All missions must have completed, without a fault.
func (d *drilling) verdict() verdict.Report {
	d.w.Helper()
	<-d.done
	d.w.must(d.err)
	for _, f := range d.out.Faults {
		d.w.Errorf("%s %s: %s", f.Code, f.MissionID, f.Text)
	}
	if m := d.out.Missions; m.Completed != m.Asked || !d.out.Executions.Known {
		d.w.Errorf("missions %+v, executions %+v", m, d.out.Executions)
	}
	return d.out.Report
}

// sameSessions insists that nobody was declared dead.
func (w *world) sameSessions(before []client.Soldier) {
	w.Helper()
	if dead := w.sessions("dead"); len(dead) > 0 {
		w.Errorf("declared dead: %+v", dead)
	}
	after := w.sessions("live")
	for i := range before {
		if i >= len(after) || after[i].Session != before[i].Session {
			w.Fatalf("sessions were %+v and are %+v", before, after)
		}
	}
}

func (w *world) health() client.Health {
	w.Helper()
	h, err := w.client.Health(w.Context())
	w.must(err)
	return h
}

// code is that of a refusal.
func code(err error) string {
	if p, ok := errors.AsType[*client.Problem](err); ok {
		return p.Code
	}
	return ""
}

// outage is how long servers are away in these tests: longer than any lease or token.
const outage = 7 * time.Minute

// TestStoreAway: nothing is lost, nobody is killed, reads go on; what was running ends, and is recorded afterwards.
func TestStoreAway(t *testing.T) {
	inWorld(t, func(w *world) {
		w.fleet(3)
		before := w.sessions("live")
		running := w.drill(60)
		time.Sleep(30 * time.Second)
		w.store.leave()
		time.Sleep(5 * time.Second)
		if h := w.health(); h.Status != client.HealthDegraded || h.Checks["redis"].Status != "down" {
			w.Errorf("health %+v", h)
		}
		if _, err := w.client.Submit(w.Context(), order(1), client.SubmitOptions{}); code(err) != "store_unavailable" {
			w.Errorf("submitting without a store: %v", err)
		}
		late := w.drill(20)
		time.Sleep(outage)
		page, err := w.client.ListPage(w.Context(), client.ListOptions{})
		if err != nil || !page.Degraded || len(page.Missions) != 50 {
			w.Errorf("reading without a store: %d missions, degraded %v, %v", len(page.Missions), page.Degraded, err)
		}
		w.store.comeTo()
		running.verdict()
		late.verdict()
		w.sameSessions(before)
	})
}

// TestBrokerAway: missions are accepted all the while; what was running ends, and is recorded afterwards.
func TestBrokerAway(t *testing.T) {
	inWorld(t, func(w *world) {
		w.fleet(3)
		before := w.sessions("live")
		running := w.drill(60)
		time.Sleep(30 * time.Second)
		w.broker.Down()
		time.Sleep(5 * time.Second)
		if h := w.health(); h.Status != client.HealthDegraded || h.Checks["rabbitmq"].Status != "down" {
			w.Errorf("health %+v", h)
		}
		id := w.submit(1)
		late := w.drill(20)
		time.Sleep(outage)
		if m := w.get(id); m.Status != contracts.StatusQueued {
			w.Errorf("without a broker a mission became %s", m.Status)
		}
		w.broker.Up()
		w.await(id, contracts.StatusCompleted)
		running.verdict()
		late.verdict()
		w.sameSessions(before)
	})
}

// TestCommanderAway: soldiers without a commander go on; the next one waits before it declares anybody dead, and records
// what ended meanwhile.
func TestCommanderAway(t *testing.T) {
	inWorld(t, func(w *world) {
		w.fleet(3)
		before := w.sessions("live")
		running := w.drill(60, func(c *drill.Config) { c.ReadsPerSecond = 0 })
		time.Sleep(30 * time.Second)
		w.retire()
		time.Sleep(outage)
		w.command()
		running.verdict()
		w.sameSessions(before)
	})
}

// TestBothAway: the store and the broker are away for overlapping times.
func TestBothAway(t *testing.T) {
	inWorld(t, func(w *world) {
		w.fleet(3)
		before := w.sessions("live")
		running := w.drill(60)
		time.Sleep(30 * time.Second)
		w.broker.Down()
		time.Sleep(time.Minute)
		w.store.leave()
		time.Sleep(5 * time.Second)
		if h := w.health(); h.Status != client.HealthDown {
			w.Errorf("health %+v", h)
		}
		time.Sleep(outage)
		w.broker.Up()
		time.Sleep(time.Minute)
		w.store.comeTo()
		running.verdict()
		w.sameSessions(before)
	})
}

// TestSoldierVanishes: it is declared dead within the time that the documentation gives, and what it ran runs again.
func TestSoldierVanishes(t *testing.T) {
	for name, c := range map[string]struct {
		vanish func(*unit)
		within time.Duration
	}{
		"killed":    {(*unit).kill, 15 * time.Second},
		"unplugged": {(*unit).unplug, 45 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				units := w.fleet(3)
				running := w.drill(36, func(c *drill.Config) { c.Strict = false })
				time.Sleep(15 * time.Second)
				var held []string
				for m, err := range w.client.List(w.Context(), client.ListOptions{Status: contracts.StatusInProgress}) {
					w.must(err)
					if m.SoldierID == units[0].id {
						held = append(held, m.MissionID)
					}
				}
				c.vanish(units[0])
				time.Sleep(c.within)
				if dead := w.sessions("dead"); len(dead) != 1 || dead[0].SoldierID != units[0].id {
					w.Errorf("%v after it vanished the dead are %+v", c.within, dead)
				}
				r := running.verdict()
				if len(held) == 0 || r.Executions.MissionsRerun < len(held) {
					w.Errorf("it ran %d missions, %d ran again", len(held), r.Executions.MissionsRerun)
				}
				for _, id := range held {
					if m := w.get(id); m.Run != 2 || m.Attempt != 1 || m.Losses != 1 {
						w.Errorf("mission %s: run %d, attempt %d, %d losses", id, m.Run, m.Attempt, m.Losses)
					}
				}
				if dead := w.sessions("dead"); len(dead) != 1 {
					w.Errorf("the dead in the end: %+v", dead)
				}
			})
		})
	}
}

// TestFleetVanishes: with nobody left the missions wait, and run on whoever comes.
func TestFleetVanishes(t *testing.T) {
	inWorld(t, func(w *world) {
		units := w.fleet(2)
		running := w.drill(20, func(c *drill.Config) { c.Strict, c.ReadsPerSecond = false, 0 })
		time.Sleep(15 * time.Second)
		for _, u := range units {
			u.kill()
		}
		time.Sleep(time.Hour)
		stats, err := w.client.Stats(context.WithoutCancel(w.Context()))
		if err != nil || stats.Counts[contracts.StatusInProgress] != 0 || stats.Counts[contracts.StatusQueued] == 0 {
			w.Errorf("an hour after the fleet vanished: %v, %v", stats.Counts, err)
		}
		w.recruit("soldier-3")
		running.verdict()
	})
}
