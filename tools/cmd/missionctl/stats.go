package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newStats returns `missionctl stats`.
func newStats(streams cliout.Streams, conn *connection) *cobra.Command {
	var over contracts.Range
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Show how many missions there are, or with --range numbers over time",
		Long: "Show how many missions there are by status, and what waits at RabbitMQ; or with --range what happened over time, in steps\n" +
			"of 10 s, a minute, 5 minutes or half an hour: how many missions were created and ended, how long they waited and ran, and\n" +
			"how many waited at the end of each step.",
		Example: `  missionctl stats
  missionctl stats --range 24h
  missionctl stats --range 1h --output json | jq '.points[-1]'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			if over != "" {
				h, err := c.StatsHistory(ctx, over)
				if err != nil {
					return err
				}
				if conn.output == cliout.JSON {
					return cliout.WriteJSON(streams.Out, h)
				}
				return printTrends(streams, h)
			}
			s, err := c.Stats(ctx)
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, s)
			}
			return printStats(streams, s, time.Now())
		},
	}
	addRange(cmd, &over, contracts.HistoryRanges())
	return cmd
}

func printStats(streams cliout.Streams, s client.Stats, now time.Time) error {
	rows := [][]string{{"STATUS", "MISSIONS", "PER MINUTE", "NOTE"}}
	perMinute := map[contracts.Status]int64{
		contracts.StatusCompleted: s.Rates.CompletedPerMinute, contracts.StatusFailed: s.Rates.FailedPerMinute,
	}
	for _, status := range contracts.Statuses() {
		row := []string{string(status), strconv.FormatInt(s.Counts[status], 10), "", ""}
		if n, ok := perMinute[status]; ok {
			row[2] = strconv.FormatInt(n, 10)
		}
		if o := s.Oldest; o != nil && status == contracts.StatusQueued {
			row[3] = fmt.Sprintf("%s waits longest, created %s ago, squad %s", o.MissionID, cliout.Short(max(0, now.Sub(o.CreatedAt.Time))), o.Squad)
		}
		rows = append(rows, row)
	}
	rows = append(rows, []string{"created", "", strconv.FormatInt(s.Rates.CreatedPerMinute, 10), ""}, nil, []string{"QUEUE", "READY", "CONSUMERS"})
	for _, q := range s.Queues {
		rows = append(rows, []string{q.Name, strconv.FormatInt(q.Ready, 10), strconv.Itoa(q.Consumers)})
	}
	if err := cliout.WriteTable(streams.Out, rows); err != nil {
		return err
	}
	if s.Degraded {
		fmt.Fprintf(streams.Err, "Redis is away: these are the numbers in the commander's memory, as of %s\n", dateText(s.AsOf))
	}
	return nil
}

func printTrends(streams cliout.Streams, h contracts.StatsHistory) error {
	rows := [][]string{{"FROM", "CREATED", "COMPLETED", "FAILED", "CANCELLED", "WAIT P50/P95/P99", "RUN P50/P95/P99", "QUEUED", "RUNNING", "OLDEST", "BUSY/SLOTS"}}
	for _, p := range h.Points {
		row := []string{
			shortDate(p.At), strconv.FormatInt(p.Created, 10), strconv.FormatInt(p.Completed, 10), strconv.FormatInt(p.Failed, 10),
			strconv.FormatInt(p.Cancelled, 10), percentiles(p.Wait), percentiles(p.Run), "-", "-", "-", "-",
		}
		if g := p.TrendGauges; g != nil {
			row[7], row[8] = strconv.FormatInt(g.Queued, 10), strconv.FormatInt(g.InProgress, 10)
			if g.Queued > 0 {
				row[9] = cliout.Short(time.Duration(g.OldestQueuedSeconds * float64(time.Second)))
			}
			row[10] = fmt.Sprintf("%d/%d", g.Busy, g.Slots)
		}
		rows = append(rows, row)
	}
	if err := cliout.WriteTable(streams.Out, rows); err != nil {
		return err
	}
	if h.Degraded {
		fmt.Fprintf(streams.Err, "Redis is away: these are the steps in the commander's memory, as of %s\n", dateText(h.AsOf))
	}
	return nil
}

func percentiles(p *contracts.Percentiles) string {
	if p == nil {
		return "-"
	}
	of := func(ms float64) string { return cliout.Short(time.Duration(ms * float64(time.Millisecond))) }
	return of(p.P50) + "/" + of(p.P95) + "/" + of(p.P99)
}

// addRange adds --range, which must be one of those allowed.
func addRange(cmd *cobra.Command, r *contracts.Range, allowed []contracts.Range) {
	cmd.Flags().Var(&rangeFlag{r, allowed}, "range", "how far back: "+strings.Join(rangeNames(allowed), ", "))
	_ = cmd.RegisterFlagCompletionFunc("range", fixed(rangeNames(allowed)...)) // fails only for a flag that is not there
}

func rangeNames(ranges []contracts.Range) []string {
	names := make([]string, len(ranges))
	for i, r := range ranges {
		names[i] = string(r)
	}
	return names
}

// rangeFlag is a range that is one of some.
type rangeFlag struct {
	value   *contracts.Range
	allowed []contracts.Range
}

// Set implements pflag.Value, as String and Type.
func (f *rangeFlag) Set(s string) error {
	if !slices.Contains(f.allowed, contracts.Range(s)) {
		return fmt.Errorf("must be one of %s", strings.Join(rangeNames(f.allowed), ", "))
	}
	*f.value = contracts.Range(s)
	return nil
}

func (f *rangeFlag) String() string { return string(*f.value) }

// Type is what help shows for the value.
func (f *rangeFlag) Type() string { return strings.Join(rangeNames(f.allowed), "|") }

// shortDate is a moment of the last days.
func shortDate(t contracts.Time) string { return t.Local().Format("01-02 15:04:05") }
