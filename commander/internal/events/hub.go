package events

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/store"
)

// ErrStopped means that the hub stops, and takes no more clients.
var ErrStopped = errors.New("the event hub is stopping")

// Log is the store's log of changes: a store.Events.
type Log interface {
	ReadEvents(ctx context.Context, after string, limit int, wait time.Duration) ([]store.Event, error)
	LastEvent(ctx context.Context) (string, error)
}

// Loader reads missions, without what a frame does not show: a store.Missions.
type Loader interface {
	Peek(ctx context.Context, ids ...string) ([]store.Record, error)
}

// Memory returns what is remembered of a mission, which may be old, without payload and result. It must not block.
type Memory func(id string) (store.Record, bool)

// Observer counts streams. Its methods must not block.
type Observer interface {
	StreamOpened()
	StreamClosed()
	// StreamReset: a client missed something, and will be told to list again.
	StreamReset(reason string)
}

// Config of a Hub. Its zero value works.
type Config struct {
	// Heartbeat is the longest silence of a stream; 10 s by default.
	Heartbeat time.Duration
	// TopicEvery is the time between two looks at a topic; 1 s by default.
	TopicEvery time.Duration
	// QueueLength is how many frames wait for one client at most; 1024 by default.
	QueueLength int
	// WriteTimeout cuts a client off that reads nothing for so long; 15 s by default.
	WriteTimeout time.Duration
}

func (c Config) withDefaults() Config {
	if c.Heartbeat <= 0 {
		c.Heartbeat = 10 * time.Second
	}
	if c.TopicEvery <= 0 {
		c.TopicEvery = time.Second
	}
	if c.QueueLength <= 0 {
		c.QueueLength = 1024
	}
	if c.WriteTimeout <= 0 {
		c.WriteTimeout = 15 * time.Second
	}
	return c
}

const (
	// batch is how many events are read and loaded at once.
	batch = 500
	// readWait is how long one read of the log waits for an event.
	readWait = 5 * time.Second
	// callLimit bounds a call to the store that should not wait.
	callLimit = 2 * time.Second
	// remembering is how long a change of this process' own, of which the log told already, may take to be in its memory.
	remembering = time.Millisecond
	// retryFirst doubles up to retryMost between tries while the store is away.
	retryFirst = 100 * time.Millisecond
	retryMost  = 2 * time.Second
)

// Deps are what a Hub works with.
type Deps struct {
	Log    Log
	Loader Loader
	// Memory spares the Loader what this process changed itself. It may be nil.
	Memory Memory
	// Reports are told to streams of one mission. It may be nil.
	Reports Reports
	Topics  []Topic
	// Observer counts.
	Observer Observer
	Logger   *zap.Logger
}

// Hub follows the log and serves clients.
type Hub struct {
	cfg      Config
	log      Log
	loader   Loader
	memory   Memory
	reports  Reports
	observer Observer
	logger   *zap.Logger
	topics   []*topic

	mu sync.Mutex
	// position is the id up to which everything was handed to the clients; nothing is known before located.
	position string
	located  bool
	clients  map[*Stream]struct{}

	started bool
	done    chan struct{}   // closed when the hub stops
	ctx     context.Context //nolint:containedctx // of every call to the store; ends with the hub
	cancel  context.CancelFunc
	work    sync.WaitGroup
	streams sync.WaitGroup
}

// New returns a hub.
func New(cfg Config, d Deps) *Hub {
	h := &Hub{
		cfg: cfg.withDefaults(), log: d.Log, loader: d.Loader, memory: d.Memory, reports: d.Reports, observer: d.Observer, logger: d.Logger.Named("events"),
		clients: map[*Stream]struct{}{}, done: make(chan struct{}),
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	for _, t := range d.Topics {
		h.topics = append(h.topics, newTopic(t))
	}
	return h
}

// Start begins to follow the log. It returns at once.
func (h *Hub) Start(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.started || h.stopped() {
		return nil
	}
	h.started = true
	h.work.Go(func() { h.follow(h.ctx) })
	for _, t := range h.topics {
		h.work.Go(func() { h.look(h.ctx, t) })
	}
	return nil
}

// Stop ends all streams and waits until they have ended, or ctx has.
func (h *Hub) Stop(ctx context.Context) error {
	h.mu.Lock()
	if !h.stopped() {
		close(h.done)
		for s := range h.clients {
			s.hurry()
		}
	}
	h.cancel()
	h.mu.Unlock()
	idle := make(chan struct{})
	go func() { h.work.Wait(); h.streams.Wait(); close(idle) }()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("end event streams: %w", ctx.Err())
	}
}

func (h *Hub) stopped() bool {
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}
