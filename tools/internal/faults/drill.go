package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

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
	// Rate is how many missions are asked for a second, by all clients. 0 means DefaultRate.
	Rate float64
	// MaxMissions bounds how many missions are asked for. 0 means DefaultMaxMissions.
	MaxMissions int
	// Log gets a line for what happens, from several goroutines.
	Log func(format string, args ...any)
}

// length is how long the drill goes on, without what it waits for.
func (c Config) length() time.Duration { return schedule.LengthOf(c.Schedule) }

// DefaultRate suits short drills on small machines.
const DefaultRate = 2

// DefaultMaxMissions is an hour's flow at 14 a second; more would take gigabytes.
const DefaultMaxMissions = 50_000

const (
	startWithin = 2 * time.Minute
	wellWithin  = 2 * time.Minute
	// wellFor is how long the flow goes on after the last fault at least.
	wellFor = 5 * time.Second
	// endWithin is how long missions may take to end once all is well: a lease that runs out, a death's hold-off, an
	// order that has to be missed first, retries, and the longest mission, one after the other.
	endWithin = 5 * time.Minute
	// readingWithin is how long it may take on top to read all of them, which are many in a long drill.
	readingWithin = 5 * time.Minute
	// atOnce is how many missions are read at the same time in the end.
	atOnce    = 16
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
	// Alone: each fault occurred alone.
	Alone bool `json:"alone,omitempty"`
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
	if cfg.Rate == 0 {
		cfg.Rate = DefaultRate
	}
	out := Outcome{Seed: cfg.Schedule.Seed, Length: cfg.length(), Dir: cfg.Dir, Alone: cfg.Schedule.Each > 0}
	if out.Dir == "" {
		dir, err := os.MkdirTemp("", "mission-control-faults-")
		if err != nil {
			return out, fmt.Errorf("making the drill's folder: %w", err)
		}
		out.Dir = dir
	}
	s, err := newStack(out.Dir, cfg.BinDir, slotsFor(cfg.Rate), cfg.Log)
	if err != nil {
		if cfg.Dir == "" {
			err = errors.Join(err, os.RemoveAll(out.Dir))
		}
		return out, err
	}
	d := drill{cfg: cfg, stack: s, plan: schedule.New(cfg.Schedule), turns: map[string]*sync.Mutex{}}
	in, err := d.hold(ctx)
	err = errors.Join(err, s.stop(), s.close())
	if err == nil && ctx.Err() == nil {
		out.Versions = d.versions
		out.Report, err = d.judge(in)
	}
	if err != nil {
		err = fmt.Errorf("%w; logs and data are in %s", err, out.Dir)
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
	cfg      Config
	stack    *stack
	plan     []schedule.Fault
	versions Versions

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
	d.versions = d.stack.versions(ctx)
	d.cfg.Log("the stack runs in %s, %d faults in %v", d.stack.dir, len(d.plan), d.cfg.length())

	f := newFlow(d.stack.urls(), d.cfg.Rate, d.cfg.MaxMissions)
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
	asking.Go(func() { f.run(flowing, d.cfg.Schedule.Seed, d.cfg.length()) })

	in.Began = time.Now()
	if err := d.breakThings(ctx, in.Began); err != nil {
		return in, err
	}
	// What was started again may have taken its time: the flow goes on a little beyond, to see that it is well.
	sleep(ctx, max(time.Until(in.Began.Add(d.cfg.length())), wellFor))
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
	in.Odd = slices.Concat(f.odd, r.odd)
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
		if d.cfg.Schedule.Each == 0 {
			all.Go(func() {
				// What takes longer than planned to start again holds up what is to happen to it next.
				defer d.turn(f.On)()
				errs[i] = d.breakOne(ctx, f)
			})
			continue
		}
		errs[i] = d.breakOne(ctx, f)
		well, cancel := context.WithTimeout(ctx, wellWithin)
		if err := d.stack.awaitWell(well); err != nil {
			d.cfg.Log("%v", err) // if it lasts, the end finds it
		}
		cancel()
		sleep(ctx, schedule.Apart)
	}
	all.Wait()
	slices.SortFunc(d.faults, func(a, b check.Fault) int { return a.Began.Compare(b.Began) })
	return errors.Join(errs...)
}

// breakOne inflicts one fault, and notes when.
func (d *drill) breakOne(ctx context.Context, f schedule.Fault) error {
	d.cfg.Log("%s %s for %.1f s", f.Kind, f.Where(), f.For.Seconds())
	happened := check.Fault{Fault: f, Began: time.Now()}
	err := d.stack.inflict(ctx, f)
	happened.Ended = time.Now()
	d.cfg.Log("%s %s is over", f.Kind, f.Where())
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, happened)
	return err
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
