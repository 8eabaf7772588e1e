package shardstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Config of a Store.
type Config struct {
	// Shards are the shards, 1 to MaxShards, always the same ones in the same order: a mission's id names its shard by
	// number. Their event ids must be two numbers, n-ms: which one of the shard's it is, and when, by the shard's clock, as redisstore's are, and memstore's with
	// EventTimes. They are not started or stopped by the Store.
	Shards []store.Store
}

// Store is a store.Store over shards.
type Store struct {
	shards []store.Store
	turns  atomic.Uint64
	waits  *waits

	// settling is held while the shards are asked for their epochs.
	settling sync.Mutex
	epochs   []store.Epoch
}

var (
	_ store.Store  = (*Store)(nil)
	_ store.Placer = (*Store)(nil)
)

// New returns a Store. It fails only where the Config is wrong.
func New(cfg Config) (*Store, error) {
	if n := len(cfg.Shards); n < 1 || n > MaxShards {
		return nil, fmt.Errorf("shardstore: Config.Shards are %d, must be 1 to %d", n, MaxShards)
	}
	s := &Store{shards: cfg.Shards, waits: newWaits(cfg.Shards), epochs: make([]store.Epoch, len(cfg.Shards))}
	s.turns.Store(rand.Uint64N(MaxShards)) // so that commanders which start together begin at several shards
	return s, nil
}

// Stop ends what waits for events, and waits for that. ReadEvents is ErrUnavailable after it.
func (s *Store) Stop(ctx context.Context) error { return s.waits.stop(ctx) }

// each asks all shards at the same time.
func (s *Store) each(ask func(shard int) error) error {
	return s.some(func(int) bool { return true }, ask)
}

// some asks those shards that are wanted at the same time, and returns when all have answered. What fails in one leaves the
// others alone: its error is returned with its number, and those of others beside it.
func (s *Store) some(wanted func(shard int) bool, ask func(shard int) error) error {
	errs := make([]error, len(s.shards))
	var asked []int
	for i := range s.shards {
		if wanted(i) {
			asked = append(asked, i)
		}
	}
	try := func(i int) {
		if err := ask(i); err != nil {
			errs[i] = fmt.Errorf("shard %d: %w", i, err)
		}
	}
	var others sync.WaitGroup
	for at, i := range asked {
		if at == len(asked)-1 {
			try(i)
		} else {
			others.Go(func() { try(i) })
		}
	}
	others.Wait()
	return errors.Join(errs...)
}

// merge makes one source of two: what comes from both is as old as the older.
func merge(a, b store.Source) store.Source {
	switch {
	case !b.Degraded:
		return a
	case !a.Degraded:
		return b
	case b.AsOf.Before(a.AsOf.Time):
		return b
	default:
		return a
	}
}

// missionOf is a change's.
func missionOf(c store.Change) string { return c.Record.Mission.MissionID }

func idOf(m contracts.Mission) string { return m.MissionID }
