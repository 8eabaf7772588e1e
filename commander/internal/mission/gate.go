package mission

import (
	"context"
	"slices"

	"github.com/mission-control-dev/mission-control/store"
)

// The rules know no gates (store.Gates): a mission that they make QUEUED may have to wait for others of its concurrency key or its squad. Then
// it has no order, and the store gives it a due entry when its turn comes.

// send publishes the order of a mission that a change made QUEUED, unless it waits at its gate.
func (s *Service) send(rec store.Record, o store.Outcome) {
	if o.Dispatch != 0 {
		s.dispatch.Dispatch(rec, o.Dispatch)
	}
}

// watched is the store. It tells when a call admits missions that had waited, so that nobody has to look for them.
type watched struct {
	Store
	admitted func()
}

func (w watched) Commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	outcomes, err := w.Store.Commit(ctx, changes...)
	tellAdmitted(outcomes, w.admitted)
	return outcomes, err //nolint:wrapcheck // it is the store's
}

func (w watched) CreateAll(ctx context.Context, key *store.Idempotency, changes ...store.Change) ([]store.Outcome, error) {
	outcomes, err := w.Store.CreateAll(ctx, key, changes...)
	tellAdmitted(outcomes, w.admitted)
	return outcomes, err //nolint:wrapcheck // it is the store's
}

func tellAdmitted(outcomes []store.Outcome, admitted func()) {
	if slices.ContainsFunc(outcomes, func(o store.Outcome) bool { return o.Admitted }) {
		admitted()
	}
}
