package ours

import (
	"context"

	"github.com/mission-control-dev/mission-control/bench/internal/contender"
)

// Reads reads the missions that were posted one by one last, at least as many as last holds.
func (o *Ours) Reads(ctx context.Context, times int) error {
	return contender.Spread(ctx, times, contender.InFlight, func(_ context.Context, i int) error {
		return o.load.read(*o.last[i%len(o.last)].Load())
	})
}
