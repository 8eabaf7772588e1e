package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newLogs returns `missionctl logs`.
func newLogs(streams cliout.Streams, conn *connection) *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "logs ID",
		Short: "Print what a mission's handler had to say",
		Long: "Print the log lines that a mission's handlers reported, of all attempts, oldest first. The newest 200 are kept.\n" +
			"With --follow it goes on with what is said, and how far the mission comes, and ends with the mission: it exits with 3\n" +
			"unless that is COMPLETED. With --output json each line is JSON.",
		Example: "  missionctl logs --follow 0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			l := &logger{streams: streams, format: conn.output, c: c, id: args[0]}
			if follow {
				ctx, cancel := conn.follow(cmd.Context())
				defer cancel()
				return l.follow(ctx)
			}
			ctx, cancel := conn.call(cmd.Context())
			defer cancel()
			return l.look(ctx)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the mission ends")
	return cmd
}

// logger prints each line of a mission's log once.
type logger struct {
	streams  cliout.Streams
	format   cliout.Format
	c        *client.Client
	id       string
	last     int64
	progress string
}

// look prints what there is.
func (l *logger) look(ctx context.Context) error {
	log, err := l.c.Logs(ctx, l.id, client.LogOptions{After: l.last})
	if err != nil {
		return err
	}
	l.print(log)
	return nil
}

// follow prints what is said until the mission ends.
func (l *logger) follow(ctx context.Context) error {
	for e, err := range l.c.Events(ctx, client.EventsOptions{MissionID: l.id}) {
		if err != nil {
			return err
		}
		switch e.Type {
		case client.EventTelemetry:
			t, err := e.Telemetry()
			if err != nil {
				return err
			}
			l.print(t.Log)
			l.printProgress(t)
		case client.EventConnected, client.EventReset, client.EventMission:
			m, err := l.c.Get(ctx, l.id)
			switch {
			case err != nil && client.Temporary(err): // the next connection looks again
			case err != nil:
				return err
			case m.Status.Terminal():
				return l.end(ctx, m.Mission)
			}
		}
	}
	return nil
}

// lastWords is how long a handler's last lines may take after its result.
const lastWords = 1500 * time.Millisecond

// end waits for the last lines, and prints them.
func (l *logger) end(ctx context.Context, m contracts.Mission) error {
	if wait := lastWords - time.Since(m.UpdatedAt.Time); wait > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(min(wait, lastWords)): // the clocks may differ
		}
	}
	if err := l.look(ctx); err != nil {
		return err
	}
	return verdictOf(m)
}

func (l *logger) print(log client.Log) {
	for _, line := range log.Lines {
		if line.Number <= l.last {
			continue
		}
		if lost := line.Number - l.last - 1; lost > 0 {
			l.notice("%d lines before are not kept", lost)
		}
		l.last = line.Number
		if l.format == cliout.JSON {
			_ = cliout.WriteJSONLine(l.streams.Out, line) // a reader that went away ends the process by SIGPIPE
			continue
		}
		text := line.Text
		if line.Cut {
			text += " … (cut)"
		}
		fmt.Fprintf(l.streams.Out, "%s  %d/%d  %-5s  %s\n", cliout.Clock(line.At.Time), line.Attempt, line.Run, line.Level, cliout.Plain(text))
	}
}

// printProgress prints it where it is another one.
func (l *logger) printProgress(t client.Telemetry) {
	text := fmt.Sprintf("run %d is at %d %% %s", t.Run, t.Progress, cliout.Plain(t.ProgressText))
	if text != l.progress && l.format != cliout.JSON {
		l.notice("%s", text)
	}
	l.progress = text
}

func (l *logger) notice(format string, args ...any) {
	fmt.Fprintf(l.streams.Err, "%s  %s\n", cliout.Clock(time.Now()), fmt.Sprintf(format, args...))
}
