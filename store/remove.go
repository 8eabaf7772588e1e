package store

import (
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Removal names a mission that is to be removed.
type Removal struct {
	MissionID string
	// IfVersion is the version that the caller decided on.
	IfVersion int64
}

// CheckRemovals returns an error for what no store can do.
func CheckRemovals(removals []Removal) error {
	if n := len(removals); n > MaxTrim {
		return fmt.Errorf("%d missions are to be removed in one step, at most %d are", n, MaxTrim)
	}
	seen := make(map[string]bool, len(removals))
	for _, r := range removals {
		switch {
		case !contracts.ValidMissionID(r.MissionID):
			return fmt.Errorf("removal of %q, which is no mission's id", r.MissionID)
		case r.IfVersion < 1:
			return fmt.Errorf("removal of mission %s has the version %d, must be 1 or more", r.MissionID, r.IfVersion)
		case seen[r.MissionID]:
			return fmt.Errorf("mission %s is to be removed twice", r.MissionID)
		}
		seen[r.MissionID] = true
	}
	return nil
}
