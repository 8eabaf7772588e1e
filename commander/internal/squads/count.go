package squads

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/store"
)

const (
	// countedEvery is how often the store is asked whether it knows how many missions each squad has.
	countedEvery = 10 * time.Second
	// countPause is between two steps of a count, in which the store serves others: some 15,000 missions a second are counted.
	countPause = 100 * time.Millisecond
)

// keepCounted has the store count the missions of squads anew where it does not know the counts. Commanders that do so at the same time
// go on where another one ended.
func (r *Registry) keepCounted(ctx context.Context) {
	var began time.Time
	said := "" // why they can't be counted, as it was logged
	for ctx.Err() == nil {
		wait := countedEvery
		switch known, err := r.recount(ctx); {
		case errors.Is(err, store.ErrUnavailable):
			wait = every // as at every start, until the store's epoch is settled
		case err != nil:
			if text := err.Error(); ctx.Err() == nil && text != said {
				r.log.Warn("missions of squads can't be counted", zap.Error(err))
				said = text
			}
		case !known:
			wait, said = countPause, ""
			if began.IsZero() {
				began = time.Now()
				r.log.Info("how many missions each squad has is not known, counting them")
			}
		case !began.IsZero():
			r.log.Info("missions of squads are counted", zap.Duration("took", time.Since(began)))
			began, said = time.Time{}, ""
		}
		background.Pause(ctx, wait)
	}
}

func (r *Registry) recount(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return r.Store.Recount(ctx)
}
