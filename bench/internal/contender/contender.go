// Package contender is what the benchmark asks of each system that it measures, ours and the peers alike.
//
// A contender starts its own servers and workers in Setup, in a folder of its own, and ends them in Close. Its jobs do
// nothing and their results are kept: what is measured is the system around the job. The clock runs from the first
// submission to the moment AwaitAll returns, so AwaitAll must ask the place from which a user would read the result.
package contender

import (
	"context"
	"errors"
	"time"
)

// Contender is one system under one set of settings. Its methods are called one after the other.
type Contender interface {
	// Setup starts servers and workers in the empty folder dir.
	Setup(ctx context.Context, dir string) error
	// SubmitBatches submits the jobs by the system's bulk call, as fast as they are taken.
	SubmitBatches(ctx context.Context, jobs int) error
	// SubmitSingles submits the jobs with one call each, InFlight of them at a time.
	SubmitSingles(ctx context.Context, jobs int) error
	// AwaitAll returns once total jobs, counted since Setup, are finished and their results can be read.
	AwaitAll(ctx context.Context, total int) error
	// Processes are the ids of the processes that do the work, by the names under which their cost is shown. Where the
	// benchmark's own is not among them, the caller adds it as the client.
	Processes() map[string]int
	// Close ends everything that Setup started, also after a Setup that failed.
	Close(ctx context.Context) error
}

// Networked is a Contender whose servers tell their traffic.
type Networked interface {
	// Traffic is bytes over the network so far, in both directions, by the names of Processes.
	Traffic(ctx context.Context) (map[string]float64, error)
}

// Reader is a Contender whose reads of one finished job are measured.
type Reader interface {
	// Reads reads so often, InFlight at a time, jobs that SubmitSingles submitted, at least 1,000, and that are finished.
	Reads(ctx context.Context, times int) error
}

// ErrMissing is wrapped by the error of a Setup that lacks a program on this machine.
var ErrMissing = errors.New("a program is not installed")

// InFlight is how many single submissions every contender has under way at once.
const InFlight = 64

// Pacer is a Contender whose latency can be measured.
type Pacer interface {
	// Latencies submits the jobs at a fixed rate a second, on a schedule that waits for nobody, and returns how long
	// each took from the moment it was to be sent until its result was visible, by the way in which it was seen.
	Latencies(ctx context.Context, rate float64, jobs int) (map[string][]time.Duration, error)
}
