package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newAttention returns `missionctl attention`.
func newAttention(streams cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "attention",
		Short: "Show what is wrong, why, and what can be done",
		Long: "Show what needs somebody's attention, the worst first: what is wrong, why the commander thinks so, and what can be done.\n" +
			"Exits with 0 whatever there is: a script looks at the items.",
		Example: `  missionctl attention
  missionctl attention --output json | jq -r '.items[] | select(.severity == "critical") | .title'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			a, err := c.Attention(ctx)
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, a)
			}
			return printAttention(streams.Out, a)
		},
	}
}

// printAttention prints each item as some lines: its texts are sentences, too long for a table.
func printAttention(w io.Writer, a contracts.Attention) error {
	if len(a.Items) == 0 {
		_, err := fmt.Fprintf(w, "Nothing needs attention, as of %s\n", dateText(a.CheckedAt))
		return err
	}
	for i, item := range a.Items {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%-8s  %s\n", strings.ToUpper(cliout.Plain(string(item.Severity))), cliout.Plain(item.Title))
		for _, line := range []struct{ name, text string }{
			{"since", dateText(item.Since)}, {"why", item.Detail}, {"do", item.Advice}, {"mission", item.MissionID},
		} {
			if line.text == "" {
				continue
			}
			if _, err := fmt.Fprintf(w, "%8s  %s\n", line.name, cliout.Plain(line.text)); err != nil {
				return err
			}
		}
	}
	return nil
}
