package attention

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/trends"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

const (
	// alike is how many failures within an hour need attention.
	alike = 10
	// recent is for how long a skipped run and a failed bulk job need attention.
	recent = 24 * time.Hour
)

// failingAlike says that many attempts failed with the same error within the last hour.
func failingAlike(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Failures.Known {
		return nil, false
	}
	var items []contracts.AttentionItem
	for _, g := range p.Failures.Is {
		if g.Count < alike {
			continue
		}
		items = append(items, contracts.AttentionItem{
			ID: idOf(contracts.AttentionFailingAlike, shape(g)), Code: contracts.AttentionFailingAlike, Severity: contracts.SeverityWarning,
			Title: fmt.Sprintf("%s of kind %s failed with the same error", count(g.Count, "attempt"), g.Kind),
			Detail: fmt.Sprintf("Within the last hour, from %s to %s: %s, %s", p.moment(g.FirstAt), p.moment(g.LastAt), g.Code,
				sentence(g.Message)),
			Advice: "Look at the newest of them. Once the reason is mended, retry those that FAILED, all at once: missionctl retry --status FAILED --kind " + g.Kind + ".",
			Since:  g.FirstAt, Count: g.Count, Kind: g.Kind, Status: contracts.StatusFailed, MissionID: g.MissionID,
		})
	}
	return items, true
}

// shape names a group by what its messages have in common: the newest one is another all the time.
func shape(g contracts.FailureGroup) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(g.Kind + "\x00" + g.Code + "\x00" + trends.Pattern(g.Message)))
	return fmt.Sprintf("%016x", h.Sum64())
}

// setAside says that messages wait for a person.
func setAside(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Depths.Known {
		return nil, false
	}
	var items []contracts.AttentionItem
	for _, q := range []struct{ name, means string }{
		{topology.StatusRefused, "Results and other messages of soldiers that were refused, or can't be read or believed. The missions went on without them."},
		{topology.SubmissionsRefused, "Missions that were accepted while Redis was away, and could not be created."},
		{topology.OrdersDead, "Orders that no soldier could read, or that were delivered too often. Their missions are ordered again by themselves."},
	} {
		n := int64(p.Depths.Is[q.name])
		if n == 0 {
			continue
		}
		items = append(items, contracts.AttentionItem{
			ID: idOf(contracts.AttentionSetAside, q.name), Code: contracts.AttentionSetAside, Severity: contracts.SeverityWarning,
			Title: fmt.Sprintf("%s set aside in %s", count(n, "message")+verb(n, " is", " are"), q.name), Detail: q.means,
			Advice: "Look at each: its reason says why. Send it again once that is mended, or drop it.", Count: n, Queue: q.name,
		})
	}
	return items, true
}

// scheduleSkips says that schedules ordered nothing at some of their times of the last day.
func scheduleSkips(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Schedules.Known {
		return nil, false
	}
	var items []contracts.AttentionItem
	for _, s := range p.Schedules.Is {
		var skips []contracts.ScheduleRun // the newest first
		worst := contracts.SeverityInfo
		for _, run := range s.Runs {
			if run.Skipped == "" || p.Now.Sub(last(run).Time) > recent {
				continue
			}
			skips = append(skips, run)
			if run.Skipped != contracts.SkippedOverlap {
				worst = contracts.SeverityWarning
			}
		}
		if len(skips) == 0 {
			continue
		}
		why, advice := skipped(skips[0])
		items = append(items, contracts.AttentionItem{
			ID: idOf(contracts.AttentionScheduleSkips, s.Name), Code: contracts.AttentionScheduleSkips, Severity: worst,
			Title:  "Schedule " + s.Name + " skipped runs",
			Detail: fmt.Sprintf("%s within the last day, the latest of %s: %s.", count(len(skips), "time"), p.moment(last(skips[0])), why),
			Advice: advice, Since: skips[len(skips)-1].At, Count: int64(len(skips)), Schedule: s.Name,
		})
	}
	return items, true
}

// last is the time of the last run of some that were skipped together.
func last(r contracts.ScheduleRun) contracts.Time {
	if !r.Until.IsZero() {
		return r.Until
	}
	return r.At
}

// skipped says why a run was skipped, and what can be done.
func skipped(r contracts.ScheduleRun) (why, advice string) {
	switch r.Skipped {
	case contracts.SkippedMissed:
		return "no commander could order it in time",
			"Run it now where it is still wanted. With \"missed\": \"last\" or \"all\" it would be caught up with by itself."
	case contracts.SkippedOverlap:
		return "its last mission had not ended",
			"Is its mission slower than its times allow? Give it more time between runs, or let runs overlap."
	}
	return "its mission could not be created: " + strings.TrimSuffix(sentence(r.Detail), "."),
		"Put the schedule again with a mission that can be created."
}

// schedulesPaused says which schedules order nothing.
func schedulesPaused(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Schedules.Known {
		return nil, false
	}
	var items []contracts.AttentionItem
	for _, s := range p.Schedules.Is {
		if !s.Paused {
			continue
		}
		items = append(items, contracts.AttentionItem{
			ID: idOf(contracts.AttentionSchedulePaused, s.Name), Code: contracts.AttentionSchedulePaused, Severity: contracts.SeverityInfo,
			Title: "Schedule " + s.Name + " is paused", Detail: "It orders nothing. It was last changed at " + p.moment(s.UpdatedAt) + ".",
			Advice: "Resume it, or delete it where nobody needs it.", Since: s.UpdatedAt, Schedule: s.Name,
		})
	}
	return items, true
}

// bulkFailed says that bulk jobs of the last day gave up, or could not change all that they chose.
func bulkFailed(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Bulk.Known {
		return nil, false
	}
	var items []contracts.AttentionItem
	for _, j := range p.Bulk.Is {
		if j.FinishedAt.IsZero() || p.Now.Sub(j.FinishedAt.Time) > recent || j.State != contracts.BulkFailed && j.Failed == 0 {
			continue
		}
		item := contracts.AttentionItem{
			ID: idOf(contracts.AttentionBulkFailed, j.ID), Code: contracts.AttentionBulkFailed, Severity: contracts.SeverityWarning,
			Since: j.FinishedAt, Count: int64(j.Failed), BulkID: j.ID,
			Title:  fmt.Sprintf("A bulk %s could not change %s", j.Action, count(j.Failed, "mission")),
			Detail: fmt.Sprintf("It changed %d of %s that it chose.", j.Changed, count(j.Matched, "mission")),
			Advice: "Look at its failures, and order it again with the same filter.",
		}
		if j.State == contracts.BulkFailed {
			item.Title = fmt.Sprintf("A bulk %s gave up", j.Action)
			item.Detail = sentence(j.Error) + " " + item.Detail
			item.Advice = "Mend the reason, and order it again with the same filter: missions that it changed are left alone."
		}
		if len(j.Failures) > 0 {
			item.Detail += " The first failure: " + sentence(j.Failures[0].Message)
		}
		items = append(items, item)
	}
	return items, true
}
