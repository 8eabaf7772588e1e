package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newFailures returns `missionctl failures`.
func newFailures(streams cliout.Streams, conn *connection) *cobra.Command {
	within := contracts.RangeHour
	cmd := &cobra.Command{
		Use:   "failures",
		Short: "Show what missions failed with of late, the most frequent first",
		Long: "Show what missions failed with of late, the most frequent first. Attempts that FAILED are grouped by kind, error code and\n" +
			"message, where digits, ids and quoted words don't tell messages apart. An attempt that failed and is repeated counts, too.",
		Example: `  missionctl failures
  missionctl failures --range 24h --output json | jq '.groups[] | {count, code, message}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			list, err := c.Failures(ctx, within)
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, list)
			}
			return printFailures(streams, list)
		},
	}
	addRange(cmd, &within, contracts.FailureRanges())
	return cmd
}

func printFailures(streams cliout.Streams, list contracts.FailureList) error {
	rows := [][]string{{"COUNT", "LAST", "FIRST", "KIND", "CODE", "NEWEST MISSION", "MESSAGE"}}
	for _, g := range list.Groups {
		rows = append(rows, []string{
			strconv.FormatInt(g.Count, 10), shortDate(g.LastAt), shortDate(g.FirstAt), g.Kind, cliout.Cut(g.Code, 30), g.MissionID, cliout.Cut(g.Message, 100),
		})
	}
	if err := cliout.WriteTable(streams.Out, rows); err != nil {
		return err
	}
	if list.Others > 0 {
		fmt.Fprintf(streams.Err, "%d more failed with something else\n", list.Others)
	}
	if list.Degraded {
		fmt.Fprintf(streams.Err, "Redis is away: this is what is in the commander's memory, as of %s\n", dateText(list.AsOf))
	}
	return nil
}
