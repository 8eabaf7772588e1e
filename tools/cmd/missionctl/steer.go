package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newCancel returns `missionctl cancel`.
func newCancel(streams cliout.Streams, conn *connection) *cobra.Command {
	return newSteer(streams, conn, steer{
		use: "cancel", short: "Cancel a mission",
		long: "Cancel a mission. One that waits is CANCELLED at once; one in progress is asked to stop, and may still\n" +
			"complete: follow it with missionctl watch ID.",
		do: (*client.Client).Cancel,
		say: func(m client.Mission) string {
			return fmt.Sprintf("mission %s is %s", m.MissionID, statusText(m.Mission))
		},
	})
}

// newRetry returns `missionctl retry`.
func newRetry(streams cliout.Streams, conn *connection) *cobra.Command {
	return newSteer(streams, conn, steer{
		use: "retry", short: "Send a failed or cancelled mission out again",
		long: "Send a FAILED or CANCELLED mission out again, as one more attempt. Where no answer comes, its attempt tells\n" +
			"whether it was: see missionctl get ID before you try again.",
		do: (*client.Client).Retry,
		say: func(m client.Mission) string {
			return fmt.Sprintf("mission %s is %s, attempt %d of %d", m.MissionID, statusText(m.Mission), m.Attempt, m.MaxAttempts)
		},
	})
}

// steer is a command that has one mission changed, and says what it is then.
type steer struct {
	use, short, long string
	do               func(c *client.Client, ctx context.Context, id string) (client.Mission, error)
	say              func(client.Mission) string
}

func newSteer(streams cliout.Streams, conn *connection, s steer) *cobra.Command {
	return &cobra.Command{
		Use: s.use + " ID", Short: s.short, Long: s.long, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			m, err := s.do(c, ctx, args[0])
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, m)
			}
			_, err = fmt.Fprintln(streams.Out, s.say(m))
			return err
		},
	}
}
