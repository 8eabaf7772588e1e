package check

import (
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

// When missions must be accepted by RabbitMQ alone: Redis is gone, nothing else is broken, and enough are asked for.
const (
	// goneSince is how long commanders may take to be sure, and to answer.
	goneSince = 5 * time.Second
	goneFor   = 10 * time.Second
	enough    = 5
	// takenShare is the least share of the accepted ones that RabbitMQ must have taken. The others were refused at first, and
	// accepted when Redis was back.
	takenShare = 0.8
)

// withoutRedis finds an absence of Redis in which submissions did not go on. What was never answered counts only where
// RabbitMQ took nothing at all: a call may have broken.
func (j *judge) withoutRedis() {
	for _, f := range j.Faults {
		if f.Kind != schedule.KillRedis && f.Kind != schedule.RedisAway {
			continue
		}
		from, to := f.Began.Add(goneSince), f.Began.Add(f.For-goneSince)
		others := j.others(func(o Fault) bool { return o.Kind == f.Kind && o.Began.Equal(f.Began) })
		if to.Sub(from) < goneFor || others.meets(f.Began.Add(-aftermath), to) {
			continue
		}
		asked, answered, taken := 0, 0, 0
		for _, m := range j.Missions {
			if m.Key != "" || m.Asked.Before(from) || m.Asked.After(to) {
				continue
			}
			asked++
			if !m.Accepted.IsZero() {
				answered++
			}
			if m.OnBroker {
				taken++
			}
		}
		if asked >= enough && taken == 0 || answered >= enough && float64(taken) < takenShare*float64(answered) {
			j.violate(NotTaken, "", f.Began, "Redis alone was away for %v from %s on, and of %d missions asked for without a key, %d of them accepted, RabbitMQ took %d",
				f.For, clock(f.Began), asked, answered, taken)
		}
	}
}
