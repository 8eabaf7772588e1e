package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newHealth returns `missionctl health`.
func newHealth(streams cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Show how the commander, Redis and RabbitMQ are",
		Long: "Show how the commander, Redis and RabbitMQ are. Exits with 0 while the commander serves (ok or degraded),\n" +
			"with 3 while it is down, and with 1 where none answers.",
		Example: `  missionctl health
  missionctl health --output json | jq -r .status`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			h, err := c.Health(ctx)
			if err != nil {
				return err
			}
			if err := printHealth(streams.Out, conn.output, h); err != nil {
				return err
			}
			if h.Status == client.HealthDown {
				return cliout.Verdict("the commander at %s is down: see the parts above", c.BaseURL())
			}
			return nil
		},
	}
}

func printHealth(w io.Writer, format cliout.Format, h client.Health) error {
	if format == cliout.JSON {
		return cliout.WriteJSON(w, h)
	}
	rows := [][]string{{"PART", "STATUS", "SINCE", "LATENCY", "NOTE"}, {"commander", string(h.Status), "", "", note(h)}}
	for _, part := range slices.Sorted(maps.Keys(h.Checks)) {
		c := h.Checks[part]
		text := c.Error
		if text == "" {
			text = c.Warning
		}
		latency := fmt.Sprintf("%.1f ms", c.LatencyMS)
		if c.Status == client.CheckNotUsed {
			latency = ""
		}
		rows = append(rows, []string{part, c.Status, dateText(c.Since), latency, text})
	}
	return cliout.WriteTable(w, rows)
}

func note(h client.Health) string {
	s := "version " + h.Version
	if h.Ground != "" {
		s += ", ground " + h.Ground
	}
	return s
}
