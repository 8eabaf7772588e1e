package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/config"
	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// every is the time between two sweeps, at least.
	every = 15 * time.Second
	// between two steps of a sweep Redis serves others: so a commander removes at most 10,000 missions a second.
	between = 20 * time.Millisecond
	// patience bounds one step.
	patience = 10 * time.Second
)

// Store is what a Trimmer needs of a store.
type Store interface {
	Trim(ctx context.Context, t store.Trim) (store.Trimmed, error)
}

// Config of a Trimmer. All fields are required.
type Config struct {
	Store Store
	Keep  config.Keep
	// Epoch is the store's.
	Epoch func(ctx context.Context) (store.Epoch, error)
	Now   func() contracts.Time
	// Trimmed counts missions that were removed. It must not block.
	Trimmed func(status contracts.Status, missions int)
	Logger  *zap.Logger
}

// Trimmer removes missions. Stop waits for the step that is under way.
type Trimmer struct {
	*background.Work
	Config
	log *zap.Logger
}

// New returns a trimmer.
func New(c Config) *Trimmer {
	t := &Trimmer{Config: c, log: c.Logger.Named("retention")}
	t.Work = background.New(t.run)
	return t
}

func (t *Trimmer) run(ctx context.Context) {
	said := ""
	for ctx.Err() == nil {
		began := time.Now()
		said = t.say(ctx, t.sweep(ctx), said)
		background.Pause(ctx, max(every, time.Since(began)))
	}
}

// say logs why missions are not removed, once for each reason, and returns that. A store that is away says so itself.
func (t *Trimmer) say(ctx context.Context, err error, said string) string {
	switch {
	case err == nil:
		return ""
	case ctx.Err() != nil, errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		t.log.Debug("could not remove missions that ended long ago", zap.Error(err))
		return said
	case err.Error() != said:
		t.log.Warn("can't remove missions that ended long ago: Redis will fill up", zap.Error(err))
	}
	return err.Error()
}

// sweep removes all that is to go now. A status that fails leaves the others alone.
func (t *Trimmer) sweep(ctx context.Context) error {
	var errs []error
	for status, rule := range t.Keep.Rules() {
		if rule == (config.Rule{}) {
			continue
		}
		if err := t.trim(ctx, status, rule); err != nil {
			errs = append(errs, fmt.Errorf("remove %s missions: %w", status, err))
		}
	}
	return errors.Join(errs...)
}

func (t *Trimmer) trim(ctx context.Context, status contracts.Status, rule config.Rule) error {
	now := t.Now()
	what := store.Trim{Status: status, Keep: rule.Count, Limit: store.MaxTrim}
	if rule.Age > 0 {
		what.Before = contracts.At(now.Add(-rule.Age))
	}
	var err error
	if what.After, err = t.floor(ctx, now); err != nil {
		return err
	}
	for {
		done, err := t.step(ctx, what)
		if n := len(done.Removed); n > 0 {
			t.Trimmed(status, n)
		}
		if err != nil || done.Next == "" {
			return err
		}
		what.After = done.Next
		if !background.Pause(ctx, between) {
			return ctx.Err()
		}
	}
}

// step is cut short by nothing but its time: what was removed is to be counted.
func (t *Trimmer) step(ctx context.Context, what store.Trim) (store.Trimmed, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return t.Store.Trim(ctx, what)
}

// floor is the id behind which missions may be removed now, empty where all may be.
func (t *Trimmer) floor(ctx context.Context, now contracts.Time) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e, err := t.Epoch(ctx)
	if err != nil {
		return "", err
	}
	before, _, is := mission.Keep(e, now)
	if !is {
		return "", nil
	}
	return contracts.FirstMissionID(before), nil
}
