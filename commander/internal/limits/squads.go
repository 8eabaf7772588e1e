package limits

import (
	"context"
	"errors"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func ofSquad(squad string) place {
	return place{store.SquadLimitsCollection, squad, store.SquadGate(squad)}
}

// Squad is the limit of a squad, and who stands at its gate.
type Squad struct {
	MaxRunning int
	store.Gate
}

// SetSquad says how many missions of a squad may run at once: ErrNotSupported. That the squad is there is the caller's matter.
func (k *Keeper) SetSquad(ctx context.Context, squad string, most int) error {
	return k.change(ctx, ofSquad(squad), k.put(contracts.Limit{MaxRunning: most}))
}

// RemoveSquad lets any number run again. Removing what is not set changes nothing.
func (k *Keeper) RemoveSquad(ctx context.Context, squad string) error {
	return k.change(ctx, ofSquad(squad), k.remove)
}

// Squads returns the limits of the squads that have one, by name. Nil where that can't be known now: the store is away.
func (k *Keeper) Squads(ctx context.Context) (map[string]Squad, error) {
	all, source, err := k.store.ListDocuments(ctx, store.SquadLimitsCollection)
	if source.Degraded || errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotInMemory) {
		return nil, nil //nolint:nilnil // as it says
	}
	if err != nil {
		return nil, fmt.Errorf("list limits of squads: %w", err)
	}
	names := make([]string, len(all))
	for i, d := range all {
		names[i] = store.SquadGate(d.Name)
	}
	gates, err := k.store.Gates(ctx, names...)
	if errors.Is(err, store.ErrUnavailable) {
		return nil, nil //nolint:nilnil // as it says
	}
	if err != nil {
		return nil, fmt.Errorf("count missions of squads: %w", err)
	}
	limits := make(map[string]Squad, len(all))
	for i, d := range all {
		limits[d.Name] = Squad{store.DecodeLimit(d.Body).MaxRunning, gates[i]}
	}
	return limits, nil
}

func (k *Keeper) whySquad(ctx context.Context, squad string) string {
	d, err := k.document(ctx, ofSquad(squad))
	switch {
	case err != nil:
		return ""
	case d.Version == 0:
		return fmt.Sprintf("waits for its squad %s: its limit was removed, and others came before it", squad)
	}
	return fmt.Sprintf("waits for its squad %s: limit %d reached", squad, store.DecodeLimit(d.Body).MaxRunning)
}
