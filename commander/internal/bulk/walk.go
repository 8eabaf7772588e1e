package bulk

import (
	"context"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Lister lists missions.
type Lister interface {
	List(ctx context.Context, q store.Query) (store.Page, error)
}

// Walk goes through all missions that fit a query, the newest first. A name is looked for among all of them, not only the newest.
type Walk struct {
	store Lister
	query store.Query
	// Cursor is where it goes on, as a store.Page's Next; Ended tells that all was listed.
	Cursor string
	Ended  bool
}

// NewWalk returns one that begins at the query's cursor.
func NewWalk(s Lister, q store.Query) *Walk { return &Walk{store: s, query: q, Cursor: q.Cursor} }

// Next looks at some more missions, and returns those that fit, up to limit and perhaps none. What memory has while the store is
// away is not enough: that is store.ErrUnavailable.
func (w *Walk) Next(ctx context.Context, limit int) (fit []contracts.Mission, examined int, err error) {
	if w.Ended {
		return nil, 0, nil
	}
	q := w.query
	q.Cursor, q.Limit = w.Cursor, limit
	if q.ByName() {
		q.Search = ""
	}
	page, err := w.store.List(ctx, q)
	switch {
	case err != nil:
		return nil, 0, fmt.Errorf("list missions: %w", err)
	case page.Source.Degraded || !page.Complete:
		return nil, 0, fmt.Errorf("list all missions: %w", store.ErrUnavailable)
	}
	w.Cursor, w.Ended = page.Next, page.Next == ""
	for _, m := range page.Missions {
		if w.query.Fits(m) {
			fit = append(fit, m)
		}
	}
	return fit, len(page.Missions), nil
}
