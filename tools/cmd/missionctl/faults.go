package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/faults"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

// The least and the most missions a second.
const minRate, maxRate = 0.1, 100.0

// faultsOptions are the flags of `missionctl faults`.
type faultsOptions struct {
	plan        schedule.Config
	cfg         faults.Config
	minutes     float64
	only        []string
	dryRun      bool
	asJSON      bool
	silent      bool
	strictTimes bool
}

// newFaults returns `missionctl faults`.
func newFaults(streams cliout.Streams, conn *connection) *cobra.Command {
	var o faultsOptions
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "Break a stack of its own in every way that there is, and check every promise",
		Long: `Run a stack of its own (two commanders, three soldiers, RabbitMQ and Redis, in a temporary folder and on ports of its
own), let clients submit and read all the time, and break one thing after another: kill and freeze processes, cut, stall,
delay and half-open the ways between them, fill up memory, copy messages. Then heal everything, and judge: was an accepted
mission lost, was one carried out twice without need, did anybody see one go back from its end?

The seed decides what is broken when, the same every time. Exits with 3 where a promise was broken; then the evidence
stays, and the last line tells where. It takes --minutes, and up to some minutes more for the last missions to end.

With --each N every kind of fault occurs N times alone, and the next one waits until all has been well for 6 s; that takes
about 9 minutes for each N. The kind absence, both commanders gone for ten minutes, occurs only where --only names it.

What took longer to come back than docs/guarantees.md says is counted as slow, and fails the drill only with
--strict-times: a machine with other work may be the reason.`,
		Example: `  missionctl faults --seed 1 --minutes 2
  missionctl faults --seed 7 --minutes 30 --json > report.json
  missionctl faults --only kill-redis,half-open --minutes 3
  missionctl faults --seed 7 --minutes 30 --rate 12
  missionctl faults --each 2 --freezes
  missionctl faults --only absence --each 1
  missionctl faults --seed 1 --minutes 60 --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(cmd); err != nil {
				return err
			}
			o.asJSON = o.asJSON || conn.output == cliout.JSON
			return o.run(cmd, streams)
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&o.plan.Seed, "seed", 0, "decides what is broken when (default random)")
	f.Float64Var(&o.minutes, "minutes", 2, "how long things are broken, at least a third; from 10 on, faults of a minute occur")
	f.StringSliceVar(&o.only, "only", nil, "these kinds of faults alone, separated by commas; a wrong one lists all")
	f.BoolVar(&o.plan.Wipes, "wipes", false, "also start RabbitMQ and Redis without their data; less is promised then")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the schedule and end")
	f.StringVar(&o.cfg.BinDir, "bin-dir", besideUs(), "where the programs commander and soldier are")
	f.StringVar(&o.cfg.Dir, "dir", "", "where data, logs and journals go, and stay (default a temporary folder, kept after violations)")
	f.IntVar(&o.plan.Each, "each", 0, "let each kind of fault occur this often, alone, instead of --minutes of overlapping ones")
	f.BoolVar(&o.plan.Freezes, "freezes", false, "with --each also freeze a commander, a soldier, Redis and RabbitMQ once for a minute")
	f.Float64Var(&o.cfg.Rate, "rate", faults.DefaultRate, "missions a second that are asked for; soldiers get slots to match")
	f.BoolVar(&o.strictTimes, "strict-times", false, "exit with 3 also where something took longer than docs/guarantees.md says")
	f.IntVar(&o.cfg.MaxMissions, "max-missions", faults.DefaultMaxMissions, "how many missions are asked for at most")
	f.BoolVar(&o.asJSON, "json", false, "print the report as JSON, as --output json does")
	f.BoolVar(&o.silent, "quiet", false, "only the report, not what happens")
	return cmd
}

// complete puts the flags together, and says what is wrong with them.
func (o *faultsOptions) complete(cmd *cobra.Command) error {
	if !cmd.Flags().Changed("seed") {
		o.plan.Seed = rand.Uint64N(1_000_000) //nolint:gosec // any will do
	}
	o.plan.Length = time.Duration(o.minutes * float64(time.Minute))
	for _, k := range o.only {
		o.plan.Only = append(o.plan.Only, schedule.Kind(k))
	}
	switch err := o.plan.Check(); {
	case err != nil:
		return cliout.Usage("%v", err)
	case o.cfg.Rate < minRate || o.cfg.Rate > maxRate:
		return cliout.Usage("--rate is %g to %g missions a second", minRate, maxRate)
	case o.plan.Each > 0 && cmd.Flags().Changed("minutes"):
		return cliout.Usage("with --each the faults decide how long it takes: leave out --minutes")
	}
	o.cfg.Schedule = o.plan
	return nil
}

// plannedFault is a fault of the schedule, as JSON.
type plannedFault struct {
	Kind       schedule.Kind `json:"kind"`
	On         []string      `json:"on"`
	AtSeconds  float64       `json:"at_seconds"`
	ForSeconds float64       `json:"for_seconds"`
}

func (o *faultsOptions) printPlan(w io.Writer, plan []schedule.Fault) error {
	if o.asJSON {
		faults := make([]plannedFault, len(plan))
		for i, f := range plan {
			faults[i] = plannedFault{f.Kind, f.On, f.At.Seconds(), f.For.Seconds()}
		}
		return cliout.WriteJSON(w, map[string]any{"seed": o.plan.Seed, "faults": faults})
	}
	for _, f := range plan {
		if _, err := fmt.Fprintln(w, f); err != nil {
			return err
		}
	}
	return nil
}

func (o *faultsOptions) run(cmd *cobra.Command, streams cliout.Streams) error {
	plan := schedule.New(o.plan)
	if o.dryRun {
		return o.printPlan(streams.Out, plan)
	}
	if !o.silent {
		for _, f := range plan {
			fmt.Fprintln(streams.Err, f)
		}
	}
	screen := cliout.NewScreen(streams.Err)
	defer screen.Close()
	o.cfg.Log = screen.Line
	if o.silent {
		o.cfg.Log = func(string, ...any) {}
	}
	out, err := faults.Run(cmd.Context(), o.cfg)
	if err != nil {
		return err
	}
	if o.asJSON {
		err = cliout.WriteJSON(streams.Out, out)
	} else {
		err = faults.Print(streams.Out, out)
	}
	switch {
	case err != nil:
		return err
	case out.Interrupted:
		return cmd.Context().Err()
	case len(out.Violations) > 0:
		return cliout.Verdict("seed %d: %d promises were broken", o.plan.Seed, len(out.Violations))
	case o.strictTimes && len(out.Slow) > 0:
		return cliout.Verdict("seed %d: %d times something took too long", o.plan.Seed, len(out.Slow))
	}
	return nil
}
