package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// Config says what a drill does.
type Config struct {
	Schedule schedule.Config
	// BinDir is where the programs commander and soldier are. Required.
	BinDir string
	// Dir is where all data, logs and journals lie. Empty makes a temporary folder, which is removed after a drill without
	// violations and kept after one with some.
	Dir string
	// MaxMissions bounds how many missions are asked for. 0 means DefaultMaxMissions.
	MaxMissions int
	// Log gets a line for what happens, from several goroutines.
	Log func(format string, args ...any)
}

// DefaultMaxMissions is more than an hour's flow.
const DefaultMaxMissions = 20_000

const (
	startWithin = 2 * time.Minute
	wellWithin  = 2 * time.Minute
	// wellFor is how long the flow goes on after the last fault at least.
	wellFor = 5 * time.Second
	// endWithin is how long missions may take to end once all is well: a lease that runs out, a death's hold-off, an
	// order that has to be missed first, retries, and the longest mission, one after the other.
	endWithin = 5 * time.Minute
	askEvery  = 500 * time.Millisecond
	tellEvery = 5 * time.Second
)

// Outcome is what a drill found.
type Outcome struct {
	check.Report
	Seed     uint64        `json:"seed"`
	Length   time.Duration `json:"length_ns"`
	Versions Versions      `json:"versions"`
	// Dir is where the evidence lies; empty where it was removed.
	Dir string `json:"dir,omitempty"`
	// Interrupted: the drill was ended early; nothing is judged.
	Interrupted bool `json:"interrupted,omitempty"`
}

// Run runs a drill. An error means that the drill could not be held; what it found is in the Outcome.
func Run(ctx context.Context, cfg Config) (Outcome, error) {
	if err := cfg.Schedule.Check(); err != nil {
		return Outcome{}, err
	}
	if cfg.MaxMissions == 0 {
		cfg.MaxMissions = DefaultMaxMissions
	}
	out := Outcome{Seed: cfg.Schedule.Seed, Length: cfg.Schedule.Length, Dir: cfg.Dir}
	if out.Dir == "" {
		dir, err := os.MkdirTemp("", "mission-control-faults-")
		if err != nil {
			return out, fmt.Errorf("making the drill's folder: %w", err)
		}
		out.Dir = dir
	}
	s, err := newStack(out.Dir, cfg.BinDir, cfg.Log)
	if err != nil {
		return out, err
	}
	d := drill{cfg: cfg, stack: s, plan: schedule.New(cfg.Schedule), turns: map[string]*sync.Mutex{}}
	in, err := d.hold(ctx)
	err = errors.Join(err, s.stop(), s.close())
	if err == nil && ctx.Err() == nil {
		out.Versions = s.versions(ctx)
		out.Report, err = d.judge(in)
	}
	out.Interrupted = ctx.Err() != nil
	if cfg.Dir == "" && err == nil && len(out.Violations) == 0 {
		err = os.RemoveAll(out.Dir)
		out.Dir = ""
	}
	return out, err
}

// drill is one run.
type drill struct {
	cfg   Config
	stack *stack
	plan  []schedule.Fault

	mu     sync.Mutex
	faults []check.Fault
	turns  map[string]*sync.Mutex // of parts and links
}

// hold runs the flow through the faults, heals, waits for the missions' ends and reads them.
func (d *drill) hold(ctx context.Context) (check.Input, error) {
	var in check.Input
	starting, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	if err := d.stack.start(starting, schedule.Parts()...); err != nil {
		return in, err
	}
	if err := d.stack.awaitWell(starting); err != nil {
		return in, err
	}
	d.cfg.Log("the stack runs in %s, %d faults in %v", d.stack.dir, len(d.plan), d.cfg.Schedule.Length)

	f := newFlow(d.stack.urls(), d.cfg.MaxMissions)
	r := newReaders(f)
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	var beside sync.WaitGroup
	defer beside.Wait()
	defer stopReading()
	beside.Go(func() { _ = r.run(reading) }) // its addresses are those of our own commanders
	flowing, stopFlow := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer stopFlow()
	asking.Go(func() { f.run(flowing, d.cfg.Schedule.Seed, d.cfg.Schedule.Length) })

	in.Began = time.Now()
	if err := d.breakThings(ctx, in.Began); err != nil {
		return in, err
	}
	// What was started again may have taken its time: the flow goes on a little beyond, to see that it is well.
	sleep(ctx, max(time.Until(in.Began.Add(d.cfg.Schedule.Length)), wellFor))
	in.Ended = time.Now()
	stopFlow()
	asking.Wait() // calls that have begun are seen through
	if ctx.Err() != nil {
		return in, nil
	}
	well, cancelWell := context.WithTimeout(ctx, wellWithin)
	defer cancelWell()
	if err := d.stack.awaitWell(well); err != nil {
		d.cfg.Log("%v", err)
		in.Unwell = err.Error()
	}
	d.cfg.Log("all is healed; waiting for the missions' ends")
	in.Finals = d.finals(ctx, f)
	stopReading()
	beside.Wait()
	if ctx.Err() != nil {
		return in, nil // what was broken off says nothing
	}
	in.Missions, in.Sights, in.Faults = f.records(), r.seen(), d.faults
	for _, odd := range []map[string]int{f.odd, r.odd} {
		for answer, n := range odd {
			in.Odd = append(in.Odd, fmt.Sprintf("%d calls: %s", n, answer))
		}
	}
	return in, nil
}

// breakThings inflicts the schedule, and returns when all of it is undone.
func (d *drill) breakThings(ctx context.Context, began time.Time) error {
	errs := make([]error, len(d.plan))
	var all sync.WaitGroup
	for i, f := range d.plan {
		if !sleep(ctx, time.Until(began.Add(f.At))) {
			break
		}
		all.Go(func() {
			// What takes longer than planned to start again holds up what is to happen to it next.
			defer d.turn(f.On)()
			d.cfg.Log("%s %s for %.1f s", f.Kind, f.Where(), f.For.Seconds())
			happened := check.Fault{Fault: f, Began: time.Now()}
			errs[i] = d.stack.inflict(ctx, f)
			happened.Ended = time.Now()
			d.cfg.Log("%s %s is over", f.Kind, f.Where())
			d.mu.Lock()
			defer d.mu.Unlock()
			d.faults = append(d.faults, happened)
		})
	}
	all.Wait()
	slices.SortFunc(d.faults, func(a, b check.Fault) int { return a.Began.Compare(b.Began) })
	return errors.Join(errs...)
}

// turn waits until nothing is broken on any of these, and returns what lets others have their turn.
func (d *drill) turn(on []string) (done func()) {
	on = slices.Sorted(slices.Values(on)) // the same order for all
	held := make([]*sync.Mutex, len(on))
	for i, name := range on {
		d.mu.Lock()
		if d.turns[name] == nil {
			d.turns[name] = &sync.Mutex{}
		}
		held[i] = d.turns[name]
		d.mu.Unlock()
		held[i].Lock()
	}
	return func() {
		for _, m := range held {
			m.Unlock()
		}
	}
}

// finals waits until every accepted mission has ended, and reads each with its history; what had not ended in time is
// read as it is.
func (d *drill) finals(ctx context.Context, f *flow) map[string]check.Final {
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	c, err := client.New(client.Config{BaseURL: d.stack.urls()[0]})
	if err != nil {
		return nil // the address of our own commander
	}
	defer c.CloseIdleConnections()
	finals := map[string]check.Final{}
	left := f.known(d.cfg.MaxMissions * 2)
	told := time.Now()
	for len(left) > 0 {
		left = slices.DeleteFunc(left, func(id string) bool {
			final, over := final(ctx, c, id)
			if over || final.Mission.MissionID != "" {
				finals[id] = final
			}
			return over
		})
		if time.Since(told) > tellEvery {
			told = time.Now()
			d.cfg.Log("%d missions have not ended", len(left))
		}
		if len(left) == 0 || !sleep(ctx, askEvery+time.Duration(len(left))*10*time.Millisecond) {
			break
		}
	}
	return finals
}

// final reads one mission. It tells whether that is its last state.
func final(ctx context.Context, c *client.Client, id string) (check.Final, bool) {
	m, err := c.Get(ctx, id)
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		return check.Final{Missing: true}, true
	}
	if err != nil {
		return check.Final{}, false
	}
	h, err := c.History(ctx, id)
	if err != nil {
		return check.Final{}, false
	}
	if now, err := c.Get(ctx, id); err != nil || now.Version != m.Version {
		return check.Final{}, false // it changed in between
	}
	return check.Final{Mission: m.Mission, History: h.Lines, Dropped: h.Dropped}, m.Status.Terminal()
}

// judge adds what the processes left, and has all of it checked.
func (d *drill) judge(in check.Input) (check.Report, error) {
	book, err := journal.Read(d.stack.journalDir(), time.Time{}, func(string) bool { return true })
	if err != nil {
		return check.Report{}, err
	}
	in.Executions = book.Executions
	crashes, deaths := d.stack.evidence()
	in.Crashes, in.Deaths = append(in.Crashes, crashes...), deaths
	return check.Check(in), nil
}
