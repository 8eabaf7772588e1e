package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newCancel returns `missionctl cancel`.
func newCancel(streams cliout.Streams, conn *connection) *cobra.Command {
	return newSteer(streams, conn, steer{
		action: contracts.BulkCancel, short: "Cancel a mission, or many",
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
		action: contracts.BulkRetry, short: "Send a failed or cancelled mission out again, or many",
		long: "Send a FAILED or CANCELLED mission out again, as one more attempt. Where no answer comes, its attempt tells\n" +
			"whether it was: see missionctl get ID before you try again.",
		do: (*client.Client).Retry,
		say: func(m client.Mission) string {
			return fmt.Sprintf("mission %s is %s, attempt %d of %d", m.MissionID, statusText(m.Mission), m.Attempt, m.MaxAttempts)
		},
	})
}

// newPurge returns `missionctl purge`.
func newPurge(streams cliout.Streams, conn *connection) *cobra.Command {
	return newSteer(streams, conn, steer{
		action: contracts.BulkPurge, short: "Remove a mission that has ended, or many",
		long: "Remove a mission that is COMPLETED, FAILED or CANCELLED, with its payload, result and history, for good.",
		do: func(c *client.Client, ctx context.Context, id string) (client.Mission, error) {
			return client.Mission{Mission: contracts.Mission{MissionID: id}}, c.Purge(ctx, id)
		},
		say:    func(m client.Mission) string { return fmt.Sprintf("mission %s is removed", m.MissionID) },
		silent: true,
	})
}

// steer is a command that has missions changed: one, of which it says what it is then, or all that fit.
type steer struct {
	action      contracts.BulkAction
	short, long string
	do          func(c *client.Client, ctx context.Context, id string) (client.Mission, error)
	say         func(client.Mission) string
	// silent: nothing is left to show as JSON, but the id.
	silent bool
}

func newSteer(streams cliout.Streams, conn *connection, s steer) *cobra.Command {
	var m many
	cmd := &cobra.Command{
		Use: string(s.action) + " [ID]", Short: s.short, Args: cobra.MaximumNArgs(1),
		Long: s.long + "\n\nWith a filter all missions that fit, and that this can be done to, are meant: they are counted, you are asked, and\n" +
			"a job changes them in the background, at most 2,000 a second. It goes on without this command; see missionctl bulk.",
		Example: fmt.Sprintf("  missionctl %[1]s 0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b\n"+
			"  missionctl %[1]s --status %[2]s --label team:blue --reason 'asked for in ticket 42'", s.action, s.action.Statuses()[0]),
		RunE: func(cmd *cobra.Command, args []string) error {
			if bulk, err := m.meant(len(args)); err != nil {
				return err
			} else if bulk {
				return m.run(cmd.Context(), streams, conn, s.action)
			}
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			got, err := s.do(c, ctx, args[0])
			switch {
			case err != nil:
				return err
			case conn.output == cliout.JSON && s.silent:
				return cliout.WriteJSON(streams.Out, map[string]string{"mission_id": got.MissionID})
			case conn.output == cliout.JSON:
				return cliout.WriteJSON(streams.Out, got)
			}
			_, err = fmt.Fprintln(streams.Out, s.say(got))
			return err
		},
	}
	m.add(cmd)
	return cmd
}
