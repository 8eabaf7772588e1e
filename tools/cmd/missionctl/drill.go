package main

import (
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/drill"
)

// newDrill returns `missionctl drill`.
func newDrill(streams cliout.Streams, conn *connection) *cobra.Command {
	cfg := drill.Config{}
	var (
		minSeconds, maxSeconds, failureRate float64
		seed                                int64
		asJSON, quiet                       bool
	)
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Launch many missions at once and judge what became of them",
		Long: `Launch many missions at once, follow them to their ends, and judge: was any accepted mission lost, was any
run twice? Stop and start Redis and RabbitMQ, or kill commanders and soldiers, while it goes on: it keeps asking until
its deadline. How often handlers really ran is counted from the soldiers' journals.

A mission that is started again because its soldier died is a note; with --strict it is a fault. Exits with 3 where there
are faults. Steps and progress go to standard error, the report to standard output.`,
		Example: `  missionctl drill
  missionctl drill -n 200 --reads=50 --json > report.json
  missionctl drill -n 1000 --min-seconds 0 --max-seconds 0.2 --failure-rate 0 --quiet`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := cmd.Flags().Changed
			if given("min-seconds") {
				cfg.MinSeconds = &minSeconds
			}
			if given("max-seconds") {
				cfg.MaxSeconds = &maxSeconds
			}
			if given("failure-rate") {
				cfg.FailureRate = &failureRate
			}
			if given("seed") {
				cfg.Seed = &seed
			}
			cfg.Root, cfg.StateDir = projectRoot(), os.Getenv("MISSIONCTL_STATE_DIR")
			if conn.timeout > 0 {
				cfg.Deadline = min(cfg.Deadline, conn.timeout)
			}
			if err := cfg.Check(); err != nil {
				return cliout.Usage("%v", err)
			}
			// One attempt a call: the drill tries again by itself, and counts each failure.
			c, err := conn.client(client.Retry{Attempts: 1})
			if err != nil {
				return err
			}
			defer c.CloseIdleConnections()
			screen := newDrillScreen(streams.Err, quiet)
			out, err := drill.New(cfg, c, screen).Run(cmd.Context())
			screen.Close()
			if err != nil {
				return err
			}
			out.Commander = c.BaseURL()
			if asJSON || conn.output == cliout.JSON {
				err = cliout.WriteJSON(streams.Out, out)
			} else {
				err = drill.Print(streams.Out, out)
			}
			switch {
			case err != nil:
				return err
			case out.Interrupted:
				return cmd.Context().Err()
			case !out.OK:
				return cliout.Verdict("the drill found %d faults", len(out.Faults))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVarP(&cfg.Missions, "missions", "n", drill.DefaultMissions, "how many missions")
	f.IntVar(&cfg.Concurrency, "concurrency", drill.DefaultConcurrency, "how many submissions at once")
	f.Float64Var(&minSeconds, "min-seconds", 5, "shortest mission")
	f.Float64Var(&maxSeconds, "max-seconds", 15, "longest mission")
	f.Float64Var(&failureRate, "failure-rate", 0.1, "how many fail, 0 to 1")
	f.Int64Var(&seed, "seed", 0, "makes durations and outcomes repeat from drill to drill (default random)")
	f.DurationVar(&cfg.Deadline, "deadline", drill.DefaultDeadline, "give up after so long; what has not ended is lost")
	f.Float64Var(&cfg.ReadsPerSecond, "reads", 0,
		"also read the accepted missions all the time, so many a second; an answer that is not the mission is a fault, no answer is only counted")
	f.Lookup("reads").NoOptDefVal = "20"
	f.StringVar(&cfg.Journals, "journals", "", "folder with the soldiers' journals (default where the stack keeps them, as MISSIONCTL_STATE_DIR says)")
	f.BoolVar(&cfg.Strict, "strict", false, "any second start is a fault, even where the first soldier died")
	f.BoolVar(&asJSON, "json", false, "print the report as JSON, as --output json does")
	f.BoolVar(&quiet, "quiet", false, "progress and disturbances alone, not each mission's steps")
	return cmd
}

// projectRoot is the nearest folder from here upwards that holds a stack's state, or this one.
func projectRoot() string {
	here, err := os.Getwd()
	if err != nil {
		return "."
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(filepath.Join(dir, ".local")); err == nil && info.IsDir() {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return here
		}
	}
}

// drillScreen shows a drill to people.
type drillScreen struct {
	*cliout.Screen
	began time.Time
	quiet bool
}

func newDrillScreen(w io.Writer, quiet bool) *drillScreen {
	return &drillScreen{Screen: cliout.NewScreen(w), began: time.Now(), quiet: quiet}
}

// Step prints what happened to one mission.
func (s *drillScreen) Step(format string, args ...any) {
	if !s.quiet {
		s.Line(format, args...)
	}
}

// Log prints what happened to the drill.
func (s *drillScreen) Log(format string, args ...any) { s.Line(format, args...) }

// Progress shows how far it is.
func (s *drillScreen) Progress(p drill.Progress) { s.Status(p.Line(time.Since(s.began))) }
