package modeltest

import (
	"context"
	"errors"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"pgregory.net/rapid"
)

// gates are the concurrency keys', and the squads'.
func gates() []string {
	return []string{"a", "b", store.SquadGate(contracts.DefaultSquad), store.SquadGate("gpu")}
}

// limit sets the limit of a key or a squad, or removes it, and at times opens the gate. A rate's period is so long that no start comes back.
func (l *lockstep) limit() {
	name := rapid.SampledFrom(gates()).Draw(l.T, "gate")
	limits := []contracts.Limit{{MaxRunning: 1}, {MaxRunning: 2}, {MaxRunning: 3}}
	d, collection := store.Document{Name: name}, store.LimitsCollection
	if squad, is := store.SquadOfGate(name); is {
		d.Name, collection = squad, store.SquadLimitsCollection
	} else {
		limits = append(limits, contracts.Limit{MaxRunning: 3, Rate: &contracts.Rate{Starts: 4, PeriodSeconds: contracts.MaxRatePeriod}})
	}
	body, err := store.EncodeLimit(rapid.SampledFrom(limits).Draw(l.T, "limit"))
	if err != nil {
		l.Fatal(err)
	}
	remove, open := l.oneIn(4, "remove"), rapid.Bool().Draw(l.T, "open")
	each(l, "limit", func(ctx context.Context, s store.Store, _ *peer) (bool, error) {
		before, err := s.Document(ctx, collection, d.Name)
		switch {
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return false, err
		case remove && err == nil:
			err = s.DeleteDocument(ctx, collection, d.Name, before.Version)
		default:
			_, err = s.PutDocument(ctx, collection, store.Document{Name: d.Name, Version: before.Version, Body: body})
		}
		if err == nil && open {
			err = s.OpenGate(ctx, name)
		}
		return err == nil, err
	}, nil)
}

// gated compares who stands at the gates.
func (l *lockstep) gated() {
	each(l, "Gates", func(ctx context.Context, s store.Store, _ *peer) ([]store.Gate, error) {
		return s.Gates(ctx, gates()...)
	}, nil)
	for _, key := range gates() {
		each(l, "WaitsAtGate", func(ctx context.Context, s store.Store, _ *peer) ([]bool, error) {
			var waits []bool
			for _, id := range l.ids {
				w, err := s.WaitsAtGate(ctx, key, id)
				if err != nil {
					return nil, err
				}
				waits = append(waits, w)
			}
			return waits, nil
		}, nil)
	}
}
