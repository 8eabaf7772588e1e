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
	l.replace(removed)
}

// replace notes that missions are gone.
func (l *lockstep) replace(removed []string) {
	for _, id := range removed {
		l.ids[slices.Index(l.ids, id)] = l.newID()
		l.gone = append(l.gone, id)
	}
	slices.Sort(l.ids)
	l.noteCounts()
}

// remove removes some missions, in the versions that they have, or in wrong ones. Others take their place, as in trim.
func (l *lockstep) remove() {
	known, err := l.model.Load(l.ctx, l.ids...)
	if err != nil {
		l.Fatal(err)
	}
	var removals []store.Removal
	for i, r := range known {
		if !rapid.Bool().Draw(l.T, "removed") {
			continue
		}
		version := r.Mission.Version
		if version == 0 || l.oneIn(10, "stale") {
			version++
		}
		removals = append(removals, store.Removal{MissionID: l.ids[i], IfVersion: version})
	}
	if len(removals) == 0 {
		return // that needs no store
	}
	var removed []string
	each(l, "Remove", func(ctx context.Context, s store.Store, p *peer) ([]string, error) {
		ids, err := s.Remove(ctx, removals...)
		if p == nil {
			removed = ids
		}
		return ids, err
	}, nil)
	l.replace(removed)
}
