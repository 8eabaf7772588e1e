package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Check returns an error for a change that no store can take: it is a mistake of the caller, not of the moment. Stores
// call it before they apply anything.
func (c Change) Check() error {
	m := c.Record.Mission
	switch {
	case m.MissionID == "":
		return errors.New("change has no mission id")
	case !m.Status.Valid():
		return fmt.Errorf("change of mission %s has no valid status: %q", m.MissionID, m.Status)
	case len(m.UniqueKey) > contracts.MaxUniqueKeySize:
		return fmt.Errorf("change of mission %s has a unique key of %d bytes, at most %d are kept", m.MissionID, len(m.UniqueKey), contracts.MaxUniqueKeySize)
	case c.IfVersion < 0:
		return fmt.Errorf("change of mission %s has a negative IfVersion", m.MissionID)
	case c.FirstVersion < 0 || c.FirstVersion > 0 && c.IfVersion != 0:
		return fmt.Errorf("change of mission %s has a FirstVersion, but creates nothing, or it is negative", m.MissionID)
	case c.Due == DueSet && c.DueAt.IsZero():
		return fmt.Errorf("change of mission %s sets a due entry without DueAt", m.MissionID)
	}
	if i := c.Idempotency; i != nil {
		switch {
		case c.IfVersion != 0:
			return fmt.Errorf("change of mission %s has an idempotency key, but creates nothing", m.MissionID)
		case i.Key == "":
			return fmt.Errorf("change of mission %s has an empty idempotency key", m.MissionID)
		case i.TTL < time.Millisecond:
			return fmt.Errorf("change of mission %s has an idempotency TTL under 1 ms", m.MissionID)
		}
	}
	return nil
}

// CheckAll returns the first error of Check.
func CheckAll(changes []Change) error {
	for _, c := range changes {
		if err := c.Check(); err != nil {
			return err
		}
	}
	return nil
}

// CheckCreations returns an error for what no CreateAll can take.
func CheckCreations(key *Idempotency, changes []Change) error {
	if err := contracts.CheckBatchSize(len(changes)); err != nil {
		return err
	}
	seen, keys := make(map[string]bool, len(changes)), map[string]string{}
	for i, c := range changes {
		id := c.Record.Mission.MissionID
		if key := c.Record.Mission.UniqueKey; key != "" {
			if other, twice := keys[key]; twice {
				return fmt.Errorf("missions %s and %s are to have one unique key", other, id)
			}
			keys[key] = id
		}
		switch {
		case c.IfVersion != 0 || c.IfSession != "" || c.Idempotency != nil:
			return fmt.Errorf("change of mission %s is more than a creation", id)
		case seen[id]:
			return fmt.Errorf("mission %s is to be created twice", id)
		}
		seen[id] = true
		if i == 0 {
			c.Idempotency = key
		}
		if err := c.Check(); err != nil {
			return err
		}
	}
	return nil
}
