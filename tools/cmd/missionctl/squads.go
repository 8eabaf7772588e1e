package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newSquads returns `missionctl squads`.
func newSquads(streams cliout.Streams, conn *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "squads",
		Short: "List the squads; pause, resume, limit or remove one",
		Long: "List the squads: groups of soldiers with orders of their own. A squad is there once a mission names it, or a soldier\n" +
			"serves it (SOLDIER_SQUADS). SCHEDULED, QUEUED and RUNNING are how many missions it has in these statuses; READY is how many\n" +
			"orders or packs of them wait at RabbitMQ: a paused squad's missions wait in Redis.",
		Example: `  missionctl squads
  missionctl squads pause gpu`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			list, err := c.Squads(ctx)
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, list)
			}
			return printSquads(streams, list)
		},
	}
	also := *cmd
	also.Use, also.Short, also.Example = "list", "List the squads", "  missionctl squads list --output json | jq -r '.squads[].name'"
	cmd.AddCommand(
		&also,
		newSquad(streams, conn, squadAction{
			use: "pause", short: "Have a squad's missions wait; what runs goes on", do: (*client.Client).PauseSquad, done: "is paused: its missions wait",
		}),
		newSquad(streams, conn, squadAction{
			use: "resume", short: "Let a squad's missions start again", do: (*client.Client).ResumeSquad, done: "is resumed",
		}),
		newSquadLimit(streams, conn),
		newSquad(streams, conn, squadAction{
			use: "remove", short: "Remove a squad that nobody needs", do: (*client.Client).RemoveSquad, done: "is removed, with its queues",
		}),
	)
	return cmd
}

// squadAction is a command that does something with one squad.
type squadAction struct {
	use, short, done string
	do               func(c *client.Client, ctx context.Context, name string) (client.Squad, error)
}

func newSquad(streams cliout.Streams, conn *connection, a squadAction) *cobra.Command {
	return &cobra.Command{
		Use: a.use + " SQUAD", Short: a.short, Example: "  missionctl squads " + a.use + " gpu", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return doSquad(cmd, streams, conn, args[0], a) },
	}
}

// doSquad does something with a squad, and says that it is done.
func doSquad(cmd *cobra.Command, streams cliout.Streams, conn *connection, name string, a squadAction) error {
	c, err := conn.client(client.Retry{})
	if err != nil {
		return err
	}
	ctx, cancel := conn.call(cmd.Context())
	defer cancel()
	s, err := a.do(c, ctx, name)
	if err != nil {
		return err
	}
	if conn.output == cliout.JSON {
		return cliout.WriteJSON(streams.Out, s)
	}
	_, err = fmt.Fprintf(streams.Out, "squad %s %s\n", s.Name, a.done)
	return err
}

func newSquadLimit(streams cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "limit SQUAD N|none",
		Short: "Say how many missions of a squad may run at once",
		Long: "Say how many missions of a squad may run at once, 1 to 10000; none lets any number run. What runs goes on, and the others\n" +
			"wait in the order in which they came.",
		Example: "  missionctl squads limit gpu 4\n  missionctl squads limit gpu none",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] == "none" {
				return doSquad(cmd, streams, conn, args[0], squadAction{do: (*client.Client).UnlimitSquad, done: "has no limit"})
			}
			most, err := strconv.Atoi(args[1])
			if err != nil {
				return cliout.Usage("%q is no number of missions: give one of 1 to 10000, or none", args[1])
			}
			return doSquad(cmd, streams, conn, args[0], squadAction{
				done: fmt.Sprintf("may run %d missions at once", most),
				do: func(c *client.Client, ctx context.Context, name string) (client.Squad, error) {
					return c.LimitSquad(ctx, name, most)
				},
			})
		},
	}
}

func printSquads(streams cliout.Streams, list client.Squads) error {
	rows := [][]string{{"SQUAD", "STATE", "SOLDIERS", "SLOTS", "SCHEDULED", "QUEUED", "RUNNING", "READY", "LIMIT", "CREATED"}}
	for _, s := range list.Squads {
		state, ready, limit := "open", "-", "-"
		if s.Paused {
			state = "paused"
		}
		if s.Ready != nil {
			ready = strconv.Itoa(*s.Ready)
		}
		if l := s.Limits; l != nil {
			limit = fmt.Sprintf("%d (%d admitted, %d wait)", l.MaxRunning, l.Admitted, l.Waiting)
		}
		rows = append(rows, []string{s.Name, state, strconv.Itoa(s.Soldiers), strconv.Itoa(s.Slots),
			countText(s.Scheduled), countText(s.Queued), countText(s.Running), ready, limit, dateText(s.CreatedAt)})
	}
	if err := cliout.WriteTable(streams.Out, rows); err != nil {
		return err
	}
	if list.Degraded {
		fmt.Fprintf(streams.Err, "Redis is away: soldiers and missions are those in the commander's memory, as of %s\n", dateText(list.AsOf))
	}
	return nil
}

// countText is a count, or a dash where it is not known.
func countText(n *int64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(*n, 10)
}
