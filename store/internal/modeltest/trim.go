package modeltest

import (
	"context"
	"fmt"
	"slices"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"pgregory.net/rapid"
)

// newID returns the id of a mission that was never there, created somewhen around the moments that are drawn, and later than all others.
func (l *lockstep) newID() string {
	l.born++
	return fmt.Sprintf("018bcfe5-6%03x-7000-8000-000000000000", 0x7f0+l.born) // 0x018bcfe56800 ms is one of the moments
}

// trim removes missions. Others take their place in what follows.
func (l *lockstep) trim() {
	t := store.Trim{
		Status: rapid.SampledFrom([]contracts.Status{contracts.StatusCompleted, contracts.StatusFailed, contracts.StatusCancelled}).Draw(l.T, "trimmed"),
		Before: l.moment("before"),
		Keep:   rapid.IntRange(0, 2).Draw(l.T, "keep"),
		After:  rapid.SampledFrom(append(slices.Clone(l.ids), "", "", "")).Draw(l.T, "behind"),
		Limit:  rapid.IntRange(1, 4).Draw(l.T, "looked at"),
	}
	var removed []string
	each(l, "Trim", func(ctx context.Context, s store.Store, p *peer) (store.Trimmed, error) {
		done, err := s.Trim(ctx, t)
		if p == nil {
			removed = done.Removed
		}
		return done, err
	}, nil)
	for _, id := range removed {
		l.ids[slices.Index(l.ids, id)] = l.newID()
		l.gone = append(l.gone, id)
	}
	slices.Sort(l.ids)
	l.noteCounts()
}
