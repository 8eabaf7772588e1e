package health

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// ask makes one round trip.
type ask func(ctx context.Context) (warning string, err error)

// probe repeats one round trip and keeps the last answer.
type probe struct {
	ask ask

	mu    sync.Mutex
	check Check
	ended time.Time // monotonic end of the last round trip
}

type answer struct {
	warning string
	err     error
}

func newProbe(a ask) *probe {
	return &probe{ask: a, check: Check{Status: CheckDown, Error: "not checked yet"}}
}

// once asks, and says so in time where no answer comes. Only then does it wait for whoever ignores its context: there is
// never more than one round trip under way.
func (p *probe) once(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked := time.Now()
	got := make(chan answer, 1)
	go func() {
		warning, err := p.ask(limit)
		got <- answer{warning, err}
	}()
	select {
	case a := <-got:
		if ctx.Err() == nil {
			p.set(time.Since(asked), a)
		}
	case <-limit.Done():
		if ctx.Err() == nil {
			p.set(time.Since(asked), answer{err: limit.Err()})
		}
		<-got
	}
}

func (p *probe) set(took time.Duration, a answer) {
	now := time.Now()
	c := Check{
		Status: CheckUp, Warning: a.warning, CheckedAt: contracts.At(now),
		LatencyMS: float64(took.Microseconds()) / 1000,
	}
	switch {
	case errors.Is(a.err, context.DeadlineExceeded):
		c.Status, c.LatencyMS, c.Error = CheckDown, 0, fmt.Sprintf("no answer within %s", patience)
	case a.err != nil:
		// Joined errors have a line each; this is one of a table, and a sentence of what needs attention.
		c.Status, c.LatencyMS, c.Error = CheckDown, 0, strings.ReplaceAll(a.err.Error(), "\n", "; ")
	case a.warning != "":
		c.Status = CheckWarn
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c.Since = c.CheckedAt
	if before := p.shown(now); before.Status == c.Status && !before.Since.IsZero() {
		c.Since = before.Since
	}
	p.check, p.ended = c, now
}

func (p *probe) last() Check {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown(time.Now())
}

// shown is the last answer, as far as it can be believed at a moment. The caller holds the lock.
func (p *probe) shown(now time.Time) Check {
	c := p.check
	if age := now.Sub(p.ended); !c.away() && age > oldest {
		c.Status, c.Error = CheckDown, fmt.Sprintf("the last round trip was %s ago", age.Round(time.Second))
		c.Since = contracts.At(p.ended.Add(oldest))
	}
	return c
}
