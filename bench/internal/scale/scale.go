package scale

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/ours"
	"github.com/mission-control-dev/mission-control/contracts"
)

// Steps are the names of all steps, in their order.
func Steps() []string { return []string{"backlog", "drain", "fleet", "streams", "sweep"} }

// Config says how much of each.
type Config struct {
	// Stack is how ours are set up; its Slots are the soldier's.
	Stack ours.Config
	// Dir is an empty folder for the servers.
	Dir string
	// Steps are some of Steps. drain needs backlog.
	Steps []string
	// Missions is the size of the backlog, Soldiers that of the fleet, Streams the number of listeners.
	Missions, Soldiers, Streams int
	// Drain is for how long the drain is measured, Hold for how long fleet and listeners are.
	Drain, Hold time.Duration
}

// run is a stack and what was measured on it.
type run struct {
	Config
	*Report
	stack *ours.Ours
	slots int
	// empty is the rate of the empty queue.
	empty float64
}

// Run takes the steps. What was measured before an error is in the Report.
func Run(ctx context.Context, c Config) (*Report, error) {
	r := &run{Config: c, Report: &Report{}, slots: c.Stack.Slots}
	c.Stack.Slots = 0
	r.stack = ours.New(c.Stack)
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		_ = r.stack.Close(closing) // its folder goes next
	}()
	if err := r.stack.Setup(ctx, c.Dir); err != nil {
		return r.Report, fmt.Errorf("setting up: %w", err)
	}
	steps := map[string]func(context.Context) error{
		"backlog": r.backlog, "drain": r.drain, "fleet": r.fleet, "streams": r.streams, "sweep": r.sweep,
	}
	for _, name := range Steps() {
		if !slices.Contains(c.Steps, name) {
			continue
		}
		if err := steps[name](ctx); err != nil {
			return r.Report, fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.Report, nil
}

// rate completes missions and returns how many a second. The soldier must run, and the queue be empty.
func (r *run) rate(ctx context.Context, missions int) (float64, error) {
	done, err := r.completed(ctx)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := r.stack.SubmitBatches(ctx, missions); err != nil {
		return 0, err
	}
	if err := r.stack.AwaitAll(ctx, done+missions); err != nil {
		return 0, err
	}
	return float64(missions) / time.Since(began).Seconds(), nil
}

func (r *run) completed(ctx context.Context) (int, error) {
	s, err := r.stack.Client().Stats(ctx)
	return int(s.Counts[contracts.StatusCompleted]), err
}

const mebibyte = 1 << 20
