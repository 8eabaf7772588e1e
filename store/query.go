package store

import (
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Fits tells whether a mission passes the query's filters. How far a list goes (Limit, Cursor, the window of a search) is
// the store's to see to.
func (q Query) Fits(m contracts.Mission) bool {
	switch {
	case q.Status != "" && m.Status != q.Status, q.Kind != "" && m.Kind != q.Kind, q.Squad != "" && m.Squad != q.Squad:
		return false
	case q.ByID() && m.MissionID != q.Search, q.ByName() && !strings.HasPrefix(FoldName(m.Name), FoldName(q.Search)):
		return false
	}
	if q.Label == (contracts.Label{}) {
		return true
	}
	value, has := m.Labels[q.Label.Key]
	return has && value == q.Label.Value
}

// ByID tells whether the search is for one mission's id.
func (q Query) ByID() bool { return contracts.ValidMissionID(q.Search) }

// ByName tells whether the search is for the beginning of a name.
func (q Query) ByName() bool { return q.Search != "" && !q.ByID() }

// FoldName returns a name as searches compare it: A to Z are a to z. Other letters stay as they are, so that every
// store, in whatever language, compares alike.
func FoldName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, name)
}
