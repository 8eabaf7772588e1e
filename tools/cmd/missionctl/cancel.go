package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newCancel returns `missionctl cancel`.
func newCancel(streams cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "cancel ID",
		Short: "Cancel a mission",
		Long: "Cancel a mission. One that waits is CANCELLED at once; one in progress is asked to stop, and may still\n" +
			"complete: follow it with missionctl watch ID.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			m, err := c.Cancel(ctx, args[0])
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, m)
			}
			_, err = fmt.Fprintf(streams.Out, "mission %s is %s\n", m.MissionID, statusText(m.Mission))
			return err
		},
	}
}
