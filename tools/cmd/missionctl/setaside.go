package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newSetAside returns `missionctl set-aside`.
func newSetAside(streams cliout.Streams, conn *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set-aside",
		Short: "See what was set aside for a person, send it again, or drop it",
		Long: "Refused updates and unreadable messages lie in status_refused_queue, missions of an outage of Redis that could\n" +
			"not be created in submissions_refused_queue, orders that no soldier could read in orders_dead_queue.",
		Example: `  missionctl set-aside list
  missionctl set-aside drop --queue status_refused_queue --reason expired`,
	}
	cmd.AddCommand(
		newSetAsideList(streams, conn),
		newSetAsideAction(streams, conn, setAsideAction{
			name: "resend", short: "Send messages again to the queue that they came from", done: "sent again",
			one: (*client.Client).ResendSetAside, all: (*client.Client).ResendAllSetAside,
		}),
		newSetAsideAction(streams, conn, setAsideAction{
			name: "drop", short: "Drop messages for good", done: "dropped",
			one: (*client.Client).DropSetAside, all: (*client.Client).DropAllSetAside,
		}),
	)
	return cmd
}

func newSetAsideList(streams cliout.Streams, conn *connection) *cobra.Command {
	var f client.SetAsideFilter
	limit := 0
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what is set aside, as a rule the oldest first",
		Long: "List what is set aside, as a rule the oldest first. With --output json the bodies are shown, too. Messages that\n" +
			"somebody else looks at just now are not seen.",
		Example: `  missionctl set-aside list --queue status_refused_queue --limit 200
  missionctl set-aside list --output json | jq .counts`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.longCall(cmd.Context())
			defer cancel()
			l, err := c.ListSetAside(ctx, f, limit)
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, l)
			}
			return printSetAside(streams, l)
		},
	}
	addSetAsideFilter(cmd, &f)
	cmd.Flags().IntVar(&limit, "limit", 0, "show so many messages at most, 1 to 200 (default 50)")
	return cmd
}

func addSetAsideFilter(cmd *cobra.Command, f *client.SetAsideFilter) {
	cmd.Flags().StringVar(&f.Queue, "queue", "", "only this queue: status_refused_queue, submissions_refused_queue or orders_dead_queue")
	cmd.Flags().StringVar(&f.Reason, "reason", "", "only messages with this reason, as it is listed")
}

func printSetAside(streams cliout.Streams, l client.SetAside) error {
	rows := [][]string{{"ID", "QUEUE", "TYPE", "REASON", "SIZE", "DETAIL"}}
	for _, m := range l.Messages {
		rows = append(rows, []string{m.ID, m.Queue, m.Type, m.Reason, strconv.Itoa(m.Size), cliout.Cut(m.Detail, 60)})
	}
	if err := cliout.WriteTable(streams.Out, rows); err != nil {
		return err
	}
	for _, c := range l.Counts {
		fmt.Fprintf(streams.Err, "%d in %s, reason %s\n", c.Messages, c.Queue, cliout.Plain(c.Reason))
	}
	if !l.Complete {
		fmt.Fprintln(streams.Err, "there are more: see --limit, --queue and --reason")
	}
	return nil
}

// setAsideAction is resend or drop.
type setAsideAction struct {
	name, short, done string
	one               func(*client.Client, context.Context, string) (client.SetAsideDone, error)
	all               func(*client.Client, context.Context, client.SetAsideFilter) (client.SetAsideDone, error)
}

func newSetAsideAction(streams cliout.Streams, conn *connection, a setAsideAction) *cobra.Command {
	var f client.SetAsideFilter
	cmd := &cobra.Command{
		Use:   a.name + " [ID]",
		Short: a.short,
		Long:  a.short + ": the one with the ID, or with --queue all of a queue, or of a --reason there.",
		Example: fmt.Sprintf("  missionctl set-aside %s 0123456789abcdef0123456789abcdef\n"+
			"  missionctl set-aside %s --queue status_refused_queue --reason superseded", a.name, a.name),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if one := len(args) == 1; one == (f.Queue != "") || one && f.Reason != "" {
				return cliout.Usage("give an ID, or --queue and perhaps --reason")
			}
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.longCall(cmd.Context())
			defer cancel()
			var done client.SetAsideDone
			if len(args) == 1 {
				done, err = a.one(c, ctx, args[0])
			} else {
				done, err = a.all(c, ctx, f)
			}
			if err != nil {
				return err
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(streams.Out, done)
			}
			fmt.Fprintf(streams.Out, "%d %s\n", done.Messages, a.done)
			if done.Skipped > 0 {
				fmt.Fprintf(streams.Err, "%d can't be sent again: nobody knows where they came from, or that queue is no more\n", done.Skipped)
			}
			if !done.Complete {
				fmt.Fprintln(streams.Err, "there are more: do it again")
			}
			return nil
		},
	}
	addSetAsideFilter(cmd, &f)
	return cmd
}
