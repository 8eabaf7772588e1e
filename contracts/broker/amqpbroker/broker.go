package amqpbroker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// Broker is a broker.Broker on RabbitMQ.
type Broker struct {
	cfg        Config
	publishing *keeper
	consuming  *keeper
	publisher  atomic.Pointer[publisher] // nil without a publishing session
	blocked    atomic.Pointer[string]    // the broker's reason, nil when it does not block
	serial     atomic.Uint64             // counts messages, for their correlation ids
	hooks      *hooks

	closing       context.Context // ends, with ErrClosed as its cause, when Close is called
	close         context.CancelCauseFunc
	disconnecting context.Context // ends when the connections are to be closed
	disconnect    context.CancelFunc
	farewell      context.Context // ends when Close has no more patience with the broker
	cut           context.CancelFunc
	closed        chan struct{}

	keepers   sync.WaitGroup
	consumers sync.WaitGroup // Consume calls
	running   sync.WaitGroup // all goroutines that spawn made, and the sessions' watchers

	mu            sync.Mutex
	started       bool
	ended         bool // Close was called: nothing may enter
	sealed        bool // running is being waited for: nothing may spawn
	subscriptions map[*subscription]struct{}
	leases        map[*lease]struct{}
	// lacking has the queues that lack their limit of deliveries, with what to do about each.
	lacking map[string]string
}

var _ broker.Broker = (*Broker)(nil)

// New checks the settings. Nothing is connected before Start.
func New(cfg Config) (*Broker, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	b := &Broker{
		cfg:           cfg,
		publishing:    newKeeper(publishing, cfg),
		consuming:     newKeeper(consuming, cfg),
		closed:        make(chan struct{}),
		subscriptions: make(map[*subscription]struct{}),
		leases:        make(map[*lease]struct{}),
		lacking:       make(map[string]string),
	}
	b.closing, b.close = context.WithCancelCause(context.Background())
	b.disconnecting, b.disconnect = context.WithCancel(context.Background())
	b.farewell, b.cut = context.WithCancel(context.Background())
	b.hooks = newHooks(b)
	b.publishing.connect = b.connectPublisher
	b.consuming.connect = func(ctx context.Context) (*session, error) {
		return b.connect(ctx, consuming, func(string) {})
	}
	b.publishing.told = func() {
		if s, _ := b.publishing.now(); s == nil {
			b.publisher.Store(nil)
			b.blocked.Store(nil)
		} else {
			b.consuming.hasten()
		}
		b.hooks.look()
	}
	b.consuming.told = func() {
		if s, _ := b.consuming.now(); s != nil {
			b.publishing.hasten()
		}
		b.hooks.look()
	}
	return b, nil
}

// Start begins to connect and returns at once; it goes on, whatever becomes of ctx, until Close. ErrClosed after that.
func (b *Broker) Start(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return broker.ErrClosed
	}
	if b.started {
		return nil
	}
	b.started = true
	b.keepers.Go(func() { b.publishing.run(b.disconnecting, b.farewell) })
	b.keepers.Go(func() { b.consuming.run(b.disconnecting, b.farewell) })
	b.running.Go(b.hooks.run)
	return nil
}

// Close ends subscriptions, sends the acks that were given before it, and closes the connections. Until ctx ends it
// waits for Handle calls that still run (so none of them may call it) and for the broker to have read the acks; then it
// cuts the connections and returns ctx's error. No goroutine of the Broker is left but Consume calls whose Handle does
// not return. It may be called more than once.
func (b *Broker) Close(ctx context.Context) error {
	b.mu.Lock()
	first := !b.ended
	b.ended = true
	b.mu.Unlock()
	if first {
		go b.shutDown()
	}
	stop := context.AfterFunc(ctx, b.cut)
	defer stop()
	<-b.closed
	if err := ctx.Err(); err != nil && b.farewell.Err() != nil {
		return fmt.Errorf("closing the broker: %w", err)
	}
	return nil
}

// shutDown is Close's work, done once: consumers first, then their acks, then the connections.
func (b *Broker) shutDown() {
	defer close(b.closed)
	b.close(broker.ErrClosed)
	b.untilCut(b.consumers.Wait)
	b.endLeases()
	b.disconnect()
	b.keepers.Wait()
	b.hooks.end()
	b.mu.Lock()
	b.sealed = true
	b.mu.Unlock()
	b.running.Wait()
}

// untilCut waits for wait to return, or for the end of Close's patience.
func (b *Broker) untilCut(wait func()) {
	done := make(chan struct{})
	go func() { wait(); close(done) }()
	select {
	case <-done:
	case <-b.farewell.Done():
	}
}

// enter counts a Consume call that Close must wait for; leave by consumers.Done.
func (b *Broker) enter() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return broker.ErrClosed
	}
	b.consumers.Add(1)
	return nil
}

// spawn runs f in a goroutine that Close waits for, or says that it is too late for that.
func (b *Broker) spawn(f func()) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sealed {
		return broker.ErrClosed
	}
	b.running.Go(f)
	return nil
}

// Health tells what is known without asking the broker. An inbox subscription is listed as "inbox".
func (b *Broker) Health() broker.Health {
	var h broker.Health
	publishing, publishErr := b.publishing.now()
	consuming, consumeErr := b.consuming.now()
	h.Connected = publishing != nil && consuming != nil
	h.Err = errors.Join(publishErr, consumeErr)
	if publishErr != nil && consumeErr != nil && publishErr.Error() == consumeErr.Error() {
		h.Err = publishErr
	}
	if reason := b.blocked.Load(); reason != nil {
		h.Blocked = *reason
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subscriptions {
		if !s.stands.Load() {
			h.Unsubscribed = append(h.Unsubscribed, s.name())
		}
	}
	slices.Sort(h.Unsubscribed)
	h.Warning = b.lackingWarning()
	return h
}
