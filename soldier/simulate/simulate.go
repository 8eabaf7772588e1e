// Package simulate is the handler of the built-in kind: it waits for a while and fails now and then.
package simulate

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier"
)

// CodeFailure is the code of a failure that the payload's failure_rate asked for.
const CodeFailure = "simulated_failure"

// Result is what a simulated mission did.
type Result struct {
	// Seconds is how long it waited.
	Seconds float64 `json:"seconds"`
	Run     int64   `json:"run"`
	// Seed is the payload's, where it has one.
	Seed *int64 `json:"seed,omitempty"`
}

// Handle waits as long as the payload asks for, then fails or succeeds. With a seed both repeat.
func Handle(ctx context.Context, m soldier.Mission[json.RawMessage]) (Result, error) {
	p, err := contracts.ParseSimulatePayload(m.Payload)
	if err != nil {
		return Result{}, &soldier.Error{Code: soldier.CodeInvalidPayload, Message: err.Error()}
	}
	d := draw(p)
	if err := pass(ctx, d.wait); err != nil {
		return Result{}, err
	}
	if d.fails {
		return Result{}, &soldier.Error{Code: CodeFailure, Message: "failed as its failure_rate asked for"}
	}
	return Result{Seconds: d.wait.Round(time.Millisecond).Seconds(), Run: m.Run, Seed: p.Seed}, nil
}

// tellEvery is how often it tells how far it has come; what ends sooner tells nothing.
const tellEvery = time.Second

// pass waits, and tells how far the wait has come.
func pass(ctx context.Context, wait time.Duration) error {
	t := time.NewTimer(wait)
	defer t.Stop()
	var tell <-chan time.Time
	if wait > tellEvery {
		tick := time.NewTicker(tellEvery)
		defer tick.Stop()
		tell = tick.C
	}
	for began := time.Now(); ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.C:
			return nil
		case <-tell:
			passed := time.Since(began).Round(time.Second)
			soldier.Progress(ctx, int(100*passed/wait), "")
			soldier.Logf(ctx, "waited for %v of %v", passed, wait.Round(time.Millisecond))
		}
	}
}

// drawn is what chance decides of one execution.
type drawn struct {
	wait  time.Duration
	fails bool
}

func draw(p contracts.SimulatePayload) drawn {
	number := rand.Float64
	if p.Seed != nil {
		number = rand.New(rand.NewPCG(uint64(*p.Seed), 0)).Float64
	}
	seconds := p.MinSeconds + number()*(p.MaxSeconds-p.MinSeconds)
	return drawn{wait: time.Duration(seconds * float64(time.Second)), fails: number() < p.FailureRate}
}
