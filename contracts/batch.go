package contracts

import (
	"errors"
	"fmt"
	"time"
)

// BatchRequest is the body of POST /missions/batch: missions that are accepted together, all of them or none.
type BatchRequest struct {
	// Missions are 1 to MaxBatchMissions.
	Missions []MissionRequest `json:"missions"`
}

// Normalize normalizes each mission, see MissionRequest.
func (b *BatchRequest) Normalize() {
	for i := range b.Missions {
		b.Missions[i].Normalize()
	}
}

// Validate returns a ValidationError with every limit that the batch breaks; those of a mission are named as in
// `missions[3].name`. See MissionRequest.Validate for when to call it.
func (b BatchRequest) Validate(now time.Time) error {
	if err := CheckBatchSize(len(b.Missions)); err != nil {
		return err
	}
	var v validator
	for i, r := range b.Missions {
		var invalid *ValidationError
		if errors.As(r.Validate(now), &invalid) {
			for _, f := range invalid.Fields {
				v.fields = append(v.fields, f.Of(BatchField(i)))
			}
		}
	}
	return v.err()
}

// CheckBatchSize returns a ValidationError for a number of missions that no batch may have.
func CheckBatchSize(n int) error {
	var v validator
	v.within("missions", n, MaxBatchMissions)
	return v.err()
}

// BatchField is how errors name the mission at an index of a batch, counted from 0.
func BatchField(index int) string { return fmt.Sprintf("missions[%d]", index) }
