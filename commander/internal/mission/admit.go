package mission

import (
	"context"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Admit creates missions that were accepted before, under their ids: those of a group together, all of them or none. One
// that is there already stays as it is: then its first creation came through after all, or this one is a repetition. A
// group is created whole, so one of it that is there speaks for all. After an error, any group may have been created.
func (s *Service) Admit(ctx context.Context, groups [][]contracts.Mission) error {
	var alone []Decision
	for _, group := range groups {
		decisions := make([]Decision, len(group))
		for i, m := range group {
			decisions[i] = Admit(m, s.now())
		}
		if len(group) == 1 {
			alone = append(alone, decisions...)
			continue
		}
		if err := s.admit(decisions, func(changes []store.Change) ([]store.Outcome, error) {
			return s.store.CreateAll(ctx, nil, changes...)
		}); err != nil {
			return err
		}
	}
	return s.admit(alone, func(changes []store.Change) ([]store.Outcome, error) { return s.store.Commit(ctx, changes...) })
}

func (s *Service) admit(decisions []Decision, create func([]store.Change) ([]store.Outcome, error)) error {
	if len(decisions) == 0 {
		return nil
	}
	changes := make([]store.Change, len(decisions))
	for i, d := range decisions {
		changes[i] = *d.Change
	}
	outcomes, err := create(changes)
	if err != nil {
		return fmt.Errorf("create %d accepted missions: %w", len(changes), err)
	}
	for i, o := range outcomes {
		if o.Code == store.Applied {
			s.accepted(decisions[i], o)
		}
	}
	return nil
}
