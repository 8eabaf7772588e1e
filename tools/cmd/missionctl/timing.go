package main

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// timing is when a mission starts, and when it starts again. A flag that is not given leaves it to the commander.
type timing struct {
	runAt, deadline            string
	delay, retryDelay, retryTo time.Duration
	factor                     float64
	attempts                   int
}

// The flags that may be given with their zero value, or not at all.
const (
	delayFlag       = "delay"
	attemptsFlag    = "max-attempts"
	retryDelayFlag  = "retry-delay"
	retryFactorFlag = "retry-factor"
	retryMaxFlag    = "retry-max-delay"
)

func (t *timing) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&t.delay, delayFlag, 0, "start so much later, such as 90s or 1h; whole seconds, at most 366 days")
	f.StringVar(&t.runAt, "run-at", "", "start at this time, as in 2026-11-23T09:30:00Z; at most 366 days ahead")
	cmd.MarkFlagsMutuallyExclusive(delayFlag, "run-at")
	t.bounds(cmd)
}

// bounds are the flags that say how long a mission is tried, without those of its start.
func (t *timing) bounds(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.deadline, "deadline", "",
		"give it up at this time, whatever it still does or waits for: as in 2026-11-23T09:30:00Z, or so much later, such as 6h")
	f.IntVar(&t.attempts, attemptsFlag, 0, "how often it is tried until it succeeds, 1 to 100 (default 1)")
	f.DurationVar(&t.retryDelay, retryDelayFlag, 0, "how long it waits after its first attempt failed, 0s to 24h (default 5s)")
	f.Float64Var(&t.factor, retryFactorFlag, 0, "how much longer it waits after each further one, 1 to 10 (default 2)")
	f.DurationVar(&t.retryTo, retryMaxFlag, 0, "how long it waits at most, 0s to 168h (default 10m)")
}

// apply writes what was given into a request. Its limits are the commander's to check.
func (t *timing) apply(f *pflag.FlagSet, r *contracts.MissionRequest) error {
	if t.runAt != "" {
		at, err := time.Parse(time.RFC3339, t.runAt)
		if err != nil {
			return cliout.Usage("--run-at must be a time such as 2026-11-23T09:30:00Z, got %s", cliout.Cut(cliout.Plain(t.runAt), 60))
		}
		runAt := contracts.At(at)
		r.RunAt = &runAt
	}
	if err := t.applyDeadline(r); err != nil {
		return err
	}
	if f.Changed(attemptsFlag) {
		if t.attempts < 1 {
			return cliout.Usage("--%s must be 1 to %d, got %d", attemptsFlag, contracts.MaxAttempts, t.attempts)
		}
		r.MaxAttempts = t.attempts
	}
	var retry contracts.RetryRequest
	for _, d := range []struct {
		flag string
		from time.Duration
		to   **int
	}{
		{delayFlag, t.delay, &r.DelaySeconds}, {retryDelayFlag, t.retryDelay, &retry.DelaySeconds},
		{retryMaxFlag, t.retryTo, &retry.MaxDelaySeconds},
	} {
		if !f.Changed(d.flag) {
			continue
		}
		if d.from%time.Second != 0 {
			return cliout.Usage("--%s must be whole seconds, got %v", d.flag, d.from)
		}
		seconds := int(d.from / time.Second)
		*d.to = &seconds
	}
	if f.Changed(retryFactorFlag) {
		retry.Factor = &t.factor
	}
	if retry != (contracts.RetryRequest{}) {
		r.Retry = &retry
	}
	return nil
}

// applyDeadline writes a deadline that was given as a time, or as how long from now.
func (t *timing) applyDeadline(r *contracts.MissionRequest) error {
	if t.deadline == "" {
		return nil
	}
	if d, err := time.ParseDuration(t.deadline); err == nil {
		if d%time.Second != 0 {
			return cliout.Usage("--deadline must be whole seconds, got %v", d)
		}
		seconds := int(d / time.Second)
		r.DeadlineSeconds = &seconds
		return nil
	}
	at, err := time.Parse(time.RFC3339, t.deadline)
	if err != nil {
		return cliout.Usage("--deadline must be a time such as 2026-11-23T09:30:00Z, or a duration such as 6h, got %s",
			cliout.Cut(cliout.Plain(t.deadline), 60))
	}
	deadline := contracts.At(at)
	r.DeadlineAt = &deadline
	return nil
}
