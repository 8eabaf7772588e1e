// Package clock tells the time that all commanders share: the store's.
//
// It asks the store now and then and adds monotonic time in between, so that neither a wrong wall clock nor one that is
// set while the commander runs decides anything. Until the store was first reached it is this machine's wall clock as it
// was at the start, plus monotonic time.
package clock

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/background"
	"github.com/mission-control-dev/mission-control/contracts"
)

// Source is where the time comes from: a store.Clock.
type Source interface {
	Now(ctx context.Context) (time.Time, error)
}

// Jump is by how much the store's clock may differ from this one before it was set, or this machine slept.
const Jump = 2 * time.Second

// refreshEvery bounds the drift between this machine's oscillator and the store's.
const refreshEvery = 5 * time.Second

// Clock is the store's time. It is safe for concurrent use.
type Clock struct {
	*background.Work

	source Source
	jumped func()
	log    *zap.Logger
	base   time.Time    // with monotonic reading; never replaced
	offset atomic.Int64 // nanoseconds to add to base plus monotonic time
}

// New returns a clock over source. It calls jumped when the store's clock has jumped against this one: by then, times
// that the store has noted say nothing of how long ago they were.
func New(source Source, jumped func(), log *zap.Logger) *Clock {
	c := &Clock{source: source, jumped: jumped, log: log.Named("clock"), base: time.Now()}
	c.Work = background.New(func(ctx context.Context) { background.Every(ctx, refreshEvery, c.refresh) })
	return c
}

// Now returns the time.
func (c *Clock) Now() contracts.Time {
	return contracts.At(c.local().Add(time.Duration(c.offset.Load())))
}

// Time returns Now as a time.Time, for libraries that want a func() time.Time.
func (c *Clock) Time() time.Time { return c.Now().Time }

func (c *Clock) local() time.Time { return c.base.Add(time.Since(c.base)) }

// refresh takes the middle of the round trip as the moment that the answer speaks of. A slow round trip is not used: its
// middle says too little.
func (c *Clock) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	asked := c.local()
	now, err := c.source.Now(ctx)
	if err != nil {
		return
	}
	took := c.local().Sub(asked)
	if took > 500*time.Millisecond {
		return
	}
	offset := now.Sub(asked.Add(took / 2))
	old := time.Duration(c.offset.Swap(int64(offset)))
	if (offset - old).Abs() > Jump {
		c.jumped()
		c.log.Info("clock follows the store", zap.Duration("moved_by", offset-old))
	}
}
