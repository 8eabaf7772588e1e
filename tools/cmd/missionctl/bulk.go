package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// bulkEvery is how often a bulk job is looked at.
const bulkEvery = 250 * time.Millisecond

// many is the flags of a command that changes all missions that fit, instead of one.
type many struct {
	filter      filter
	all         bool
	yes, noWait bool
	reason      string
}

func (m *many) add(cmd *cobra.Command) {
	m.filter.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&m.all, "all", false, "all missions that there are, instead of a filter")
	f.BoolVarP(&m.yes, "yes", "y", false, "don't ask whether so many are meant")
	f.BoolVar(&m.noWait, "no-wait", false, "don't wait for the end: see missionctl bulk get ID")
	f.StringVar(&m.reason, "reason", "", "why, for the history of each mission")
}

// meant tells whether many missions are meant, for so many ids in the arguments.
func (m *many) meant(ids int) (bool, error) {
	filtered := m.all || !m.filter.empty()
	if filtered == (ids == 1) || m.all && !m.filter.empty() {
		return false, cliout.Usage("give an ID, or say which missions are meant by --status, --kind, --squad, --label or --q; or --all")
	}
	if !filtered && (m.reason != "" || m.noWait || m.yes) {
		return false, cliout.Usage("--reason, --no-wait and --yes are for many missions, not for one")
	}
	return filtered, nil
}

// run shows how many missions fit, asks, and has them changed.
func (m *many) run(ctx context.Context, streams cliout.Streams, conn *connection, action contracts.BulkAction) error {
	f, err := m.filter.bulk()
	if err != nil {
		return err
	}
	r := contracts.BulkRequest{Action: action, Filter: f, All: m.all, Reason: m.reason}
	c, err := conn.client(client.Retry{})
	if err != nil {
		return err
	}
	ctx, cancel := conn.follow(ctx)
	defer cancel()
	p, err := c.PreviewBulk(ctx, r)
	if err != nil {
		return err
	}
	if p.Matched == 0 && p.Complete {
		fmt.Fprintf(streams.Err, "no mission fits that can be changed by %s\n", action)
		return nil
	}
	if !m.yes {
		if err := confirm(streams, action, p); err != nil {
			return err
		}
	}
	job, err := c.OrderBulk(ctx, r)
	if err != nil {
		return err
	}
	if m.noWait {
		if conn.output == cliout.Table {
			_, err = fmt.Fprintf(streams.Out, "bulk job %s is %s: follow it with missionctl bulk get %s\n", job.ID, job.State, job.ID)
			return err
		}
		return printBulk(streams, conn.output, job)
	}
	if job, err = awaitBulk(ctx, streams, c, job); err != nil {
		return fmt.Errorf("%w; the job goes on: missionctl bulk get %s, or bulk stop", err, job.ID)
	}
	if err := printBulk(streams, conn.output, job); err != nil {
		return err
	}
	return bulkVerdict(job.BulkJob)
}

// confirm asks whether so many missions are meant.
func confirm(streams cliout.Streams, action contracts.BulkAction, p contracts.BulkPreview) error {
	fmt.Fprintf(streams.Err, "%s %s, the newest of them:\n", action, matchedText(p))
	if err := printMissions(streams.Err, p.Sample); err != nil {
		return err
	}
	fmt.Fprint(streams.Err, "go on? [y/N] ")
	answer := ""
	if streams.In != nil {
		answer, _ = bufio.NewReader(streams.In).ReadString('\n')
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		fmt.Fprintln(streams.Err)
		return cliout.Usage("nothing is changed; answer y, or give --yes")
	}
	return nil
}

func matchedText(p contracts.BulkPreview) string {
	text := fmt.Sprintf("%d missions", p.Matched)
	if p.Matched == 1 {
		text = "1 mission"
	}
	if !p.Complete {
		text = "at least " + text
	}
	return text
}

// awaitBulk follows a job until it ends. A commander that is away is waited for.
func awaitBulk(ctx context.Context, streams cliout.Streams, c *client.Client, job client.BulkJob) (client.BulkJob, error) {
	screen := cliout.NewScreen(streams.Err)
	defer screen.Close()
	tick := time.NewTicker(bulkEvery)
	defer tick.Stop()
	for job.State == contracts.BulkRunning {
		screen.Status(jobProgress(job.BulkJob))
		select {
		case <-ctx.Done():
			return job, context.Cause(ctx)
		case <-tick.C:
		}
		now, err := c.GetBulk(ctx, job.ID)
		switch {
		case err == nil:
			job = now
		case !client.Temporary(err):
			return job, err
		}
	}
	screen.Status(jobProgress(job.BulkJob))
	return job, nil
}

func jobProgress(j contracts.BulkJob) string {
	text := fmt.Sprintf("%s: %d changed of %d examined", j.Action, j.Changed, j.Examined)
	if n := skippedOf(j); n > 0 {
		text += fmt.Sprintf(", %d skipped", n)
	}
	if j.Failed > 0 {
		text += fmt.Sprintf(", %d failed", j.Failed)
	}
	return text
}

func skippedOf(j contracts.BulkJob) (n int) {
	for _, skipped := range j.Skipped {
		n += skipped
	}
	return n
}

// bulkVerdict is that of a job that has ended.
func bulkVerdict(j contracts.BulkJob) error {
	switch {
	case j.State == contracts.BulkFailed:
		return cliout.Verdict("bulk job %s failed: %s", j.ID, cliout.Plain(j.Error))
	case j.State == contracts.BulkStopped:
		return cliout.Verdict("bulk job %s was stopped", j.ID)
	case j.Failed > 0:
		return cliout.Verdict("%d of %d missions could not be changed", j.Failed, j.Matched)
	}
	return nil
}

func printBulk(streams cliout.Streams, format cliout.Format, j client.BulkJob) error {
	if format == cliout.JSON {
		return cliout.WriteJSON(streams.Out, j)
	}
	fmt.Fprintf(streams.Out, "bulk job %s is %s: %s\n", j.ID, j.State, jobProgress(j.BulkJob))
	for _, reason := range slices.Sorted(maps.Keys(j.Skipped)) {
		fmt.Fprintf(streams.Out, "  %d skipped: %s\n", j.Skipped[reason], cliout.Plain(reason))
	}
	for _, f := range j.Failures {
		fmt.Fprintf(streams.Out, "  %s failed: %s\n", f.MissionID, cliout.Plain(f.Message))
	}
	if j.Degraded {
		fmt.Fprintf(streams.Err, "Redis is away: this is as of %s, and the job waits\n", dateText(j.AsOf))
	}
	return nil
}

// newBulk returns `missionctl bulk`.
func newBulk(streams cliout.Streams, conn *connection) *cobra.Command {
	cmd := newBulkList(streams, conn, cobra.Command{
		Use:   "bulk",
		Short: "List the jobs that change many missions, or stop one",
		Long: "List the jobs that change many missions, newest first. They are begun by missionctl cancel, retry and purge with a\n" +
			"filter; the last 100 are kept, for 7 days.",
		Example: "  missionctl bulk\n  missionctl bulk stop 0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b",
	})
	cmd.AddCommand(
		newBulkList(streams, conn, cobra.Command{
			Use: "list", Short: "List bulk jobs, newest first", Example: "  missionctl bulk list",
		}),
		newBulkOne(streams, conn, "get", "Show a bulk job", (*client.Client).GetBulk),
		newBulkOne(streams, conn, "stop", "Stop a bulk job; what is changed stays so", (*client.Client).StopBulk),
	)
	return cmd
}

func newBulkOne(streams cliout.Streams, conn *connection, name, short string,
	do func(c *client.Client, ctx context.Context, id string) (client.BulkJob, error),
) *cobra.Command {
	return &cobra.Command{
		Use: name + " ID", Short: short, Args: cobra.ExactArgs(1),
		Example: "  missionctl bulk " + name + " 0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			j, err := do(c, ctx, args[0])
			if err != nil {
				return err
			}
			return printBulk(streams, conn.output, j)
		},
	}
}

// newBulkList has a command list the jobs.
func newBulkList(streams cliout.Streams, conn *connection, cmd cobra.Command) *cobra.Command {
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return ask(cmd, conn, (*client.Client).ListBulk, func(l client.BulkJobs) error {
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, l)
			}
			rows := [][]string{{"JOB", "ACTION", "STATE", "CREATED", "EXAMINED", "CHANGED", "SKIPPED", "FAILED", "WHICH", "REASON"}}
			for _, j := range l.Jobs {
				rows = append(rows, []string{
					j.ID, string(j.Action), string(j.State), j.CreatedAt.Local().Format("01-02 15:04:05"), fmt.Sprint(j.Examined),
					fmt.Sprint(j.Changed), fmt.Sprint(skippedOf(j)), fmt.Sprint(j.Failed), cliout.Cut(whichText(j), 60), cliout.Cut(j.Reason, 40),
				})
			}
			if err := cliout.WriteTable(streams.Out, rows); err != nil {
				return err
			}
			if l.Degraded {
				fmt.Fprintf(streams.Err, "Redis is away: these are the jobs in the commander's memory, as of %s\n", dateText(l.AsOf))
			}
			return nil
		})
	}
	return &cmd
}

// whichText is a job's filter.
func whichText(j contracts.BulkJob) string {
	if j.All {
		return "all"
	}
	var parts []string
	for _, p := range [][2]string{
		{"status", string(j.Filter.Status)}, {"kind", j.Filter.Kind}, {"squad", j.Filter.Squad}, {"label", j.Filter.Label}, {"q", j.Filter.Query},
	} {
		if p[1] != "" {
			parts = append(parts, p[0]+"="+p[1])
		}
	}
	return strings.Join(parts, " ")
}
