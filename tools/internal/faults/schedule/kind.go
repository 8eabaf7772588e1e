package schedule

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is a kind of fault.
type Kind string

// The kinds. What is killed is killed with SIGKILL.
const (
	KillCommander Kind = "kill-commander" // and started again
	KillSoldier   Kind = "kill-soldier"   // and started again
	KillRedis     Kind = "kill-redis"     // and started again on its data
	KillRabbitMQ  Kind = "kill-rabbitmq"  // and started again on its data
	KillAll       Kind = "kill-all"       // the whole stack at once, and started again

	PauseCommander Kind = "pause-commander" // SIGSTOP
	PauseSoldier   Kind = "pause-soldier"   // SIGSTOP, longer than a lease or shorter
	PauseRedis     Kind = "pause-redis"     // SIGSTOP
	PauseRabbitMQ  Kind = "pause-rabbitmq"  // SIGSTOP

	Cut      Kind = "cut"       // a link's connections are reset, new ones refused
	Stall    Kind = "stall"     // a link's bytes wait
	HalfOpen Kind = "half-open" // a link's bytes vanish, and no end learns of it
	Delay    Kind = "delay"     // a link's bytes come late
	Isolate  Kind = "isolate"   // a soldier is cut off from RabbitMQ and all commanders

	CommandersAway  Kind = "commanders-away"  // both are killed, and stay away while soldiers finish
	PauseCommanders Kind = "pause-commanders" // both are frozen for longer than a lease
	RedisAway       Kind = "redis-away"       // it is killed, and stays away for longer than a lease
	CopyOrders      Kind = "copy-orders"      // orders come again, at once and later, in another order
	CopyStatus      Kind = "copy-status"      // status messages come again, at once and later, in another order
	Alarm           Kind = "alarm"            // RabbitMQ's memory alarm: connection.blocked
	RedisFull       Kind = "redis-full"       // Redis is out of memory
	RedisReadOnly   Kind = "redis-read-only"  // Redis is a replica of nobody

	WipeRedis    Kind = "wipe-redis"    // killed, and started again without its data
	WipeRabbitMQ Kind = "wipe-rabbitmq" // killed, and started again without its data

	Absence Kind = "absence" // both commanders are killed, and stay away for ten minutes
)

// Kinds list the kinds of the usual drill.
func Kinds() []Kind {
	return []Kind{
		KillCommander, KillSoldier, KillRedis, KillRabbitMQ, KillAll,
		PauseCommander, PauseSoldier, PauseRedis, PauseRabbitMQ,
		Cut, Stall, HalfOpen, Delay, Isolate,
		CommandersAway, PauseCommanders, RedisAway, CopyOrders, CopyStatus, Alarm, RedisFull, RedisReadOnly,
	}
}

// Wipes list the kinds that lose a server's data. The design promises less under them.
func Wipes() []Kind { return []Kind{WipeRedis, WipeRabbitMQ} }

// All list every kind: also the wipes, and those that occur only where they are asked for by name.
func All() []Kind { return append(append(Kinds(), Wipes()...), Absence) }

// Valid tells whether k is a kind.
func (k Kind) Valid() bool { return slices.Contains(All(), k) }

// seconds is a range of lengths.
type seconds struct{ from, to float64 }

// lengths are how long each kind lasts, from its beginning to its undoing. Where something is started again, the start comes on top.
func (k Kind) lengths() seconds {
	switch k {
	case KillCommander, KillSoldier, KillRedis, KillRabbitMQ, KillAll:
		return seconds{0, 6}
	case WipeRedis, WipeRabbitMQ:
		return seconds{0, 2}
	case PauseCommander, PauseRedis, PauseRabbitMQ:
		return seconds{2, 10}
	case PauseSoldier:
		return seconds{5, 45}
	case Isolate:
		return seconds{2, 45}
	case CommandersAway, PauseCommanders, RedisAway:
		return seconds{38, 45}
	case Absence:
		return seconds{600, 600}
	case Cut, Stall, HalfOpen:
		return seconds{1, 20}
	case CopyStatus, CopyOrders:
		return seconds{10, 25}
	case Delay, Alarm, RedisFull, RedisReadOnly:
		return seconds{4, 15}
	}
	return seconds{}
}

// long are the lengths in a long run, where they differ: one in three faults of the kind is that long.
func (k Kind) long() (seconds, bool) {
	switch k {
	case PauseCommander, PauseRedis, PauseRabbitMQ:
		return seconds{60, 60}, true
	case CommandersAway, PauseCommanders, RedisAway:
		return seconds{90, 150}, true
	case Isolate, PauseSoldier:
		return seconds{60, 90}, true
	case Cut, Stall, HalfOpen:
		return seconds{40, 90}, true
	default:
		return seconds{}, false
	}
}

// alone is how long each kind lasts in a drill of single faults: as short as what it is to show allows.
func (k Kind) alone() time.Duration {
	switch k {
	case KillCommander, KillSoldier, KillRedis, KillRabbitMQ, KillAll:
		return 2 * time.Second
	case WipeRedis, WipeRabbitMQ:
		return time.Second
	case PauseCommander, PauseSoldier, PauseRedis, PauseRabbitMQ, Isolate, Cut, Stall, HalfOpen:
		return 10 * time.Second
	case CommandersAway, PauseCommanders, RedisAway:
		return 38 * time.Second
	case CopyStatus, CopyOrders:
		return 14 * time.Second
	case Delay, Alarm, RedisFull, RedisReadOnly:
		return 8 * time.Second
	case Absence:
		return 10 * time.Minute
	}
	return 0
}

// freezes are the kinds that Config.Freezes adds, and for how long.
func freezes() []Kind { return []Kind{PauseCommander, PauseSoldier, PauseRedis, PauseRabbitMQ} }

const freeze = time.Minute

func (s seconds) draw(r *rand.Rand) time.Duration {
	d := time.Duration((s.from + r.Float64()*(s.to-s.from)) * float64(time.Second))
	return d.Round(100 * time.Millisecond)
}

// on draws what a fault of the kind happens to: parts or links.
func (k Kind) on(r *rand.Rand) []string {
	one := func(names []string) []string { return []string{names[r.IntN(len(names))]} }
	switch k {
	case KillCommander, PauseCommander:
		return one(Commanders())
	case KillSoldier, PauseSoldier:
		return one(Soldiers())
	case KillRedis, RedisAway, PauseRedis, RedisFull, RedisReadOnly, WipeRedis:
		return []string{Redis}
	case KillRabbitMQ, PauseRabbitMQ, Alarm, WipeRabbitMQ, CopyOrders, CopyStatus:
		return []string{RabbitMQ}
	case KillAll:
		return Parts()
	case CommandersAway, PauseCommanders, Absence:
		return Commanders()
	case Isolate:
		return LinksOf(one(Soldiers())[0])
	case Cut, Stall, HalfOpen, Delay:
		if r.IntN(4) == 0 { // all that lead to one part
			return to(one([]string{Redis, RabbitMQ, CommanderA, CommanderB})[0])
		}
		return one(Links())
	}
	return nil
}
