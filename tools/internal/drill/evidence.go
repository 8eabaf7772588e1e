package drill

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/drill/verdict"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// The grounds of a stack, as GET /health names them. On groundLocal, soldiers are processes of this machine, whose pids
// can be looked for.
const (
	groundLocal    = "local"
	groundCompose  = "compose"
	groundEmbedded = "embedded"
)

// journals is the folder of the soldiers' journals; empty where nobody knows it.
func (c Config) journals(ground string) string {
	switch {
	case c.Journals != "":
		return c.Journals
	case ground == groundLocal && c.StateDir != "":
		return filepath.Join(c.StateDir, "journals")
	case ground == groundLocal:
		return filepath.Join(c.Root, ".local", "state", "journals")
	case ground == groundCompose:
		return filepath.Join(c.Root, ".local", "compose", "journals")
	}
	return ""
}

// readJournals puts the soldiers' evidence into in. It reads again for a while where executions have no end yet: the
// last lines may be on their way.
func (d *Drill) readJournals(ctx context.Context, in *verdict.Input, dir, ground string) error {
	if dir == "" {
		return nil
	}
	ids := map[string]bool{}
	for _, m := range in.Missions {
		ids[m.ID] = m.ID != ""
	}
	giveUp := time.Now().Add(settleLimit)
	for {
		// A minute of slack for clocks that were set.
		b, err := journal.Read(dir, in.Began.Add(-time.Minute), func(id string) bool { return ids[id] })
		if err != nil {
			return err
		}
		for p, life := range b.Lives {
			life.Gone = ground == groundLocal && processGone(p.PID)
			b.Lives[p] = life
		}
		buried(b)
		in.Executions, in.JournalFiles, in.Lives = b.Executions, b.Files, b.Lives
		if settled(b) || time.Now().After(giveUp) {
			break
		}
		if !pause(ctx, probeEvery) {
			break
		}
	}
	if ground == groundCompose || ground == groundEmbedded {
		d.askForTheDead(ctx, in)
	}
	return nil
}

// buried marks processes gone that a later one of the same soldier replaced: two can't live under one name. Where pids
// are the same, as in containers that start again, nothing is said.
func buried(b journal.Book) {
	for p, life := range b.Lives {
		for other, later := range b.Lives {
			if other.SoldierID == p.SoldierID && other.PID != p.PID && later.First.After(life.Last) {
				life.Gone = true
			}
		}
		b.Lives[p] = life
	}
}

// settled tells whether every execution has its end, or a process that will never write it.
func settled(b journal.Book) bool {
	return !slices.ContainsFunc(b.Executions, func(e journal.Execution) bool {
		return !e.Ended() && !b.Lives[e.Process].Gone
	})
}

// askForTheDead asks the commander which sessions died, where processes can't be looked for: in containers, and where
// soldiers share one process. A session that is dead and wrote no end for so long was killed: a living one would have
// written it.
func (d *Drill) askForTheDead(ctx context.Context, in *verdict.Input) {
	fleet, err := d.c.Soldiers(ctx)
	if err != nil {
		d.screen.Log("the commander can't say which soldiers died: %v", err)
		return
	}
	dead := map[string]bool{}
	for _, s := range fleet.Soldiers {
		dead[s.Session] = s.State == "dead"
	}
	for p, life := range in.Lives {
		if dead[p.Session] {
			life.Gone = true
			in.Lives[p] = life
		}
	}
}
