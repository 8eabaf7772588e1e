package trends

import (
	"cmp"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
)

// maxGroups is how many groups are kept apart, in memory for 10 s and in each document.
const maxGroups = 200

// failures are groups of what is alike, and how many are in no group.
type failures struct {
	groups map[alike]*contracts.FailureGroup
	others int64
}

// alike is what the failures of a group have in common.
type alike struct{ kind, code, pattern string }

func keyOf(g contracts.FailureGroup) alike { return alike{g.Kind, g.Code, Pattern(g.Message)} }

// failureOf is the failure of a mission's last attempt as a group of one.
func failureOf(m *contracts.Mission) contracts.FailureGroup {
	g := contracts.FailureGroup{
		Kind: m.Kind, Code: contracts.ErrorCodeFailed, Count: 1, FirstAt: m.UpdatedAt, LastAt: m.UpdatedAt, MissionID: m.MissionID,
	}
	if m.Error != nil {
		g.Code, g.Message = m.Error.Code, cut(m.Error.Message)
	}
	return g
}

// cut shortens a message to what is kept of it.
func cut(message string) string {
	n := 0
	for i := range message {
		if n == contracts.MaxFailureMessage {
			return message[:i]
		}
		n++
	}
	return message
}

// add adds a group. A new one for which there is no room counts with the others.
func (f *failures) add(key alike, g contracts.FailureGroup) {
	switch known := f.groups[key]; {
	case known != nil:
		join(known, g)
	case len(f.groups) >= maxGroups:
		f.others += g.Count
	default:
		if f.groups == nil {
			f.groups = map[alike]*contracts.FailureGroup{}
		}
		f.groups[key] = &g
	}
}

// join adds a group to one that is alike.
func join(g *contracts.FailureGroup, more contracts.FailureGroup) {
	g.Count += more.Count
	if more.FirstAt.Before(g.FirstAt.Time) {
		g.FirstAt = more.FirstAt
	}
	if !more.LastAt.Before(g.LastAt.Time) {
		g.LastAt, g.Message, g.MissionID = more.LastAt, more.Message, more.MissionID
	}
}

// merge joins groups of several sources: the most frequent first, at most so many, and how many failures are in none of them.
func merge(most int, all ...contracts.FailureGroup) (groups []contracts.FailureGroup, others int64) {
	at := map[alike]int{}
	groups = []contracts.FailureGroup{}
	for _, g := range all {
		key := keyOf(g)
		if i, known := at[key]; known {
			join(&groups[i], g)
			continue
		}
		at[key] = len(groups)
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b contracts.FailureGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), b.LastAt.Compare(a.LastAt.Time), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	for len(groups) > most {
		last := len(groups) - 1
		others += groups[last].Count
		groups = groups[:last]
	}
	return groups, others
}
