package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newRetry returns `missionctl retry`.
func newRetry(streams cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "retry ID",
		Short: "Send a failed or cancelled mission out again",
		Long: "Send a FAILED or CANCELLED mission out again, as one more attempt. Where no answer comes, its attempt tells\n" +
			"whether it was: see missionctl get ID before you try again.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			m, err := c.Retry(ctx, args[0])
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, m)
			}
			_, err = fmt.Fprintf(streams.Out, "mission %s is %s, attempt %d of %d\n", m.MissionID, statusText(m.Mission), m.Attempt, m.MaxAttempts)
			return err
		},
	}
}
