package check

import (
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
)

// What the design promises when Redis loses everything: orders that the broker holds and that nobody had taken are
// adopted, and so is what runs. What had ended, what was scheduled, and what waited in Redis alone is gone, idempotency
// keys and cancels with it, and what had ended may be carried out again from a late copy of its order. When RabbitMQ
// loses everything nothing is gone, since Redis has it, but for missions that RabbitMQ alone had: those that were
// accepted while Redis was away, and Redis had not come back yet.

// inRedisAlone is how long after its 202 a mission may have no order at the broker yet, beyond a fault.
const inRedisAlone = 10 * time.Second

// wiped tells whether Redis lost its data between two times.
func (j *judge) wiped(from, to time.Time) bool {
	return slices.ContainsFunc(j.Faults, func(f Fault) bool {
		return f.Kind == schedule.WipeRedis && f.Ended.After(from) && f.Began.Before(to)
	})
}

// goneWithWipe tells whether a mission that is unknown in the end may be: at some wipe of Redis it was neither running
// nor certainly waiting at the broker, or at one of RabbitMQ it was not yet in Redis.
func (j *judge) goneWithWipe(m Mission, all []journal.Execution) bool {
	return slices.ContainsFunc(j.Faults, func(f Fault) bool {
		if f.Ended.Before(m.Asked) {
			return false
		}
		if f.Kind == schedule.WipeRabbitMQ {
			return m.OnBroker && !j.disturbed.calm(m.Accepted, f.Began, inRedisAlone)
		}
		if f.Kind != schedule.WipeRedis {
			return false
		}
		started := slices.IndexFunc(all, func(e journal.Execution) bool { return e.Start.Before(f.Ended) })
		if started < 0 {
			waits := m.Accepted.Add(inRedisAlone).Before(f.Began) &&
				j.disturbed.calm(m.Accepted, f.Began, inRedisAlone)
			return !waits
		}
		// Running all through the wipe, by a soldier that lived on?
		return !slices.ContainsFunc(all, func(e journal.Execution) bool {
			died, dead := j.death(e)
			over := !e.Ended() || e.End.After(f.Ended.Add(settled))
			return e.Start.Before(f.Began) && over && (!dead || died.After(f.Ended.Add(settled)))
		})
	})
}

// forgottenByWipe tells whether Redis lost an execution's end, or its grant, before the next one began.
func (j *judge) forgottenByWipe(m Mission, e, next journal.Execution) bool {
	return j.wiped(m.Asked, next.Start) && e.Ended() && j.wiped(e.Start, next.Start)
}
