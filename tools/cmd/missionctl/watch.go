package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/live"
)

// newWatch returns `missionctl watch`.
func newWatch(streams cliout.Streams, conn *connection) *cobra.Command {
	var (
		filter        live.Filter
		status, label string
		lines         bool
	)
	cmd := &cobra.Command{
		Use:   "watch [ID]",
		Short: "See changes as they happen",
		Long: `See changes as they happen. On a terminal that is a live view: missions by status, rates, what waits in the queues, the
fleet, health, what runs and what ended last. q quits, p pauses. Elsewhere, with --lines or --output json, it is a line for
each change, until Ctrl-C. With ID, lines of that mission alone: it ends with the mission, and exits with 3 unless that is
COMPLETED. With --output json each line is the mission as JSON.

A broken connection is made again, and nothing is missed. NO_COLOR=1 shows no colours.`,
		Example: `  missionctl watch
  missionctl watch --squad heavy --label team:blue
  missionctl watch --status failed --lines
  missionctl watch --output json | jq -r .mission_id
  missionctl watch 0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			filter.Status = contracts.Status(strings.ToUpper(status))
			if status != "" && !filter.Status.Valid() {
				return cliout.Usage("--status must be one of %v, got %q", contracts.Statuses(), status)
			}
			if label != "" {
				var err error
				if filter.Label, err = readLabel(label); err != nil {
					return err
				}
			}
			if len(args) == 1 && filter != (live.Filter{}) {
				return cliout.Usage("give an ID, or --status, --kind, --squad and --label, not both")
			}
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.follow(cmd.Context())
			defer cancel()
			if len(args) == 0 && !lines && conn.output == cliout.Table && cliout.Terminal(streams.In) && cliout.Terminal(streams.Out) {
				return watchLive(ctx, streams, c, filter)
			}
			w := &watcher{streams: streams, format: conn.output, c: c, filter: filter, seen: map[string]int64{}}
			if len(args) == 1 {
				w.id = args[0]
			}
			return w.run(ctx)
		},
	}
	f := cmd.Flags()
	f.StringVar(&status, "status", "", "only missions that come into this status")
	f.StringVar(&filter.Kind, "kind", "", "only missions of this kind")
	f.StringVar(&filter.Squad, "squad", "", "only missions of this squad")
	f.StringVar(&label, "label", "", "only missions with this label, KEY:VALUE")
	f.BoolVar(&lines, "lines", false, "a line for each change, on a terminal too")
	return cmd
}

// watchLive takes the terminal over until somebody quits.
func watchLive(ctx context.Context, streams cliout.Streams, c *client.Client, f live.Filter) (err error) {
	screen, err := live.Open(streams.In.(*os.File), streams.Out.(*os.File))
	if err != nil {
		return err
	}
	defer func() {
		if closed := screen.Close(); err == nil {
			err = closed
		}
	}()
	end, err := live.Run(ctx, live.Source{
		URL:    c.BaseURL(),
		Events: func(ctx context.Context) iter.Seq2[client.Event, error] { return c.Events(ctx, client.EventsOptions{}) },
		List:   func(ctx context.Context) ([]contracts.Mission, error) { return live.List(ctx, c, f) },
	}, f, screen)
	if err == nil && end == live.Interrupted {
		return &cliout.CodeError{Code: cliout.ExitInterrupted, Err: errors.New("interrupted")}
	}
	return err
}

// watcher prints each picture of a mission once, and never an older one after a newer one.
type watcher struct {
	streams cliout.Streams
	format  cliout.Format
	c       *client.Client
	id      string // empty: all missions that the filter chooses
	filter  live.Filter
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
	if m.Version <= w.seen[m.MissionID] || !w.filter.Fits(m) {
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
