// Package deadline ends missions that wait when their overall deadline passes.
//
// Every commander looks each second at what the store says is past, and asks the rule (mission.Expire) for each. None leads: what one
// takes is pushed on in the store, so that the others leave it alone for a while, and the change is applied only to the mission as
// it was read. What runs is left to its soldier, which knows when to end it; should the soldier die, or hand it back, the mission ends
// then, by the rules of those. It comes again here until it has ended, in case it waits again by some other way.
package deadline

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// every is the time between two looks. One that finds as many as it may is followed by another at once.
	every = time.Second
	// hold is for how long what was taken is left alone.
	hold = 15 * time.Second
	// limit is how many missions are ended in one step.
	limit = 256
	// patience bounds one step.
	patience = 10 * time.Second
)

// Store is what a Keeper needs of a store.
type Store interface {
	TakeDeadlines(ctx context.Context, limit int, hold time.Duration) ([]string, error)
}

// Missions ends missions: a mission.Service.
type Missions interface {
	Expire(ctx context.Context, ids ...string) error
}

// Keeper keeps deadlines.
type Keeper struct {
	*background.Work

	store    Store
	missions Missions
	log      *zap.Logger
}

// New returns a keeper.
func New(s Store, m Missions, log *zap.Logger) *Keeper {
	k := &Keeper{store: s, missions: m, log: log.Named("deadline")}
	k.Work = background.New(k.run)
	return k
}

func (k *Keeper) run(ctx context.Context) {
	said := ""
	background.Every(ctx, every, func(ctx context.Context) {
		for more := true; more && ctx.Err() == nil; {
			found, err := k.step(ctx)
			if found > 0 || err != nil {
				said = k.say(err, said)
			}
			more = found == limit && err == nil
		}
	})
}

// step ends what is past, and tells how many it found.
func (k *Keeper) step(ctx context.Context) (found int, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ids, err := k.store.TakeDeadlines(ctx, limit, hold)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return len(ids), k.missions.Expire(ctx, ids...)
}

// say logs why missions are not ended, once for each reason, and returns that. A store that is away says so itself.
func (k *Keeper) say(err error, said string) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return said
	case err.Error() != said:
		k.log.Warn("can't end missions whose deadline passed; trying again each second", zap.Error(err))
	}
	return err.Error()
}
