package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newSchedules returns `missionctl schedules`.
func newSchedules(streams cliout.Streams, conn *connection) *cobra.Command {
	list := &cobra.Command{
		Use:   "schedules",
		Short: "List schedules, which order missions again and again, or change them",
		Long:  "List schedules: each orders a mission at its times, by cron or every so many seconds.",
		Example: `  missionctl schedules
  missionctl schedules set poll --every 30s
  missionctl schedules pause poll`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, conn, (*client.Client).Schedules, func(all client.Schedules) error { return printSchedules(streams, conn.output, all) })
		},
	}
	also := *list
	also.Use, also.Short, also.Example = "list", "List schedules", "  missionctl schedules list --output json | jq '.schedules[].name'"
	list.AddCommand(&also, newSetSchedule(streams, conn),
		scheduleCommand(streams, conn, "get", "Show a schedule, its latest runs and its next times", (*client.Client).Schedule),
		scheduleCommand(streams, conn, "pause", "Have a schedule order nothing until it is resumed", (*client.Client).PauseSchedule),
		scheduleCommand(streams, conn, "resume", "Have a schedule go on with its next time", (*client.Client).ResumeSchedule),
		newRunSchedule(streams, conn), newRemoveSchedule(streams, conn),
	)
	return list
}

// ask calls the commander, and has its answer printed.
func ask[T any](cmd *cobra.Command, conn *connection, call func(*client.Client, context.Context) (T, error), show func(T) error) error {
	c, err := conn.client(client.Retry{})
	if err != nil {
		return err
	}
	ctx, cancel := conn.call(cmd.Context())
	defer cancel()
	answer, err := call(c, ctx)
	if err != nil {
		return err
	}
	return show(answer)
}

// scheduleCommand is a command that calls something with a schedule's name, and shows the schedule.
func scheduleCommand(streams cliout.Streams, conn *connection, use, short string,
	call func(*client.Client, context.Context, string) (client.Schedule, error),
) *cobra.Command {
	return &cobra.Command{
		Use: use + " NAME", Short: short, Example: "  missionctl schedules " + use + " nightly-report", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, conn, func(c *client.Client, ctx context.Context) (client.Schedule, error) { return call(c, ctx, args[0]) },
				func(s client.Schedule) error { return printSchedule(streams, conn.output, s) })
		},
	}
}

func newRunSchedule(streams cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use: "run NAME", Short: "Order a schedule's mission now", Args: cobra.ExactArgs(1),
		Example: "  missionctl schedules run nightly-report",
		Long:    "Order a schedule's mission now, also where it is paused or its last mission has not ended.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, conn, func(c *client.Client, ctx context.Context) (client.Mission, error) {
				return c.RunSchedule(ctx, args[0])
			},
				func(m client.Mission) error { return printMission(streams.Out, conn.output, m) })
		},
	}
}

func newRemoveSchedule(streams cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a schedule; its missions stay", Args: cobra.ExactArgs(1),
		Example: "  missionctl schedules remove nightly-report",
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, conn, func(c *client.Client, ctx context.Context) (string, error) {
				return args[0], c.DeleteSchedule(ctx, args[0])
			},
				func(name string) error {
					if conn.output == cliout.JSON {
						return cliout.WriteJSON(streams.Out, map[string]string{"name": name})
					}
					_, err := fmt.Fprintf(streams.Out, "schedule %s is removed\n", name)
					return err
				})
		},
	}
}

func newSetSchedule(streams cliout.Streams, conn *connection) *cobra.Command {
	var (
		r                       contracts.ScheduleRequest
		file, payload, priority string
		missed, overlap         string
		every                   time.Duration
		labels                  []string
		paused                  bool
		when                    timing
	)
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Make a schedule, or replace it",
		Long: "Make a schedule, or replace it: from flags, or from the JSON that PUT /schedules/{name} takes, where a mission has\n" +
			"all that it may have. Replaced with the same times, it misses none.",
		Example: `  missionctl schedules set nightly-report --cron '30 2 * * 1-5' --time-zone Europe/Berlin --overlap skip --kind report
  missionctl schedules set poll --every 30s --payload '{"min_seconds":0,"max_seconds":1}'
  missionctl schedules set nightly-report -f nightly-report.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if file != "" {
				if r, err = readSchedule(streams.In, file); err != nil {
					return err
				}
			} else {
				r.Missed, r.Overlap, r.Mission.Priority = contracts.MissedRuns(missed), contracts.Overlap(overlap), contracts.Priority(priority)
				if r.Mission.Payload, err = readPayload(streams.In, payload); err != nil {
					return err
				}
				if r.Mission.Labels, err = readLabels(labels); err != nil {
					return err
				}
				if err := when.apply(cmd.Flags(), &r.Mission); err != nil {
					return err
				}
				if every%time.Second != 0 || every < 0 {
					return cliout.Usage("--every must be whole seconds, got %v", every)
				}
				r.EverySeconds = int(every / time.Second)
				if r.Mission.Name == "" {
					r.Mission.Name = args[0]
				}
			}
			if cmd.Flags().Changed("paused") {
				r.Paused = &paused
			}
			return ask(cmd, conn, func(c *client.Client, ctx context.Context) (client.Schedule, error) {
				return c.PutSchedule(ctx, args[0], r)
			},
				func(s client.Schedule) error { return printSchedule(streams, conn.output, s) })
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "a file with the schedule as JSON, - for standard input; no other flag but --paused then")
	f.StringVar(&r.Cron, "cron", "", "when, as cron has it: minute, hour, day, month, day of the week; or @daily and the like")
	f.DurationVar(&every, "every", 0, "or so often, such as 30s or 1h; whole seconds")
	f.StringVar(&r.TimeZone, "time-zone", "", "cron's time zone, such as Europe/Berlin (default UTC)")
	f.StringVar(&missed, "missed", "", "which runs are made up for that no commander could order in time: skip, last or all (default last)")
	f.StringVar(&overlap, "overlap", "", "whether a run orders a mission though the last has not ended: allow or skip (default allow)")
	f.BoolVar(&paused, "paused", false, "order nothing until it is resumed (default as it is)")
	f.StringVar(&r.Mission.Name, "mission-name", "", "the missions' name (default the schedule's)")
	f.StringVar(&r.Mission.Kind, "kind", "", "which handler carries them out (default simulate)")
	f.StringVar(&payload, "payload", "", "the handler's input, a JSON object: itself, @FILE, or - for standard input")
	f.StringVar(&priority, "priority", "", "high, normal or low (default normal)")
	f.StringVar(&r.Mission.Squad, "squad", "", "whose soldiers carry them out (default the squad default)")
	f.StringArrayVar(&labels, "label", nil, "a label, KEY:VALUE; may be repeated")
	f.StringVar(&r.Mission.ConcurrencyKey, "concurrency-key", "", "a key of whose missions only so many may run at once: see missionctl limits")
	f.StringVar(&r.Mission.UniqueKey, "unique-key", "", "order none while another mission that has not ended has this key; at most 200 bytes")
	when.bounds(cmd)
	f.IntVar(&r.Mission.TimeoutSeconds, "timeout-seconds", 0, "bounds one attempt, 1 to 86400 (default 300)")
	f.VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "file" && flag.Name != "paused" {
			cmd.MarkFlagsMutuallyExclusive("file", flag.Name)
		}
	})
	cmd.MarkFlagsMutuallyExclusive("cron", "every")
	cmd.MarkFlagsOneRequired("file", "cron", "every")
	return cmd
}

func readSchedule(in io.Reader, file string) (r contracts.ScheduleRequest, err error) {
	var b []byte
	if file == "-" {
		b, err = io.ReadAll(in)
	} else {
		b, err = os.ReadFile(file)
	}
	if err != nil {
		return r, cliout.Usage("--file can't be read: %v", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, cliout.Usage("--file has no schedule as JSON: %v", err)
	}
	return r, nil
}

// timesText says when it runs.
func timesText(s contracts.Schedule) string {
	if s.EverySeconds > 0 {
		return "every " + (time.Duration(s.EverySeconds) * time.Second).String()
	}
	return s.Cron + " " + s.TimeZone
}

func printSchedules(streams cliout.Streams, format cliout.Format, all client.Schedules) error {
	if format == cliout.JSON {
		return cliout.WriteJSON(streams.Out, all)
	}
	rows := [][]string{{"SCHEDULE", "TIMES", "NEXT", "LAST", "LAST MISSION", "KIND"}}
	for _, s := range all.Schedules {
		next := dateText(s.NextAt)
		if s.Paused {
			next = "paused"
		}
		rows = append(rows, []string{s.Name, cliout.Cut(timesText(s), 50), next, dateText(s.LastAt), s.LastMissionID, s.Mission.Kind})
	}
	if err := cliout.WriteTable(streams.Out, rows); err != nil {
		return err
	}
	sayMemory(streams, all.Source)
	return nil
}

func printSchedule(streams cliout.Streams, format cliout.Format, s client.Schedule) error {
	if format == cliout.JSON {
		return cliout.WriteJSON(streams.Out, s)
	}
	state := "active"
	if s.Paused {
		state = "paused"
	}
	rows := [][]string{
		{"schedule", s.Name}, {"state", state}, {"times", timesText(s.Schedule)},
		{"mission", s.Mission.Name + ", kind " + s.Mission.Kind},
		{"missed", string(s.Missed)}, {"overlap", string(s.Overlap)},
	}
	for _, at := range s.NextTimes {
		rows = append(rows, []string{"next", dateText(at)})
	}
	for _, run := range s.Runs {
		what := run.MissionID
		if run.Skipped != "" {
			what = "skipped: " + string(run.Skipped)
		}
		if !run.Until.IsZero() {
			what += " until " + dateText(run.Until)
		}
		if run.Detail != "" {
			what += ", " + run.Detail
		}
		rows = append(rows, []string{"run", dateText(run.At) + "  " + what})
	}
	if err := cliout.WriteTable(streams.Out, rows); err != nil {
		return err
	}
	sayMemory(streams, s.Source)
	return nil
}

func sayMemory(streams cliout.Streams, from client.Source) {
	if from.Degraded {
		fmt.Fprintf(streams.Err, "Redis is away: this is from the commander's memory, as of %s\n", dateText(from.AsOf))
	}
}
