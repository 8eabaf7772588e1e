package scale

import "context"

// sweepMissions is how many missions a point takes, but where their number is what varies.
const sweepMissions = 20_000

// sweep measures throughput by the soldier's slots, by the number of soldiers that share slotsOfOne each, and by how many
// missions are submitted at once, which are a backlog for all but the first moment.
func (r *run) sweep(ctx context.Context) error {
	const slotsOfOne = 64
	for _, slots := range []int{4, 16, 64, 256, 1024} {
		if err := r.sweepPoint(ctx, "slots of one soldier", slots, 1, slots, sweepMissions); err != nil {
			return err
		}
	}
	for _, soldiers := range []int{1, 2, 4, 8} {
		if err := r.sweepPoint(ctx, "soldiers of 64 slots", soldiers, soldiers, slotsOfOne, sweepMissions); err != nil {
			return err
		}
	}
	for _, missions := range []int{1_000, 10_000, 100_000} {
		if err := r.sweepPoint(ctx, "missions submitted at once", missions, 1, r.slots, missions); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) sweepPoint(ctx context.Context, axis string, at, soldiers, slots, missions int) error {
	for range soldiers {
		if err := r.stack.StartSoldier(ctx, slots); err != nil {
			return err
		}
	}
	defer r.stack.StopSoldiers(ctx)
	if _, err := r.rate(ctx, warmUp/5); err != nil {
		return err
	}
	rate, err := r.rate(ctx, missions)
	if err == nil {
		r.point(axis, at, rate)
	}
	return err
}
