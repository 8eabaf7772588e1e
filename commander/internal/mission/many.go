package mission

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// ErrNotMeant means that a mission is not one that is to be changed: the Terms say so of what it is now.
var ErrNotMeant = errors.New("mission is not as it was when it was chosen")

// manyChunk is how many missions are loaded, and changed, in one go: with the largest payloads and results 12 MiB.
const manyChunk = 25

// Terms are those under which many missions are changed.
type Terms struct {
	// Fits tells whether a mission is still meant, as it is in that moment.
	Fits func(m contracts.Mission) bool
	// Why goes to the history of each that is changed.
	Why string
}

// rule is what happens to one mission.
type rule func(rec store.Record, now contracts.Time) (Decision, error)

// under makes a rule one of the terms.
func (t Terms) under(apply rule) rule {
	return func(rec store.Record, now contracts.Time) (Decision, error) {
		if !t.Fits(rec.Mission) {
			return Decision{}, ErrNotMeant
		}
		d, err := apply(rec, now)
		if d.Change != nil {
			last := &d.Change.History[len(d.Change.History)-1]
			if last.Message != "" {
				last.Message += ", "
			}
			last.Message += t.Why
		}
		return d, err
	}
}

// CancelAll is Cancel of many missions, each on its own. It returns what became of each, in the order of ids: nil, ErrNotMeant, or an
// error of Cancel. With store.ErrUnavailable as its error it is unknown which were changed; what is in their histories tells.
func (s *Service) CancelAll(ctx context.Context, ids []string, t Terms) ([]error, error) {
	return s.changeAll(ctx, ids, t.under(Cancel), func(rec store.Record, d Decision) {
		if d.Answer.Type != "" {
			s.tell(ctx, rec.Session, d.Answer)
		}
	})
}

// RetryAll is Retry of many missions, as CancelAll.
func (s *Service) RetryAll(ctx context.Context, ids []string, t Terms) ([]error, error) {
	return s.changeAll(ctx, ids, t.under(Retry), func(store.Record, Decision) { s.observer.Retried() })
}

func (s *Service) changeAll(ctx context.Context, ids []string, apply rule, done func(store.Record, Decision)) ([]error, error) {
	all := make([]error, 0, len(ids))
	for chunk := range slices.Chunk(ids, manyChunk) {
		errs, err := s.changeChunk(ctx, chunk, apply, done)
		switch {
		case err == nil:
		case errors.Is(err, store.ErrUnavailable), ctx.Err() != nil:
			return nil, fmt.Errorf("change %d missions: %w", len(chunk), err)
		default: // one of them can't be read or written, which is the matter of that one alone
			errs = make([]error, len(chunk))
			for i, id := range chunk {
				if errs[i], err = s.changeOne(ctx, id, apply, done); err != nil {
					return nil, err
				}
			}
		}
		all = append(all, errs...)
	}
	return all, nil
}

// changeChunk decides on some missions together and commits what is decided. Those that others changed meanwhile are decided
// again, one by one.
func (s *Service) changeChunk(ctx context.Context, ids []string, apply rule, done func(store.Record, Decision)) ([]error, error) {
	recs, err := s.store.Load(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	errs := make([]error, len(ids))
	var changes []store.Change
	var decisions []Decision
	var of []int // whose they are
	for i, rec := range recs {
		if rec.Mission.Version == 0 {
			errs[i] = store.ErrNotFound
			continue
		}
		d, err := apply(rec, s.now())
		switch {
		case err != nil:
			errs[i] = err
		case d.Change == nil:
			done(rec, d)
		default:
			changes, decisions, of = append(changes, *d.Change), append(decisions, d), append(of, i)
		}
	}
	if len(changes) == 0 {
		return errs, nil
	}
	outcomes, err := s.store.Commit(ctx, changes...)
	if err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	for k, o := range outcomes {
		if o.Code != store.Applied {
			if errs[of[k]], err = s.changeOne(ctx, ids[of[k]], apply, done); err != nil {
				return nil, err
			}
			continue
		}
		rec := s.applied(&changes[k])
		if decisions[k].Dispatch == DispatchNow {
			s.send(rec, o)
		}
		done(rec, decisions[k])
	}
	return errs, nil
}

// changeOne returns what became of a mission, or that the store is away.
func (s *Service) changeOne(ctx context.Context, id string, apply rule, done func(store.Record, Decision)) (became, err error) { //nolint:revive // two errors
	rec, d, err := s.change(ctx, id, apply)
	switch {
	case err == nil:
		done(rec, d)
		return nil, nil
	case errors.Is(err, store.ErrUnavailable), ctx.Err() != nil:
		return nil, fmt.Errorf("change mission %s: %w", id, err)
	}
	return err, nil
}
