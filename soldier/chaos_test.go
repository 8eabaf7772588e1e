package soldier_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/soldier"
)

// fleet is three soldiers that share a commander and a broker.
type fleet struct {
	w        *world
	rnd      *rand.Rand
	soldiers []*soldier.Soldier
	links    []*link
	made     int

	mu sync.Mutex
	// running executions by mission, of handlers whose context has not ended.
	running map[string]map[string]context.Context
	starts  map[string]int // by execution
}

func (f *fleet) recruit() (*soldier.Soldier, *link) {
	l := newLink(f.w.b)
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(f.rnd.Uint64(), 1))
	l.publish = func(string, broker.Message) (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		switch rnd.IntN(20) {
		case 0:
			return true, broker.ErrUnavailable // taken, but the confirm is lost
		case 1:
			return false, broker.ErrUnavailable
		}
		return true, nil
	}
	f.made++
	s, err := soldier.New(soldier.Config{
		ID: fmt.Sprintf("s%d", f.made), Slots: 3, Broker: l, EnrollmentKey: enrolment,
		HTTPClient: &http.Client{Transport: f.w.c}, DrainTimeout: 5 * time.Second,
	})
	if err != nil {
		f.w.t.Fatal(err)
	}
	soldier.Handle(s, "work", f.work)
	if err := s.Start(f.w.t.Context()); err != nil {
		f.w.t.Fatal(err)
	}
	return s, l
}

// work notes who works on what, and finds overlaps that nothing excuses.
func (f *fleet) work(ctx context.Context, m soldier.Mission[work]) (done, error) {
	f.mu.Lock()
	f.starts[m.Execution]++
	if f.starts[m.Execution] > 1 {
		f.w.t.Errorf("execution %s started twice", m.Execution)
	}
	for other, octx := range f.running[m.ID] {
		if octx.Err() == nil && !f.w.c.lost(other) {
			f.w.t.Errorf("mission %s run %d overlaps with execution %s, whose session lives", m.ID, m.Run, other)
		}
	}
	if f.running[m.ID] == nil {
		f.running[m.ID] = map[string]context.Context{}
	}
	f.running[m.ID][m.Execution] = ctx //nolint:fatcontext // kept to be asked whether it has ended
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.running[m.ID], m.Execution)
		f.mu.Unlock()
	}()
	return worker(ctx, m)
}

func TestChaos(t *testing.T) {
	seeds := 12
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inWorld(t, func(w *world) {
				f := &fleet{
					w: w, rnd: rand.New(rand.NewPCG(uint64(seed), 0)),
					running: map[string]map[string]context.Context{}, starts: map[string]int{},
				}
				f.run()
			})
		})
	}
}

func (f *fleet) run() {
	c := f.w.c
	for range 3 {
		s, l := f.recruit()
		f.soldiers, f.links = append(f.soldiers, s), append(f.links, l)
	}
	lossy := false
	chance := rand.New(rand.NewPCG(f.rnd.Uint64(), 2)) // asked under the commander's lock
	f.w.fault(func(c *fakeCommander) {
		c.mute = func(contracts.Answer) bool { return lossy && chance.IntN(4) == 0 }
		c.replyLost = func() bool { return lossy && chance.IntN(4) == 0 }
	})
	for range 120 {
		for range f.rnd.IntN(3) {
			c.submit("work", fmt.Sprintf(`{"seconds":%d}`, f.rnd.IntN(20)+60*(f.rnd.IntN(10)/9)))
		}
		i := f.rnd.IntN(3)
		switch f.rnd.IntN(10) {
		case 0, 1:
			f.links[i].cut()
		case 2, 3, 4:
			f.links[i].restore()
		case 5:
			f.w.fault(func(c *fakeCommander) { c.storeAway = !c.storeAway })
		case 6:
			f.w.fault(func(c *fakeCommander) {
				c.httpFault = func(context.Context) error { return errors.New("refused") }
				if lossy = !lossy; lossy {
					c.httpFault = nil
				}
			})
		case 7:
			if live := c.live(); len(live) > 0 && f.rnd.IntN(3) == 0 {
				c.declareDead(live[f.rnd.IntN(len(live))])
			}
		case 8:
			if f.rnd.IntN(3) == 0 {
				_ = f.soldiers[i].Stop(f.w.t.Context()) // may well leave work unfinished
				f.links[i].cut()
				f.soldiers[i], f.links[i] = f.recruit()
			}
		case 9:
			f.w.fault(func(c *fakeCommander) {
				c.httpFault = func(ctx context.Context) error {
					<-ctx.Done()
					return ctx.Err()
				}
			})
		}
		f.w.pass(time.Duration(f.rnd.IntN(8000)) * time.Millisecond)
	}
	// All is well again but for a publish that fails now and then: every mission must end.
	f.w.fault(func(c *fakeCommander) { c.storeAway, c.httpFault, lossy = false, nil, false })
	for _, l := range f.links {
		l.restore()
	}
	f.w.pass(20 * time.Minute)
	c.mu.Lock()
	missions, runs := len(c.missions), 0
	for id, m := range c.missions {
		if m.Status != contracts.StatusCompleted {
			f.w.t.Errorf("mission %s is %s after all (execution %q of session %s, dead %v)", id, m.Status, m.execution, m.session,
				c.sessions[m.session] != nil && c.sessions[m.session].dead)
		}
		runs += int(m.Run)
	}
	c.mu.Unlock()
	f.w.t.Logf("%d missions in %d runs, %d sessions", missions, runs, len(c.sessions))
	for i, s := range f.soldiers {
		if st := s.Stats(); st != (soldier.Stats{}) {
			f.w.t.Errorf("soldier is left with %+v", st)
		}
		if err := s.Stop(f.w.t.Context()); err != nil {
			f.w.t.Errorf("stop: %v", err)
		}
		f.links[i].cut()
	}
}
