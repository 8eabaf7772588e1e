package mission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// The rules of a mission's overall deadline. From then on no execution of it begins, and none that ended without success is followed
// by another one. What runs is its soldier's to end, who was told how long it has (Answer.Left); that it COMPLETED after all counts.

// overdue tells whether the mission's deadline has passed.
func overdue(m contracts.Mission, now contracts.Time) bool {
	return !m.DeadlineAt.IsZero() && !m.DeadlineAt.After(now.Time)
}

// left is how long a mission that is granted now has until its deadline, in ms; 0 where it has none.
func left(m contracts.Mission, now contracts.Time) int64 {
	if m.DeadlineAt.IsZero() {
		return 0
	}
	return max(1, m.DeadlineAt.Sub(now.Time).Milliseconds())
}

// Expire ends a mission that waits, and whose deadline has passed. Whatever else it is in, nothing changes.
func Expire(rec store.Record, now contracts.Time) Decision {
	m := rec.Mission
	waits := m.Status == contracts.StatusScheduled || m.Status == contracts.StatusQueued
	if !waits || !overdue(m, contracts.At(now.Add(clockSlack))) {
		return Decision{}
	}
	return fail(rec, now, "its deadline_at passed while it waited")
}

// fail ends a mission at its deadline.
func fail(rec store.Record, now contracts.Time, message string) Decision {
	n := next(rec, now)
	release(&n)
	m := &n.Mission
	m.Status, m.StatusReason, m.RunAt, m.FinishedAt = contracts.StatusFailed, "", contracts.Time{}, now
	m.Error = &contracts.MissionError{Code: contracts.ErrorCodeDeadline, Message: cut(message, contracts.MaxErrorSize)}
	c := change(rec, n, line(n, contracts.CauseDeadline, now, now, message))
	c.Due = store.DueDrop
	return Decision{Change: c}
}

// tooLate is the error of a mission whose next attempt could not start before its deadline; last is that of the attempt that ended.
func tooLate(last *contracts.MissionError) *contracts.MissionError {
	message := "no further attempt could start before its deadline_at"
	if last != nil {
		message += "; the last one: " + last.Code + ": " + last.Message
	}
	return &contracts.MissionError{Code: contracts.ErrorCodeDeadline, Message: cut(message, contracts.MaxErrorSize)}
}

// Expire ends those of some missions that wait, and whose deadline has passed. What others change meanwhile is theirs; it comes
// again. One that can't be read or written holds up no other, and is the error.
func (s *Service) Expire(ctx context.Context, ids ...string) error {
	var all []error
	for chunk := range slices.Chunk(ids, manyChunk) {
		err := s.expire(ctx, chunk)
		if err != nil && (errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil) {
			return err
		}
		if err != nil && len(chunk) > 1 {
			err = s.expireEach(ctx, chunk)
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}

func (s *Service) expireEach(ctx context.Context, ids []string) error {
	all := make([]error, len(ids))
	for i, id := range ids {
		all[i] = s.expire(ctx, []string{id})
	}
	return errors.Join(all...)
}

func (s *Service) expire(ctx context.Context, ids []string) error {
	recs, err := s.store.Load(ctx, ids...)
	if err != nil {
		return fmt.Errorf("load missions %s: %w", strings.Join(ids, ", "), err)
	}
	var changes []store.Change
	for _, rec := range recs {
		if d := Expire(rec, s.now()); d.Change != nil {
			changes = append(changes, *d.Change)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	outcomes, err := s.store.Commit(ctx, changes...)
	if err != nil {
		return fmt.Errorf("commit %d changes: %w", len(changes), err)
	}
	for i, o := range outcomes {
		if o.Code == store.Applied {
			s.applied(&changes[i])
		}
	}
	return nil
}
