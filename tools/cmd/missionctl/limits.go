package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newLimits returns `missionctl limits`.
func newLimits(streams cliout.Streams, conn *connection) *cobra.Command {
	cmd := newLimitsList(streams, conn, cobra.Command{
		Use:   "limits",
		Short: "List how many missions of a concurrency key may run at once, or change it",
		Long: "List the keys whose limit is set. Missions that are submitted with the same --concurrency-key run one at\n" +
			"a time, or as many at once as the key's limit says, and start no faster than its rate. The others wait, in the order\n" +
			"in which they came.",
		Example: `  missionctl limits
  missionctl limits set customer-42 --max-running 3`,
	})
	cmd.AddCommand(
		newLimitsList(streams, conn, cobra.Command{
			Use: "list", Short: "List the keys whose limit is set",
			Example: `  missionctl limits list
  missionctl limits list --output json | jq '.limits[].key'`,
		}),
		newLimitOf(streams, conn, limitAction{
			name: "get", short: "Show one key", do: (*client.Client).Limit,
		}),
		newLimitsSet(streams, conn),
		newLimitOf(streams, conn, limitAction{
			name: "remove", short: "Make a key's limit the default again, one at a time", do: (*client.Client).RemoveLimit,
		}),
	)
	return cmd
}

// newLimitsList has a command list the keys.
func newLimitsList(streams cliout.Streams, conn *connection, cmd cobra.Command) *cobra.Command {
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return ask(cmd, conn, (*client.Client).Limits, func(all []client.ConcurrencyKey) error {
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, struct {
					Limits []client.ConcurrencyKey `json:"limits"`
				}{all})
			}
			return printKeys(streams, all...)
		})
	}
	return &cmd
}

// limitAction is what takes a key alone.
type limitAction struct {
	name, short string
	do          func(*client.Client, context.Context, string) (client.ConcurrencyKey, error)
}

func newLimitOf(streams cliout.Streams, conn *connection, a limitAction) *cobra.Command {
	return &cobra.Command{
		Use:     a.name + " KEY",
		Short:   a.short,
		Example: "  missionctl limits " + a.name + " customer-42",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return doLimit(cmd, streams, conn, func(ctx context.Context, c *client.Client) (client.ConcurrencyKey, error) {
				return a.do(c, ctx, args[0])
			})
		},
	}
}

func newLimitsSet(streams cliout.Streams, conn *connection) *cobra.Command {
	l := contracts.DefaultLimit()
	starts, period := 0, time.Second
	cmd := &cobra.Command{
		Use:   "set KEY",
		Short: "Set a key's limit",
		Long: "Set a key's limit: how many of its missions may run at once, and with --starts how many may start in each --period.\n" +
			"What was set before is replaced. A raised limit starts more of those who wait at once; a lower one ends nothing.",
		Example: "  missionctl limits set customer-42 --max-running 3\n" +
			"  missionctl limits set mail-provider --max-running 100 --starts 5 --period 1s",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch f := cmd.Flags(); {
			case f.Changed("starts"):
				if period%time.Second != 0 {
					return cliout.Usage("--period %s is no whole number of seconds", period)
				}
				l.Rate = &contracts.Rate{Starts: starts, PeriodSeconds: int(period / time.Second)}
			case f.Changed("period"):
				return cliout.Usage("--period needs --starts: how many may start in it")
			}
			return doLimit(cmd, streams, conn, func(ctx context.Context, c *client.Client) (client.ConcurrencyKey, error) {
				return c.SetLimit(ctx, args[0], l)
			})
		},
	}
	f := cmd.Flags()
	f.IntVar(&l.MaxRunning, "max-running", l.MaxRunning, "how many may run at once, 1 to 10000")
	f.IntVar(&starts, "starts", 0, "how many may start in each period, 1 to 10000 (default any number)")
	f.DurationVar(&period, "period", period, "the period of --starts, 1s to 24h")
	cmd.MarkFlagsOneRequired("max-running", "starts") // without any it would only undo what was set, as remove does
	return cmd
}

// doLimit does something with a key, and prints the key as it then is.
func doLimit(cmd *cobra.Command, streams cliout.Streams, conn *connection,
	do func(context.Context, *client.Client) (client.ConcurrencyKey, error),
) error {
	c, err := conn.client(client.Retry{})
	if err != nil {
		return err
	}
	ctx, cancel := conn.call(cmd.Context())
	defer cancel()
	k, err := do(ctx, c)
	if err != nil {
		return err
	}
	if conn.output == cliout.JSON {
		return cliout.WriteJSON(streams.Out, k)
	}
	return printKeys(streams, k)
}

func printKeys(streams cliout.Streams, keys ...client.ConcurrencyKey) error {
	rows := [][]string{{"KEY", "MAX RUNNING", "RATE", "ADMITTED", "WAITING"}}
	for _, k := range keys {
		rate := ""
		if r := k.Rate; r != nil {
			rate = fmt.Sprintf("%d in %s", r.Starts, time.Duration(r.PeriodSeconds)*time.Second)
		}
		most := strconv.Itoa(k.MaxRunning)
		if k.Default {
			most += " (default)"
		}
		rows = append(rows, []string{k.Key, most, rate, strconv.Itoa(k.Admitted), strconv.Itoa(k.Waiting)})
	}
	return cliout.WriteTable(streams.Out, rows)
}
