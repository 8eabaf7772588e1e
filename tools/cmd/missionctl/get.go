package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newGet returns `missionctl get`.
func newGet(streams cliout.Streams, conn *connection) *cobra.Command {
	var history bool
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Show one mission, or its history",
		Long:  "Show one mission with its payload and result, or with --history all that happened to it.",
		Example: `  missionctl get 0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b
  missionctl get 0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b --history
  missionctl get 0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b --output json | jq .result`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			if history {
				h, err := c.History(ctx, args[0])
				if err != nil {
					return err
				}
				return printHistory(streams.Out, conn.output, h)
			}
			m, err := c.Get(ctx, args[0])
			if err != nil {
				return err
			}
			return printMission(streams.Out, conn.output, m)
		},
	}
	cmd.Flags().BoolVar(&history, "history", false, "every change and refused update instead, oldest first")
	return cmd
}

// printMission prints all of one mission.
func printMission(w io.Writer, format cliout.Format, m client.Mission) error {
	if format == cliout.JSON {
		return cliout.WriteJSON(w, m)
	}
	rows := [][]string{{"mission", m.MissionID}}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	add("name", m.Name)
	add("kind", m.Kind)
	for _, k := range slices.Sorted(maps.Keys(m.Labels)) {
		add("label", contracts.Label{Key: k, Value: m.Labels[k]}.String())
	}
	add("concurrency key", m.ConcurrencyKey)
	add("unique key", m.UniqueKey)
	add("status", statusText(m.Mission))
	if m.Error != nil {
		add("error", m.Error.Code+": "+m.Error.Message)
	}
	add("soldier", m.SoldierID)
	add("attempt", fmt.Sprintf("%d of %d, run %d, losses %d", m.Attempt, m.MaxAttempts, m.Run, m.Losses))
	add("progress", progressText(m))
	add("retries", retryText(m.Retry))
	add("created", dateText(m.CreatedAt))
	add("starts at", dateText(m.RunAt))
	add("deadline", dateText(m.DeadlineAt))
	add("started", dateText(m.StartedAt))
	add("finished", dateText(m.FinishedAt))
	add("took", tookText(m.Mission))
	add("payload", string(m.Payload))
	add("result", string(m.Result))
	if m.Durable == client.DurableBroker {
		add("kept by", "RabbitMQ: Redis is away; it will be listed once Redis is back")
	}
	if m.Degraded {
		add("as of", dateText(m.AsOf)+", from the commander's memory: Redis is away")
	}
	return cliout.WriteTable(w, rows)
}

// progressText is how far the mission has come, where that says more than its status.
func progressText(m client.Mission) string {
	if m.Status == contracts.StatusCompleted || m.Progress == 0 && m.ProgressText == "" {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%d %% %s", m.Progress, m.ProgressText))
}

func printHistory(w io.Writer, format cliout.Format, h client.History) error {
	if format == cliout.JSON {
		return cliout.WriteJSON(w, h)
	}
	rows := [][]string{{"MADE", "RECORDED", "STATUS", "CODE", "ATTEMPT", "RUN", "SOLDIER", "MESSAGE"}}
	for _, l := range h.Lines {
		status := string(l.Status)
		if l.Refused {
			status = "refused " + status
		}
		rows = append(rows, []string{
			cliout.Clock(l.MadeAt.Time), cliout.Clock(l.RecordedAt.Time), status, string(l.Cause),
			fmt.Sprint(l.Attempt), fmt.Sprint(l.Run), l.SoldierID, l.Message,
		})
	}
	if err := cliout.WriteTable(w, rows); err != nil || h.Dropped == 0 {
		return err
	}
	_, err := fmt.Fprintf(w, "%d lines in the middle were dropped to keep the history short\n", h.Dropped)
	return err
}

func statusText(m contracts.Mission) string {
	var notes []string
	if m.StatusReason != "" {
		notes = append(notes, m.StatusReason)
	}
	if m.CancelRequested && !m.Status.Terminal() {
		notes = append(notes, "cancel requested")
	}
	if len(notes) == 0 {
		return string(m.Status)
	}
	return string(m.Status) + " (" + strings.Join(notes, "; ") + ")"
}

func dateText(t contracts.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05.000 MST")
}

// retryText is how long a mission waits between attempts, where that is its own.
func retryText(r *contracts.Retry) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("after %v, then %v times as long each time, at most %v",
		time.Duration(r.DelaySeconds)*time.Second, r.Factor, time.Duration(r.MaxDelaySeconds)*time.Second)
}

// tookText is how long the last execution took.
func tookText(m contracts.Mission) string {
	if m.StartedAt.IsZero() || m.FinishedAt.IsZero() {
		return ""
	}
	return cliout.Short(m.FinishedAt.Sub(m.StartedAt.Time).Round(time.Millisecond))
}
