package config

import (
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Keep says how many missions stay that have ended, and for how long. The zero Keep has all stay for ever.
type Keep struct {
	// Completed is COMMANDER_KEEP_COMPLETED and COMMANDER_KEEP_COMPLETED_COUNT; default 7 days and a million. Failed and Cancelled
	// are likewise; default 30 days and a million.
	Completed, Failed, Cancelled Rule
}

// Rule is that of one status. A mission is removed by whichever of the two lets it go first.
type Rule struct {
	// Age is for how long a mission stays after its end: a Go duration, or days, such as 7d; 0 is for ever.
	Age time.Duration
	// Count is how many stay, those created last; 0 is any number.
	Count int
}

const (
	day = 24 * time.Hour
	// minKeep and maxKeep bound ages, maxKeepCount numbers.
	minKeep      = time.Second
	maxKeep      = 36500 * day
	keepCount    = 1_000_000
	maxKeepCount = 1_000_000_000
)

// Rules returns the rule of each status.
func (k Keep) Rules() iter.Seq2[contracts.Status, Rule] {
	return func(yield func(contracts.Status, Rule) bool) {
		_ = yield(contracts.StatusCompleted, k.Completed) && yield(contracts.StatusFailed, k.Failed) && yield(contracts.StatusCancelled, k.Cancelled)
	}
}

// keep reads the rules.
func (e *env) keep() Keep {
	return Keep{
		Completed: e.rule("COMMANDER_KEEP_COMPLETED", 7*day),
		Failed:    e.rule("COMMANDER_KEEP_FAILED", 30*day),
		Cancelled: e.rule("COMMANDER_KEEP_CANCELLED", 30*day),
	}
}

func (e *env) rule(name string, byDefault time.Duration) Rule {
	return Rule{Age: e.age(name, byDefault), Count: e.number(name+"_COUNT", keepCount, 0, maxKeepCount)}
}

func (e *env) age(name string, byDefault time.Duration) time.Duration {
	v := e.text(name, "")
	if v == "" {
		return byDefault
	}
	d, err := time.ParseDuration(v)
	if days, is := strings.CutSuffix(v, "d"); is {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(max(n, -1), int(maxKeep/day)+1)) * day
	}
	if err != nil || d != 0 && d < minKeep || d > maxKeep {
		e.fail("%s is %q, must be a time such as 7d or 36h, from 1s to 36500d, or 0 to keep missions for ever", name, v)
		return byDefault
	}
	return d
}
