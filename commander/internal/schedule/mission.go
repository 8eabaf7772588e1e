package schedule

import (
	"crypto/sha256"
	"fmt"
	"maps"

	"github.com/google/uuid"

	"github.com/mission-control-dev/mission-control/contracts"
)

// missionID is the id of the mission of a run: a UUIDv7 of the run's time, the same for whoever makes it. Its last bits say
// in which shard it lies, as those of any id do, so nobody need place it.
func missionID(schedule string, at contracts.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", schedule, at.Millis()))
	id := uuid.UUID(sum[:16])
	for i := range 6 {
		id[i] = byte(at.Millis() >> (8 * (5 - i)))
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80 // version 7, as RFC 9562 has it
	return id.String()
}

// request is what a schedule orders.
func request(name string, r contracts.MissionRequest) contracts.MissionRequest {
	r.Labels = maps.Clone(r.Labels)
	if r.Labels == nil {
		r.Labels = map[string]string{}
	}
	r.Labels[contracts.ScheduleLabel] = name
	return r
}
