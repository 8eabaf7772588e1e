package attention

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// squadsUnserved says that missions wait for a squad that no soldier serves. Where there is no soldier at all, noSoldiers says it.
func squadsUnserved(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Squads.Known || !p.Fleet.Known || !p.Waiting.Known {
		return nil, false
	}
	var items []contracts.AttentionItem
	for _, s := range p.Squads.Is {
		heap := p.Waiting.Is.BySquad[s.Name]
		if s.Paused || heap.Count == 0 || len(p.Fleet.Is.serving(s.Name)) > 0 || len(p.Fleet.Is.serving("")) == 0 {
			continue
		}
		items = append(items, contracts.AttentionItem{
			ID: idOf(contracts.AttentionSquadUnserved, s.Name), Code: contracts.AttentionSquadUnserved, Severity: contracts.SeverityWarning,
			Title: "No soldier serves squad " + s.Name, Detail: p.waits(heap), Count: int64(heap.Count), Squad: s.Name, Status: contracts.StatusQueued,
			MissionID: heap.Oldest,
			Advice: fmt.Sprintf("Start a soldier that serves it (SOLDIER_SQUADS=%s), or cancel them and order them for a squad that has soldiers. Is the name misspelt?",
				s.Name),
		})
	}
	return items, true
}

// waits is how many wait, and the oldest for how long. The oldest of a sample is not the oldest: then nothing is said of it.
func (p Picture) waits(h Heap) string {
	if h.More {
		return h.missions() + "."
	}
	if h.Count == 1 {
		return fmt.Sprintf("1 mission waits, for %s.", span(p.Now.Sub(h.Since.Time)))
	}
	return fmt.Sprintf("%s, the oldest of them for %s.", h.missions(), span(p.Now.Sub(h.Since.Time)))
}

// kindsUnserved says that missions wait for a kind that no soldier of their squad has a handler for.
func kindsUnserved(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Squads.Known || !p.Fleet.Known || !p.Waiting.Known {
		return nil, false
	}
	var items []contracts.AttentionItem
	keys := slices.SortedFunc(maps.Keys(p.Waiting.Is.ByKind), func(a, b KindOf) int {
		return cmp.Or(cmp.Compare(a.Squad, b.Squad), cmp.Compare(a.Kind, b.Kind))
	})
	for _, of := range keys {
		heap, soldiers := p.Waiting.Is.ByKind[of], p.Fleet.Is.serving(of.Squad)
		if len(soldiers) == 0 || has(soldiers, of.Kind) || paused(p.Squads.Is, of.Squad) {
			continue
		}
		detail := fmt.Sprintf("%s %s of squad %s %s no handler for it.", p.waits(heap), count(len(soldiers), "soldier"), of.Squad, verb(len(soldiers), "has", "have"))
		if elsewhere := names(p.Fleet.Is.serving(""), of.Kind); len(elsewhere) > 0 {
			detail += fmt.Sprintf(" Soldiers of other squads have one: %s.", few(elsewhere))
		}
		items = append(items, contracts.AttentionItem{
			ID: idOf(contracts.AttentionKindUnserved, of.Squad+":"+of.Kind), Code: contracts.AttentionKindUnserved, Severity: contracts.SeverityWarning,
			Title:  fmt.Sprintf("No soldier of squad %s has a handler for kind %s", of.Squad, of.Kind),
			Detail: detail, Count: int64(heap.Count), Squad: of.Squad, Kind: of.Kind, Status: contracts.StatusQueued, MissionID: heap.Oldest,
			Advice: "Start a soldier whose program has a handler for it, or cancel these missions. Is the kind misspelt?",
		})
	}
	return items, true
}

func paused(all []squads.Squad, name string) bool {
	return slices.ContainsFunc(all, func(s squads.Squad) bool { return s.Name == name && s.Paused })
}

// names are those of the soldiers that have a handler for a kind.
func names(soldiers []store.Session, kind string) []string {
	var out []string
	for _, s := range soldiers {
		if slices.Contains(s.Kinds, kind) {
			out = append(out, s.SoldierID)
		}
	}
	return out
}

// squadsPaused says which squads are paused, and what waits for them.
func squadsPaused(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Squads.Known {
		return nil, false
	}
	var items []contracts.AttentionItem
	for _, s := range p.Squads.Is {
		if !s.Paused {
			continue
		}
		heap, detail := p.Waiting.Is.BySquad[s.Name], "None of its missions starts."
		switch {
		case heap.Count > 0:
			detail = p.waits(heap)
		case p.Waiting.Known:
			detail = "Nothing waits for it."
		}
		items = append(items, contracts.AttentionItem{
			ID: idOf(contracts.AttentionSquadPaused, s.Name), Code: contracts.AttentionSquadPaused, Severity: contracts.SeverityInfo,
			Title: "Squad " + s.Name + " is paused", Detail: detail, Count: int64(heap.Count), Squad: s.Name,
			Advice: "Resume it, once what it was paused for is over.",
		})
	}
	return items, true
}

// waitingLong says of squads that are served that missions wait for longer than longWait, and what is in their way.
func waitingLong(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Squads.Known || !p.Fleet.Known || !p.Waiting.Known {
		return nil, false
	}
	var items []contracts.AttentionItem
	for _, s := range p.Squads.Is {
		heap, soldiers := p.Waiting.Is.BySquad[s.Name], p.Fleet.Is.serving(s.Name)
		if s.Paused || heap.Count == 0 || len(soldiers) == 0 {
			continue
		}
		why, advice := p.inTheWay(s, heap, soldiers)
		item := contracts.AttentionItem{
			ID: idOf(contracts.AttentionWaitingLong, s.Name), Code: contracts.AttentionWaitingLong, Severity: contracts.SeverityWarning,
			Title:  fmt.Sprintf("Missions of squad %s wait for more than %s", s.Name, span(longWait)),
			Detail: p.waits(heap) + " " + why, Advice: advice, Count: int64(heap.Count), Squad: s.Name, Status: contracts.StatusQueued, MissionID: heap.Oldest,
		}
		if !heap.More {
			item.Since = heap.Since
		}
		items = append(items, item)
	}
	return items, true
}

// inTheWay says what keeps missions of a squad from being started, as well as can be told, and what can be done.
func (p Picture) inTheWay(s squads.Squad, h Heap, soldiers []store.Session) (why, advice string) {
	all, free := slots(soldiers)
	limit := p.Limits.Is[s.Name]
	of := fmt.Sprintf("%s of its %s", count(all, "slot"), count(len(soldiers), "soldier"))
	keys := ""
	if h.Keyed > 0 {
		keys = fmt.Sprintf(" %d of them %s a concurrency key, whose limit may be reached: GET /limits.", h.Keyed, verb(h.Keyed, "has", "have"))
	}
	switch {
	case limit.Waiting > 0:
		return fmt.Sprintf("The squad may run %d at once, and %s %s for a place.%s", limit.MaxRunning, count(limit.Waiting, "mission"), verb(limit.Waiting, "waits", "wait"), keys),
			fmt.Sprintf("Raise the squad's limit (missionctl squads limit %s N), or wait.", s.Name)
	case free > 0 && h.Keyed == h.Count:
		return fmt.Sprintf("%d of the %s %s free, and all who wait have a concurrency key: its limit is reached.", free, of, verb(free, "is", "are")),
			"Raise the limit of their key (missionctl limits), or wait."
	case free == 0:
		return "None of the " + of + " is free." + keys, "Start more soldiers for it, or give them more slots (SOLDIER_SLOTS). What must not wait can be ordered with priority high."
	}
	return fmt.Sprintf("%d of the %s %s free.%s", free, of, verb(free, "is", "are"), keys),
		"Read the status_reason of the oldest one. Has each priority's queue consumers in GET /stats? The commanders' log says whether orders can't be published."
}
