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

// newWatch returns `missionctl watch`.
func newWatch(streams cliout.Streams, conn *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "watch [ID]",
		Short: "Print changes as they happen",
		Long: "Print a line for each change of a mission, as it happens. Without ID it goes on until Ctrl-C; with one it\n" +
			"ends with the mission, and exits with 3 unless that is COMPLETED. With --output json each line is the mission\n" +
			"as JSON. A broken connection is made again, and nothing is missed.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.follow(cmd.Context())
			defer cancel()
			w := &watcher{streams: streams, format: conn.output, c: c, seen: map[string]int64{}}
			if len(args) == 1 {
				w.id = args[0]
			}
			return w.run(ctx)
		},
	}
}

// watcher prints each picture of a mission once, and never an older one after a newer one.
type watcher struct {
	streams cliout.Streams
	format  cliout.Format
	c       *client.Client
	id      string // empty: all missions
	seen    map[string]int64
	broken  bool
}

// maxSeen bounds what a watcher of all missions remembers; past it, it may print a picture twice.
const maxSeen = 100_000

func (w *watcher) run(ctx context.Context) error {
	if w.id != "" {
		// A wrong id should be told at once, not by silence.
		m, err := w.c.Get(ctx, w.id)
		if err != nil {
			return err
		}
		if w.print(m.Mission); m.Status.Terminal() {
			return verdictOf(m.Mission)
		}
	}
	for e, err := range w.c.Events(ctx, client.EventsOptions{MissionID: w.id}) {
		if err != nil {
			return err
		}
		ended, err := w.take(ctx, e)
		if ended || err != nil {
			return err
		}
	}
	return nil
}

// take handles one event, and tells whether the watched mission has ended.
func (w *watcher) take(ctx context.Context, e client.Event) (bool, error) {
	switch e.Type {
	case client.EventDisconnected:
		if !w.broken {
			w.broken = true
			w.notice("connection lost, trying again: %v", e.Err)
		}
	case client.EventConnected:
		if w.broken {
			w.broken = false
			w.notice("connected again")
		}
		return w.look(ctx)
	case client.EventReset:
		w.notice("some changes were missed; what follows is whole")
		return w.look(ctx)
	case client.EventMission:
		m, err := e.Mission()
		if err != nil {
			return false, err
		}
		return w.ended(m)
	}
	return false, nil
}

// look reads the watched mission, for changes that no event will tell. A commander that is away is no reason to stop:
// the next connection looks again.
func (w *watcher) look(ctx context.Context) (bool, error) {
	if w.id == "" {
		return false, nil
	}
	m, err := w.c.Get(ctx, w.id)
	if err != nil {
		if client.Temporary(err) {
			return false, nil
		}
		return false, err
	}
	return w.ended(m.Mission)
}

func (w *watcher) ended(m contracts.Mission) (bool, error) {
	w.print(m)
	if w.id == "" || !m.Status.Terminal() {
		return false, nil
	}
	return true, verdictOf(m)
}

func (w *watcher) print(m contracts.Mission) {
	if m.Version <= w.seen[m.MissionID] {
		return
	}
	if len(w.seen) >= maxSeen {
		clear(w.seen)
	}
	w.seen[m.MissionID] = m.Version
	if w.format == cliout.JSON {
		_ = cliout.WriteJSONLine(w.streams.Out, m) // a reader that went away ends the process by SIGPIPE
		return
	}
	fmt.Fprintln(w.streams.Out, cliout.Plain(changeText(m)))
}

// changeText is a mission's newest change on one line.
func changeText(m contracts.Mission) string {
	s := fmt.Sprintf("%s  %s  %-11s  %s", cliout.Clock(m.UpdatedAt.Time), m.MissionID, m.Status, cliout.Cut(m.Name, 40))
	switch {
	case m.Status == contracts.StatusInProgress:
		s += fmt.Sprintf("  by %s, run %d", m.SoldierID, m.Run)
		if m.CancelRequested {
			s += ", cancel requested"
		}
	case m.Status.Terminal() && !m.StartedAt.IsZero():
		s += "  after " + tookText(m)
	case m.StatusReason != "":
		s += "  " + m.StatusReason
	}
	if m.Error != nil && m.Status == contracts.StatusFailed {
		s += ": " + cliout.Cut(m.Error.Message, 100)
	}
	return s
}

func (w *watcher) notice(format string, args ...any) {
	fmt.Fprintf(w.streams.Err, "%s  %s\n", cliout.Clock(time.Now()), fmt.Sprintf(format, args...))
}
