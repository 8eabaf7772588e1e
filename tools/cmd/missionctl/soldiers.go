package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newSoldiers returns `missionctl soldiers`.
func newSoldiers(streams cliout.Streams, conn *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "soldiers",
		Short: "List the soldiers, or have one drain",
		Long:  "List the soldiers: those that live, and those that died within the last hour.",
		Example: `  missionctl soldiers
  missionctl soldiers --output json | jq '[.soldiers[].slots] | add'
  missionctl soldiers drain soldier-2`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			fleet, err := c.Soldiers(ctx)
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, fleet)
			}
			return printSoldiers(streams, fleet)
		},
	}
	also := *cmd
	also.Use, also.Short, also.Example = "list", "List the soldiers", "  missionctl soldiers list --output json | jq -r '.soldiers[].soldier_id'"
	cmd.AddCommand(&also, newDrainSoldier(streams, conn))
	return cmd
}

func newDrainSoldier(streams cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "drain ID",
		Short: "Have a soldier finish what it runs, take nothing more, and end",
		Long: "Have a soldier finish what it runs, take nothing more, and end, as after a SIGTERM. What runs longer than its\n" +
			"SOLDIER_DRAIN_TIMEOUT goes to others. A supervisor that starts the process again has a soldier that works:\n" +
			"keep it from that first.",
		Example: "  missionctl soldiers drain soldier-2",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			s, err := c.Drain(ctx, args[0])
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, s)
			}
			_, err = fmt.Fprintf(streams.Out, "soldier %s is asked to drain, %d running\n", s.SoldierID, len(s.Running))
			return err
		},
	}
}

func printSoldiers(streams cliout.Streams, fleet client.Fleet) error {
	rows := [][]string{{"SOLDIER", "STATE", "RUNNING", "SLOTS", "LAST SEEN", "VERSION", "SQUADS", "KINDS"}}
	for _, s := range fleet.Soldiers {
		running := strconv.Itoa(len(s.Running))
		if s.State == client.SoldierDead {
			running = "" // what it told last has ended since, or runs elsewhere
		}
		rows = append(rows, []string{
			s.SoldierID, soldierState(s), running, strconv.Itoa(s.Slots), shortDate(s.LastSeenAt),
			s.Version, cliout.Cut(strings.Join(s.Squads, ","), 40), cliout.Cut(strings.Join(s.Kinds, ","), 60),
		})
	}
	if err := cliout.WriteTable(streams.Out, rows); err != nil {
		return err
	}
	if fleet.Degraded {
		fmt.Fprintf(streams.Err, "Redis is away: these are the soldiers in the commander's memory, as of %s\n", dateText(fleet.AsOf))
	}
	return nil
}

// soldierState is live, draining, or dead.
func soldierState(s client.Soldier) string {
	if s.State == client.SoldierLive && s.Draining {
		return "draining"
	}
	return s.State
}
