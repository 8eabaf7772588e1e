package redisstore

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

// Store is a store.Store in Redis. Its methods may be called from many goroutines.
type Store struct {
	cfg     Config
	keys    keys
	scripts scripts
	link    *link
	turns   chan struct{}

	// epoch is the one that this Store works in, nil before Redis was first connected.
	epoch    atomic.Pointer[store.Epoch]
	told     *told
	settling sync.Mutex
}

var _ store.Store = (*Store)(nil)

// New returns a Store. It does not connect: Start does, and Redis may come later. It fails only where the Config is wrong.
func New(cfg Config) (*Store, error) {
	cfg, option, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	k := shardKeys(cfg.Shard)
	s := &Store{cfg: cfg, keys: k, scripts: newScripts(), turns: make(chan struct{}, inFlight), told: newTold()}
	s.link = newLink(option, s.prepare, cfg.Logger)
	return s, nil
}

// prepare looks at a Redis that was just connected for the first time.
func (s *Store) prepare(ctx context.Context, client rueidis.Client) error {
	if err := s.ensureLayout(ctx, client); err != nil {
		return err
	}
	_, err := s.settle(ctx, client)
	return err
}

// Start begins to connect, and returns at once. Before it, every call is ErrUnavailable.
func (s *Store) Start(context.Context) error {
	s.link.start()
	return nil
}

// Stop closes the connections and waits for that. After it, every call is ErrUnavailable.
func (s *Store) Stop(ctx context.Context) error { return s.link.close(ctx) }

// do runs fn with the client when its turn comes, within the caller's context and the Store's timeout.
func (s *Store) do(ctx context.Context, op string, fn func(context.Context, rueidis.Client) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-bounded.Done():
		return failure(ctx, op, bounded.Err())
	}
	return s.ask(ctx, bounded, op, fn)
}

// wait runs fn out of turn, with a connection of its own, since it may take longer than other calls: by extra.
func (s *Store) wait(ctx context.Context, op string, extra time.Duration, fn func(context.Context, rueidis.Client) error) error {
	bounded, cancel := context.WithTimeout(ctx, s.cfg.Timeout+extra)
	defer cancel()
	return s.ask(ctx, bounded, op, fn)
}

// ask runs fn within bounded, and says what its error means to a caller whose context is ctx.
func (s *Store) ask(ctx, bounded context.Context, op string, fn func(context.Context, rueidis.Client) error) error {
	client, err := s.link.get(bounded)
	if err != nil {
		return failure(ctx, op, err)
	}
	return failure(ctx, op, fn(bounded, client))
}

// run runs a guarded script and returns its answer as strings.
func (s *Store) run(ctx context.Context, op string, script *rueidis.Lua, keys, args []string) ([]string, error) {
	var reply []string
	err := s.do(ctx, op, func(ctx context.Context, client rueidis.Client) (err error) {
		keys, args := s.guarded(keys, args)
		reply, err = script.Exec(ctx, client, keys, args).AsStrSlice()
		return err
	})
	return reply, err
}

// exec is a function for do that runs a guarded script whose answer says nothing.
func (s *Store) exec(script *rueidis.Lua, keys, args []string) func(context.Context, rueidis.Client) error {
	return func(ctx context.Context, client rueidis.Client) error {
		keys, args := s.guarded(keys, args)
		return script.Exec(ctx, client, keys, args).Error()
	}
}
