package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/contender"
	"github.com/mission-control-dev/mission-control/bench/internal/meter"
	"github.com/mission-control-dev/mission-control/bench/internal/profile"
	"github.com/mission-control-dev/mission-control/bench/internal/report"
)

// Bounds of one step; past them something hangs. They bound no measurement that works.
const (
	setupTimeout   = 2 * time.Minute
	measureTimeout = 5 * time.Minute
	closeTimeout   = 15 * time.Second
)

// warmUp is how many jobs each contender does before the clock runs: connections, compilers and caches are then warm.
const warmUp = 2000

type runner struct {
	options options
	table   *report.Table
}

func newRunner(o options) *runner {
	return &runner{options: o, table: report.NewTable(o.missions)}
}

// rounds measures everything as often as asked for, interleaved: whatever disturbs the machine for a while disturbs all.
func (r *runner) rounds(ctx context.Context) error {
	for round := 1; round <= r.options.rounds; round++ {
		for _, e := range entrants(r.options) {
			if err := r.measure(ctx, round, e); err != nil {
				return fmt.Errorf("%s: %w", e.name, err)
			}
		}
	}
	return nil
}

// measure sets an entrant up anew, and takes all its measures.
func (r *runner) measure(ctx context.Context, round int, e entrant) (failed error) {
	dir, err := os.MkdirTemp("", "mission-control-bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() {
		if failed == nil {
			failed = os.RemoveAll(dir)
		}
	}()
	c := e.new()
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		failed = errors.Join(failed, c.Close(closing))
	}()
	starting, cancel := context.WithTimeout(ctx, setupTimeout)
	defer cancel()
	if err := c.Setup(starting, dir); errors.Is(err, contender.ErrMissing) {
		r.table.Skip(e.name, err)
		fmt.Fprintf(os.Stderr, "round %d  %-40s skipped: %v\n", round, e.name, err)
		return nil
	} else if err != nil {
		return fmt.Errorf("setting up: %w", err)
	}
	s := session{runner: r, contender: c, entrant: e, round: round}
	return s.all(ctx)
}

// session is one life of a contender.
type session struct {
	*runner
	contender contender.Contender
	entrant   entrant
	round     int
	submitted int
	// peak is the rate of singles, once measured.
	peak float64
}

func (s *session) row(measure, unit string) report.Row {
	e := s.entrant
	return report.Row{Entrant: e.name, Group: e.group, Fsync: e.fsync, Settings: e.settings, Measure: measure, Unit: unit}
}

func (s *session) all(ctx context.Context) error {
	warm := s.complete
	if s.entrant.measures[0] == accept {
		warm = s.submit
	}
	warming, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	if err := warm(warming, s.contender.SubmitBatches, warmUp); err != nil {
		return fmt.Errorf("warming up: %w", err)
	}
	for _, m := range s.entrant.measures {
		var err error
		switch m {
		case batches:
			err = s.throughput(ctx, m, s.complete, s.contender.SubmitBatches)
		case singles:
			err = s.throughput(ctx, m, s.complete, s.contender.SubmitSingles)
		case accept:
			err = s.throughput(ctx, m, s.submit, s.contender.SubmitBatches)
		case reads:
			err = s.reads(ctx)
		case latency:
			err = s.latency(ctx)
		}
		if err != nil {
			return fmt.Errorf("measuring %s: %w", m, err)
		}
	}
	return nil
}

// submitter is one of a contender's two ways to submit.
type submitter func(ctx context.Context, jobs int) error

// submit submits the jobs and leaves them.
func (s *session) submit(ctx context.Context, by submitter, jobs int) error {
	if err := by(ctx, jobs); err != nil {
		return err
	}
	s.submitted += jobs
	return nil
}

// complete submits the jobs and waits for the last.
func (s *session) complete(ctx context.Context, by submitter, jobs int) error {
	if err := s.submit(ctx, by, jobs); err != nil {
		return err
	}
	return s.contender.AwaitAll(ctx, s.submitted)
}

// throughput measures one way to do all with jobs that come in one way.
func (s *session) throughput(ctx context.Context, measure string, do func(context.Context, submitter, int) error, by submitter) error {
	jobs := s.options.missions
	rate, err := s.timed(ctx, measure, jobs, func(ctx context.Context) error { return do(ctx, by, jobs) })
	if measure == singles {
		s.peak = rate
	}
	return err
}

// timed measures what n of something take that do does: the rate, which it returns, and what they cost.
func (s *session) timed(ctx context.Context, measure string, n int, do func(context.Context) error) (rate float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	processes := s.contender.Processes()
	if !slices.Contains(slices.Collect(maps.Values(processes)), os.Getpid()) {
		processes["client"] = os.Getpid()
	}
	// Asking the servers costs them something, so it stays outside of what is timed.
	moved, err := s.traffic(ctx)
	if err != nil {
		return 0, err
	}
	stopProfiles := s.profile(ctx, measure)
	before, began := meter.Read(processes), time.Now()
	if err := do(ctx); err != nil {
		return 0, err
	}
	took := time.Since(began)
	cost := meter.Read(processes)
	stopProfiles()
	movedThen, err := s.traffic(ctx)
	if err != nil {
		return 0, err
	}
	for name := range cost {
		c := cost[name].Minus(before[name])
		c.Network = movedThen[name] - moved[name]
		cost[name] = c
	}
	rate = float64(n) / took.Seconds()
	s.table.Add(s.row(measure, "/s"), rate)
	s.table.AddCost(s.entrant.name, measure, n, cost)
	fmt.Fprintf(os.Stderr, "round %d  %-40s %-10s %9.0f /s\n", s.round, s.entrant.name, measure, rate)
	return rate, nil
}

func (s *session) traffic(ctx context.Context) (map[string]float64, error) {
	n, is := s.contender.(contender.Networked)
	if !is {
		return nil, nil
	}
	return n.Traffic(ctx)
}

// profileSeconds is how long a CPU profile lasts, from the start of the measurement.
const profileSeconds = 5

// profile fetches profiles meanwhile, where they were asked for; the function that it returns waits for them.
func (s *session) profile(ctx context.Context, measure string) func() {
	served, is := s.contender.(interface{ Profiles() map[string]string })
	if s.options.pprof == "" || !is {
		return func() {}
	}
	fetched := make(chan error)
	for name, addr := range served.Profiles() {
		file := filepath.Join(s.options.pprof, fmt.Sprintf("%s-%s-%d.pprof", name, measure, s.round))
		go func() {
			err := profile.Fetch(ctx, addr, fmt.Sprintf("profile?seconds=%d", profileSeconds), file)
			if err == nil {
				fmt.Fprintln(os.Stderr, "profile:", file)
			}
			fetched <- err
		}()
	}
	return func() {
		for range served.Profiles() {
			if err := <-fetched; err != nil {
				fmt.Fprintln(os.Stderr, "no profile:", err)
			}
		}
	}
}

// readsAJob is how many reads are measured for each job of a measurement of throughput.
const readsAJob = 5

func (s *session) reads(ctx context.Context) error {
	r, is := s.contender.(contender.Reader)
	if !is {
		return errors.New("its reads can't be measured")
	}
	warming, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	if err := s.complete(warming, s.contender.SubmitSingles, warmUp); err != nil {
		return err
	}
	times := readsAJob * s.options.missions
	_, err := s.timed(ctx, reads, times, func(ctx context.Context) error { return r.Reads(ctx, times) })
	return err
}

const (
	// latencyRate is the rate a second at which everybody's latency is measured, latencySeconds for how long.
	latencyRate    = 200
	latencySeconds = 10
	// peakShare is the share of what the contender did with singles a moment before, at which it is measured again.
	peakShare = 0.7
)

func (s *session) latency(ctx context.Context) error {
	p, is := s.contender.(contender.Pacer)
	if !is {
		return errors.New("its latency can't be measured")
	}
	if err := s.latencyAt(ctx, p, fmt.Sprintf("%d/s", latencyRate), latencyRate); err != nil || s.peak == 0 {
		return err
	}
	return s.latencyAt(ctx, p, fmt.Sprintf("%.0f %% of peak", peakShare*100), peakShare*s.peak)
}

func (s *session) latencyAt(ctx context.Context, p contender.Pacer, name string, rate float64) error {
	ctx, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	seen, err := p.Latencies(ctx, rate, int(rate*latencySeconds))
	if err != nil {
		return err
	}
	for by, took := range seen {
		s.submitted += len(took)
		ms := report.Milliseconds(took)
		for _, q := range []float64{0.5, 0.99} {
			measure := fmt.Sprintf("latency at %s, %s, p%.0f", name, by, q*100)
			s.table.Add(s.row(measure, "ms"), report.Quantile(ms, q))
		}
		fmt.Fprintf(os.Stderr, "round %d  %-40s latency at %s, %s: %.1f / %.1f ms\n", s.round, s.entrant.name, name, by,
			report.Quantile(ms, 0.5), report.Quantile(ms, 0.99))
	}
	return nil
}
