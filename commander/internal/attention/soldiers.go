package attention

import (
	"fmt"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// longDrain is after how long a soldier that drains and still runs something needs attention.
const longDrain = 10 * time.Minute

// noSoldiers says that missions wait, and nobody at all takes any.
func noSoldiers(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Fleet.Known || !p.Counts.Known {
		return nil, false
	}
	queued := p.Counts.Is[contracts.StatusQueued]
	if queued == 0 || len(p.Fleet.Is.serving("")) > 0 {
		return nil, true
	}
	detail := count(queued, "mission") + " " + verb(queued, "waits", "wait") + " as QUEUED."
	if n := draining(p.Fleet.Is); n > 0 {
		detail += fmt.Sprintf(" %s %s, and %s nothing more.", count(n, "soldier"), verb(n, "drains", "drain"), verb(n, "takes", "take"))
	}
	return []contracts.AttentionItem{{
		ID: string(contracts.AttentionNoSoldiers), Code: contracts.AttentionNoSoldiers, Severity: contracts.SeverityCritical, Count: queued,
		Status: contracts.StatusQueued, Title: "No soldier is there to carry out missions", Detail: detail,
		Advice: "Start a soldier. Where some run, their logs say why they get no token or no connection.",
	}}, true
}

func draining(f Fleet) (n int) {
	for _, s := range f.Sessions {
		if s.State == store.SessionLive && s.Draining {
			n++
		}
	}
	return n
}

// soldiersLost says that soldiers died within the last hour: with missions in hand, or gone without a word and not back.
func soldiersLost(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Fleet.Known {
		return nil, false
	}
	f := p.Fleet.Is
	live := map[string]bool{}
	for _, s := range f.Sessions {
		live[s.SoldierID] = live[s.SoldierID] || s.State == store.SessionLive
	}
	var busy, idle []store.Session
	for _, s := range f.Sessions {
		switch {
		case s.State == store.SessionLive:
		case f.Lost[s.ID] > 0:
			busy = append(busy, s)
		case !s.Draining && !live[s.SoldierID]:
			idle = append(idle, s)
		}
	}
	if len(busy) == 0 {
		return soldiersGone(p, idle), true
	}
	runs, gone := 0, 0
	for _, s := range busy {
		runs += f.Lost[s.ID]
		if !live[s.SoldierID] {
			gone++
		}
	}
	item := lost(p, busy)
	item.Title = fmt.Sprintf("%s died with %s in hand", count(len(busy), "soldier"), count(runs, "mission"))
	item.Detail += fmt.Sprintf(" What %s ran was given back to be run again.", verb(len(busy), "it", "they"))
	if gone == 0 {
		item.Severity = contracts.SeverityInfo
		item.Detail += " " + verb(len(busy), "It is back.", "All are back.")
		item.Advice = "Nothing has to be done. Where it comes again, look why in the soldier's log: memory, or a machine that was restarted?"
	} else {
		item.Severity = contracts.SeverityWarning
		item.Detail += fmt.Sprintf(" %d of them %s not back.", gone, verb(gone, "is", "are"))
		item.Advice = "Look why in the soldiers' logs (memory, a machine that is off, a network that is cut), and start them again."
	}
	return []contracts.AttentionItem{item}, true
}

// soldiersGone tells of soldiers that ended with nothing in hand: they may have been stopped.
func soldiersGone(p Picture, idle []store.Session) []contracts.AttentionItem {
	if len(idle) == 0 {
		return nil
	}
	item := lost(p, idle)
	item.Severity = contracts.SeverityInfo
	item.Title = fmt.Sprintf("%s %s gone", count(len(idle), "soldier"), verb(len(idle), "is", "are"))
	item.Detail += fmt.Sprintf(" %s ran nothing that was lost.", verb(len(idle), "It", "They"))
	item.Advice = "Nothing, where somebody stopped them. Else start them again. They are forgotten an hour after their end."
	return []contracts.AttentionItem{item}
}

// lost is what both have in common.
func lost(p Picture, sessions []store.Session) contracts.AttentionItem {
	slices.SortFunc(sessions, func(a, b store.Session) int { return b.RenewedAt.Compare(a.RenewedAt.Time) })
	names := make([]string, len(sessions))
	for i, s := range sessions {
		names[i] = fmt.Sprintf("%s (last heard of at %s)", s.SoldierID, p.moment(s.RenewedAt))
	}
	item := contracts.AttentionItem{
		ID: string(contracts.AttentionSoldiersLost), Code: contracts.AttentionSoldiersLost, Count: int64(len(sessions)),
		Since: sessions[len(sessions)-1].RenewedAt, Detail: "Within the last hour: " + few(names) + ".",
	}
	if len(sessions) == 1 {
		item.SoldierID = sessions[0].SoldierID
	}
	return item
}

// soldiersDraining says that a soldier drains for long, and still runs something.
func soldiersDraining(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Fleet.Known {
		return nil, false
	}
	var items []contracts.AttentionItem
	for _, s := range p.Fleet.Is.Sessions {
		since, is := p.Fleet.Is.Draining[s.ID]
		if !is || p.Now.Sub(since.Time) < longDrain {
			continue
		}
		detail := p.lasting(since) + ": it runs nothing any more, and has not ended."
		if n := len(s.Running); n > 0 {
			detail = fmt.Sprintf("%s: it still runs %s, and takes nothing more.", p.lasting(since), count(n, "mission"))
		}
		items = append(items, contracts.AttentionItem{
			ID: idOf(contracts.AttentionSoldierDraining, s.ID), Code: contracts.AttentionSoldierDraining, Severity: contracts.SeverityInfo, Since: since,
			Title: "Soldier " + s.SoldierID + " drains for long", Detail: detail, Count: int64(len(s.Running)), SoldierID: s.SoldierID,
			Advice: "Wait for what it runs, or cancel that. Where it should be gone, end its process: what it runs is run again elsewhere.",
		})
	}
	return items, true
}
