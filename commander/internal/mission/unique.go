package mission

import (
	"errors"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// ErrApart means that one step asks for a unique key and for more missions, which may lie in another shard.
var ErrApart = errors.New("with more than one shard, no mission of a batch or of a schedule may have a unique key")

// TakenError says that another mission, which has not ended, has a unique key.
type TakenError struct {
	Key string
	// Holder is that mission.
	Holder string
	// Index of the batch's mission that asked for the key; InBatch says that it was one of a batch.
	Index   int
	InBatch bool
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("mission %s has the unique key %q and has not ended", e.Holder, e.Key)
}

// takenOf names the mission of a batch whose unique key somebody has.
func takenOf(rs []contracts.MissionRequest, outcomes []store.Outcome) error {
	for i, o := range outcomes {
		if o.Holder != "" {
			return &TakenError{Key: rs[i].UniqueKey, Holder: o.Holder, Index: i, InBatch: true}
		}
	}
	return ErrContended
}

// fits checks what missions that are created in one step ask for: a ValidationError where two have one unique key.
func (s *Service) fits(rs []contracts.MissionRequest) error {
	first := map[string]int{}
	var twice []contracts.FieldError
	for i, r := range rs {
		if r.UniqueKey == "" {
			continue
		}
		if at, met := first[r.UniqueKey]; met {
			twice = append(twice, contracts.FieldError{
				Field: contracts.BatchField(i) + ".unique_key", Code: "invalid", Message: "is that of " + contracts.BatchField(at) + ", too: only one of them could be created",
			})
			continue
		}
		first[r.UniqueKey] = i
	}
	switch {
	case twice != nil:
		return &contracts.ValidationError{Fields: twice}
	case len(first) > 0 && s.apart:
		return ErrApart
	}
	return nil
}
