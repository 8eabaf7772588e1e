package modeltest

import (
	"context"
	"errors"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"pgregory.net/rapid"
)

// gates are the concurrency keys.
func gates() []string { return []string{"a", "b"} }

// limit sets the limit of a key, or removes it, and at times opens the gate. A rate's period is so long that no start comes back.
func (l *lockstep) limit() {
	key := rapid.SampledFrom(gates()).Draw(l.T, "key")
	body, err := store.EncodeLimit(rapid.SampledFrom([]contracts.Limit{
		{MaxRunning: 1}, {MaxRunning: 2}, {MaxRunning: 3}, {MaxRunning: 3, Rate: &contracts.Rate{Starts: 4, PeriodSeconds: contracts.MaxRatePeriod}},
	}).Draw(l.T, "limit"))
	if err != nil {
		l.Fatal(err)
	}
	remove, open := l.oneIn(4, "remove"), rapid.Bool().Draw(l.T, "open")
	each(l, "limit", func(ctx context.Context, s store.Store, _ *peer) (bool, error) {
		d, err := s.Document(ctx, store.LimitsCollection, key)
		switch {
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return false, err
		case remove && err == nil:
			err = s.DeleteDocument(ctx, store.LimitsCollection, key, d.Version)
		default:
			_, err = s.PutDocument(ctx, store.LimitsCollection, store.Document{Name: key, Version: d.Version, Body: body})
		}
		if err == nil && open {
			err = s.OpenGate(ctx, key)
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
