package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newList returns `missionctl list`.
func newList(streams cliout.Streams, conn *connection) *cobra.Command {
	var (
		status, kind, squad string
		label, q            string
		limit               int
		all                 bool
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List missions, newest first",
		Long: "List missions, newest first: 50 unless --limit or --all say otherwise. With --output json they are in one document, which\n" +
			"says whether there are more, and whether something is missing because Redis is away.",
		Example: `  missionctl list --status failed --kind resize
  missionctl list --label team:blue --q recon
  missionctl list --all --output json | jq -r '.missions[].mission_id'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := client.ListOptions{Status: contracts.Status(strings.ToUpper(status)), Kind: kind, Squad: squad, Search: q}
			if status != "" && !o.Status.Valid() {
				return cliout.Usage("--status must be one of %v, got %q", contracts.Statuses(), status)
			}
			if label != "" {
				var err error
				if o.Label, err = readLabel(label); err != nil {
					return err
				}
			}
			if limit < 1 {
				return cliout.Usage("--limit must be at least 1, got %d", limit)
			}
			if all {
				limit = 0
			}
			o.PageSize = contracts.MaxListLimit
			if limit > 0 {
				o.PageSize = min(limit, contracts.MaxListLimit)
			}
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.call(cmd.Context())
			if all {
				cancel()
				ctx, cancel = conn.follow(cmd.Context())
			}
			defer cancel()
			l := listing{}
			for more := true; more; {
				page, err := c.ListPage(ctx, o)
				if err != nil {
					return err
				}
				more = l.add(page, limit)
				o.Cursor = page.NextCursor
			}
			return l.print(streams, conn.output)
		},
	}
	f := cmd.Flags()
	f.StringVar(&status, "status", "", "only missions in this status")
	f.StringVar(&kind, "kind", "", "only missions of this kind")
	f.StringVar(&squad, "squad", "", "only missions of this squad")
	f.StringVar(&label, "label", "", "only missions with this label, KEY:VALUE")
	f.StringVar(&q, "q", "", "only the mission with this id, or missions whose name begins so (among the newest 10,000)")
	f.IntVarP(&limit, "limit", "n", contracts.DefaultListLimit, "how many at most")
	f.BoolVar(&all, "all", false, "all that there are, whatever --limit says")
	return cmd
}

// listing is what list prints: pages put together.
type listing struct {
	Missions []contracts.Mission `json:"missions"`
	// More: there are more than were asked for.
	More bool `json:"more"`
	// Complete: nothing is missing because Redis is away.
	Complete bool `json:"complete"`
	// Searched is how many missions were searched, the newest; 0 where all were.
	Searched int `json:"searched,omitempty"`
	client.Source
}

// add takes a page, and tells whether another one is wanted. A limit of 0 wants all.
func (l *listing) add(p client.Page, limit int) bool {
	l.Complete = p.Complete && (l.Complete || l.Missions == nil)
	l.Searched = max(l.Searched, p.Searched)
	if p.Degraded {
		l.Source = p.Source
	}
	if l.Missions == nil {
		l.Missions = []contracts.Mission{}
	}
	for i, m := range p.Missions {
		if limit > 0 && len(l.Missions) == limit {
			l.More = i < len(p.Missions)
			return false
		}
		l.Missions = append(l.Missions, m)
	}
	if limit > 0 && len(l.Missions) == limit {
		l.More = p.NextCursor != ""
		return false
	}
	return p.NextCursor != ""
}

func (l *listing) print(streams cliout.Streams, format cliout.Format) error {
	if format == cliout.JSON {
		return cliout.WriteJSON(streams.Out, l)
	}
	if err := printMissions(streams.Out, l.Missions); err != nil {
		return err
	}
	if l.More {
		fmt.Fprintln(streams.Err, "there are more: see --limit and --all")
	}
	if l.Searched > 0 {
		fmt.Fprintf(streams.Err, "there are older missions than the newest %d, which were searched\n", l.Searched)
	}
	if !l.Complete {
		fmt.Fprintf(streams.Err, "Redis is away: these are the missions in the commander's memory, as of %s\n",
			dateText(l.AsOf))
	}
	return nil
}

func printMissions(w io.Writer, missions []contracts.Mission) error {
	rows := [][]string{{"MISSION", "STATUS", "CREATED", "TOOK", "SOLDIER", "KIND", "NAME"}}
	for _, m := range missions {
		rows = append(rows, []string{
			m.MissionID, string(m.Status), m.CreatedAt.Local().Format("01-02 15:04:05"), tookText(m), m.SoldierID, m.Kind,
			cliout.Cut(m.Name, 60),
		})
	}
	return cliout.WriteTable(w, rows)
}
