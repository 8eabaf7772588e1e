package check

import (
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

// span is a stretch of time.
type span struct{ from, to time.Time }

// spans are disjoint, by time.
type spans []span

// union sorts spans and joins those that touch.
func union(all ...spans) spans {
	var in, out spans
	for _, s := range all {
		in = append(in, s...)
	}
	slices.SortFunc(in, func(a, b span) int { return a.from.Compare(b.from) })
	for _, s := range in {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			if s.to.After(out[n-1].to) {
				out[n-1].to = s.to
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// intersect keeps what all have in common.
func intersect(first spans, more ...spans) spans {
	out := first
	for _, other := range more {
		var common spans
		for _, a := range out {
			for _, b := range other {
				s := span{latest(a.from, b.from), earliest(a.to, b.to)}
				if s.from.Before(s.to) {
					common = append(common, s)
				}
			}
		}
		out = union(common)
	}
	return out
}

// calm tells whether there is a stretch of at least d between from and to that is in none of the spans.
func (s spans) calm(from, to time.Time, d time.Duration) bool {
	at := from
	for _, busy := range s {
		if busy.to.Before(at) {
			continue
		}
		if earliest(busy.from, to).Sub(at) >= d {
			return true
		}
		at = latest(at, busy.to)
	}
	return to.Sub(at) >= d
}

// meets tells whether any of the spans has a moment between from and to.
func (s spans) meets(from, to time.Time) bool {
	return slices.ContainsFunc(s, func(b span) bool { return b.from.Before(to) && b.to.After(from) })
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// How long faults work on after they were undone, and how long an isolation must last to matter.
const (
	// unnoticed is how long a part may go on to use a connection that was lost for good.
	unnoticed = 60 * time.Second
	// aftermath is how long parts may need to come back.
	aftermath = 15 * time.Second
	// suspicion is contracts.SuspectGrace without a margin of a second.
	suspicion = 4 * time.Second
	// settled is how long without a fault proves that what ended before was recorded: a renewal, a repeat of a final, and time.
	settled = 60 * time.Second
)

// broken is when a part was down, or a link without use.
func broken(faults []Fault, on string) spans {
	var s spans
	for _, f := range faults {
		if !slices.Contains(f.On, on) {
			continue
		}
		switch f.Kind {
		case schedule.HalfOpen:
			s = append(s, span{f.Began, f.Ended.Add(unnoticed)})
		case schedule.KillCommander, schedule.KillSoldier, schedule.KillRedis, schedule.KillRabbitMQ, schedule.KillAll,
			schedule.PauseCommander, schedule.PauseSoldier, schedule.PauseRedis, schedule.PauseRabbitMQ,
			schedule.Cut, schedule.Stall, schedule.Isolate, schedule.CommandersAway, schedule.PauseCommanders, schedule.RedisAway, schedule.Absence,
			schedule.WipeRedis, schedule.WipeRabbitMQ:
			s = append(s, span{f.Began, f.Ended})
		case schedule.Delay, schedule.CopyOrders, schedule.CopyStatus, schedule.Alarm, schedule.RedisFull, schedule.RedisReadOnly:
		}
	}
	return union(s)
}

// isolated is when a soldier could hear from nobody for longer than a suspicion takes: it was paused, or had no way to
// RabbitMQ and none to any commander. A server that is away cuts it off, too, but nobody is declared dead meanwhile.
func isolated(faults []Fault, soldier string) spans {
	ways := broken(faults, schedule.Link(soldier, schedule.RabbitMQ))
	for _, c := range schedule.Commanders() {
		ways = intersect(ways, union(broken(faults, schedule.Link(soldier, c)), broken(faults, c)))
	}
	var paused spans
	for _, f := range faults {
		if f.Kind == schedule.PauseSoldier && slices.Contains(f.On, soldier) {
			paused = append(paused, span{f.Began, f.Ended})
		}
	}
	return slices.DeleteFunc(union(ways, paused), func(s span) bool { return s.to.Sub(s.from) < suspicion })
}

// disturbed is when anything was broken, and a while afterwards.
func disturbed(faults []Fault) spans {
	var s spans
	for _, f := range faults {
		after := aftermath
		if f.Kind == schedule.HalfOpen {
			after = unnoticed
		}
		s = append(s, span{f.Began, f.Ended.Add(after)})
	}
	return union(s)
}
