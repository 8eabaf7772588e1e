package mission

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// AdoptableError says that a mission can't be removed yet: it is older than the last wipe of the store, so an order or a ticket of
// before would make it anew, and it would be carried out again.
type AdoptableError struct {
	MissionID string
	// Until is when it can be removed.
	Until contracts.Time
}

func (e *AdoptableError) Error() string {
	return fmt.Sprintf("mission %s may still be adopted, until %s", e.MissionID, e.Until.UTC().Format(time.RFC3339))
}

// Keep tells what must not be removed now, since it may be adopted: what was created before a moment, until another one. It is
// false where there is nothing of that kind any more. A new store's own missions are not among it, other than in Adoptable.
func Keep(e store.Epoch, now contracts.Time) (before, until contracts.Time, is bool) {
	end := e.Began.Add(contracts.AdoptionPeriod + adoptionSlack)
	if e.Began.IsZero() || now.After(end) {
		return contracts.Time{}, contracts.Time{}, false
	}
	before = e.Began
	if e.Origin == store.EpochWiped || e.Adopted > 0 {
		before = contracts.At(before.Add(adoptionSlack)) // the server of before may have had a clock that was ahead
	}
	return before, contracts.At(end), true
}

// Purge removes a mission that has ended, with all that is kept of it and for good: store.ErrNotFound, a StateError where it has
// not ended, or an AdoptableError.
func (s *Service) Purge(ctx context.Context, id string) error {
	errs, err := s.PurgeAll(ctx, []string{id}, Terms{Fits: func(contracts.Mission) bool { return true }})
	if err == nil {
		err = errs[0]
	}
	if err != nil {
		return fmt.Errorf("purge mission %s: %w", id, err)
	}
	return nil
}

// PurgeAll is Purge of many missions, each on its own and at most store.MaxTrim. It returns what became of each, in the order of
// ids: nil, ErrNotMeant, ErrContended, or an error of Purge.
func (s *Service) PurgeAll(ctx context.Context, ids []string, t Terms) ([]error, error) {
	errs := make([]error, len(ids))
	for i := range errs {
		errs[i] = ErrContended
	}
	for range maxRounds {
		err := s.purgeOnce(ctx, ids, errs, t)
		switch {
		case err == nil:
		case errors.Is(err, store.ErrUnavailable), ctx.Err() != nil, len(ids) == 1:
			return nil, fmt.Errorf("remove %d missions: %w", len(ids), err)
		default: // one of them can't be read, which is the matter of that one alone
			return s.purgeEach(ctx, ids, t)
		}
		if !contended(errs) {
			break
		}
	}
	return errs, nil
}

// purgeEach purges missions one by one.
func (s *Service) purgeEach(ctx context.Context, ids []string, t Terms) ([]error, error) {
	errs := make([]error, len(ids))
	for i, id := range ids {
		one, err := s.PurgeAll(ctx, []string{id}, t)
		switch {
		case err == nil:
			errs[i] = one[0]
		case errors.Is(err, store.ErrUnavailable), ctx.Err() != nil:
			return nil, err
		default:
			errs[i] = err
		}
	}
	return errs, nil
}

// purgeOnce tries to remove those that are not settled yet.
func (s *Service) purgeOnce(ctx context.Context, ids []string, errs []error, t Terms) error {
	var open []int
	var which []string
	for i, err := range errs {
		if errors.Is(err, ErrContended) {
			open, which = append(open, i), append(which, ids[i])
		}
	}
	recs, err := s.store.Peek(ctx, which...)
	if err != nil {
		return fmt.Errorf("look: %w", err)
	}
	epoch, err := s.epoch(ctx)
	if err != nil {
		return err
	}
	var removals []store.Removal
	at := map[string]int{}
	for k, rec := range recs {
		if errs[open[k]] = purgeable(rec, epoch, s.now(), t); errs[open[k]] == nil {
			errs[open[k]] = ErrContended // until it is gone
			at[which[k]] = open[k]
			removals = append(removals, store.Removal{MissionID: which[k], IfVersion: rec.Mission.Version})
		}
	}
	removed, err := s.store.Remove(ctx, removals...)
	for _, id := range removed {
		errs[at[id]] = nil
	}
	return err
}

func purgeable(rec store.Record, e store.Epoch, now contracts.Time, t Terms) error {
	m := rec.Mission
	switch {
	case m.Version == 0:
		return store.ErrNotFound
	case !t.Fits(m):
		return ErrNotMeant
	case !m.Status.Terminal():
		return &StateError{MissionID: m.MissionID, Status: m.Status, Action: "be purged, only what has ended can"}
	}
	before, until, is := Keep(e, now)
	if created, ok := contracts.MissionCreated(m.MissionID); is && ok && created.Before(before.Time) {
		return &AdoptableError{MissionID: m.MissionID, Until: until}
	}
	return nil
}

func contended(errs []error) bool {
	for _, err := range errs {
		if errors.Is(err, ErrContended) {
			return true
		}
	}
	return false
}
