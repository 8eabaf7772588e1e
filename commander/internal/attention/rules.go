package attention

import (
	"cmp"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
)

// rule judges a picture. ok is false where that lacks what the rule needs to know: then its items of before may stand or not.
type rule struct {
	codes []contracts.AttentionCode
	see   func(p Picture) (items []contracts.AttentionItem, ok bool)
}

// rules are all of them. Each code is that of one rule.
func rules() []rule {
	return []rule{
		{[]contracts.AttentionCode{contracts.AttentionRedisAway, contracts.AttentionRedisWarning}, redis},
		{[]contracts.AttentionCode{contracts.AttentionRabbitMQAway, contracts.AttentionRabbitMQWarning}, rabbitMQ},
		{[]contracts.AttentionCode{contracts.AttentionSubmissionsKept}, submissionsKept},
		{[]contracts.AttentionCode{contracts.AttentionNoSoldiers}, noSoldiers},
		{[]contracts.AttentionCode{contracts.AttentionSoldiersLost}, soldiersLost},
		{[]contracts.AttentionCode{contracts.AttentionSoldierDraining}, soldiersDraining},
		{[]contracts.AttentionCode{contracts.AttentionSquadUnserved}, squadsUnserved},
		{[]contracts.AttentionCode{contracts.AttentionKindUnserved}, kindsUnserved},
		{[]contracts.AttentionCode{contracts.AttentionSquadPaused}, squadsPaused},
		{[]contracts.AttentionCode{contracts.AttentionWaitingLong}, waitingLong},
		{[]contracts.AttentionCode{contracts.AttentionFailingAlike}, failingAlike},
		{[]contracts.AttentionCode{contracts.AttentionSetAside}, setAside},
		{[]contracts.AttentionCode{contracts.AttentionScheduleSkips}, scheduleSkips},
		{[]contracts.AttentionCode{contracts.AttentionSchedulePaused}, schedulesPaused},
		{[]contracts.AttentionCode{contracts.AttentionBulkFailed}, bulkFailed},
	}
}

// judge has all rules look at a picture. It returns what needs attention, the worst first, and when each was first seen: that of
// a rule which could not judge stays as it was.
func judge(p Picture) ([]contracts.AttentionItem, map[string]contracts.Time) {
	items, seen := []contracts.AttentionItem{}, map[string]contracts.Time{}
	for _, r := range rules() {
		found, ok := r.see(p)
		if !ok {
			for id, at := range p.Seen {
				if slices.Contains(r.codes, codeOf(id)) {
					seen[id] = at
				}
			}
		}
		for _, item := range found {
			seen[item.ID] = p.since(item.ID)
			if item.Since.IsZero() {
				item.Since = seen[item.ID]
			}
			items = append(items, item)
		}
	}
	slices.SortFunc(items, func(a, b contracts.AttentionItem) int {
		return cmp.Or(cmp.Compare(rank(a.Severity), rank(b.Severity)), a.Since.Compare(b.Since.Time), cmp.Compare(a.ID, b.ID))
	})
	return items[:min(len(items), contracts.MaxAttention)], seen
}

func rank(s contracts.Severity) int {
	return slices.Index([]contracts.Severity{contracts.SeverityCritical, contracts.SeverityWarning, contracts.SeverityInfo}, s)
}

// idOf names what a rule found: the same for as long as the cause lasts.
func idOf(code contracts.AttentionCode, about string) string { return string(code) + ":" + about }

func codeOf(id string) contracts.AttentionCode {
	for i := range id {
		if id[i] == ':' {
			return contracts.AttentionCode(id[:i])
		}
	}
	return contracts.AttentionCode(id)
}
