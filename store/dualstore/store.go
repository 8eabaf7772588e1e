package dualstore

import (
	"context"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Store is a store.Store whose reads go on while its primary is away.
type Store struct {
	cfg     Config
	primary store.Store
	twin    *twin
	breaker *breaker
	// gathering is for reads of single missions.
	gathering gathering

	running sync.WaitGroup
	// probing has an item while the primary is being probed.
	probing chan struct{}

	mu      sync.Mutex
	cancel  context.CancelFunc
	stopped bool
	// epoch is the one that was settled last; empty before the first.
	epoch string
	// offset is the primary's clock minus this one's.
	offset time.Duration
	// agreed is when the twin last had all that the primary had.
	agreed   contracts.Time
	counts   remembered[store.Counts]
	squads   remembered[store.SquadCounts]
	sessions remembered[[]store.Session]
	// documents are the last lists of collections.
	documents map[string]remembered[[]store.Document]
}

var _ store.Store = (*Store)(nil)

// remembered is an answer of the primary, and when it was given; at is zero before the first.
type remembered[T any] struct {
	value T
	at    contracts.Time
}

// New returns a Store. It fails only where the Config is wrong. Until Start the twin knows what goes through this Store
// and nothing else, and an absent primary is not looked for.
func New(cfg Config) (*Store, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, primary: cfg.Primary, twin: newTwin(cfg), breaker: newBreaker(cfg.Logger), probing: make(chan struct{}, 1)}
	s.gathering.load = s.loadShared
	return s, nil
}

// Start begins to follow the primary and to fill the memory, in the background.
func (s *Store) Start(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.cancel != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.running.Go(func() { s.pulse(ctx) })
	s.running.Go(func() { s.follow(ctx) })
	return nil
}

// Stop ends what Start began, and waits for it.
func (s *Store) Stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopped = true
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// now is the primary's clock, as far as it is known.
func (s *Store) now() contracts.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nowLocked()
}

func (s *Store) nowLocked() contracts.Time { return contracts.At(time.Now().Add(s.offset)) }

// source says that an answer is the twin's.
func (s *Store) source() store.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return store.Source{Degraded: true, AsOf: s.agreed}
}
