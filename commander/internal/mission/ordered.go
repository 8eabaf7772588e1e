package mission

import (
	"context"
	"errors"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// ErrExists means that there is a mission of that id already.
var ErrExists = errors.New("a mission of that id is there")

// SubmitAs creates a mission for a part of the commander that orders by itself, and says why in the history. It does so under the
// given id, a UUIDv7 of no later than now, or under a new one where that is empty. With an id it may be repeated: ErrExists
// where it was created before, TakenError where another one has its unique key. After store.ErrUnavailable it is unknown whether it was.
func (s *Service) SubmitAs(ctx context.Context, r contracts.MissionRequest, id, why string) (contracts.Mission, error) {
	if id != "" && r.UniqueKey != "" && s.apart {
		return contracts.Mission{}, ErrApart // the id says where it lies, and so does the key
	}
	if id == "" {
		made, err := s.newID()
		if err != nil {
			return contracts.Mission{}, err
		}
		id = s.place(made, r.UniqueKey)
	}
	if err := s.squads.Register(ctx, r.Squad); err != nil {
		return contracts.Mission{}, fmt.Errorf("register squad %s: %w", r.Squad, err)
	}
	d := Accept(r, id, nil, s.now())
	d.Change.History[0].Message = why
	o, err := s.creating.apply(ctx, *d.Change)
	switch {
	case err != nil:
		return contracts.Mission{}, fmt.Errorf("create mission %s: %w", id, err)
	case o.Code == store.Conflict:
		return contracts.Mission{}, fmt.Errorf("create mission %s: %w", id, ErrExists)
	case o.Code == store.Taken:
		return contracts.Mission{}, &TakenError{Key: r.UniqueKey, Holder: o.Holder}
	case o.Code != store.Applied:
		return contracts.Mission{}, fmt.Errorf("create mission %s: %w", id, ErrContended)
	}
	return s.accepted(d, o), nil
}
