package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/apidocs"
	"github.com/mission-control-dev/mission-control/commander/internal/events"
	"github.com/mission-control-dev/mission-control/contracts"
)

const (
	// requestLimit bounds the work for one request; an event stream is not bounded.
	requestLimit = 10 * time.Second
	// batchLimit is the bound for a batch, which may have 16 MiB.
	batchLimit = 45 * time.Second
	// setAsideLimit is the bound for calls that look through queues of 100,000 messages.
	setAsideLimit = 60 * time.Second
	// readLimit is how long a request may take to arrive, idleLimit how long a connection may wait for the next one.
	readLimit = 30 * time.Second
	idleLimit = 75 * time.Second
	// writeLimit is how long a client may take to read an answer. Streams set deadlines of their own.
	writeLimit = 30 * time.Second
	// headLimit is how large a request's head may be.
	headLimit = 16 << 10
)

// Server serves the HTTP interface.
type Server struct {
	cfg    Config
	deps   Deps
	log    *zap.Logger
	hosts  hosts
	keys   keys
	app    *fiber.App
	hub    *events.Hub
	docs   apidocs.Page
	public map[string]bool // paths that need no API key
	// exports are those that are under way.
	exports exports

	base    context.Context //nolint:containedctx // of all requests; ends when Stop has waited enough
	abort   context.CancelFunc
	serving atomic.Bool
	served  sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	stopped  bool
}

// New returns a server. It fails where the config lacks the enrolment key.
func New(cfg Config, deps Deps) (*Server, error) {
	if cfg.EnrollmentKey == "" {
		return nil, errors.New("no enrolment key: set COMMANDER_ENROLLMENT_KEY or COMMANDER_ENROLLMENT_KEY_FILE")
	}
	s := &Server{
		cfg: cfg, deps: deps, log: deps.Logger.Named("http"),
		hosts: newHosts(cfg.Addr, cfg.AllowedHosts), keys: newKeys(cfg.APIKey, cfg.EnrollmentKey),
		public: map[string]bool{},
	}
	docs, err := apidocs.Render(contracts.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("make the page of the contract: %w", err)
	}
	s.docs = docs
	s.base, s.abort = context.WithCancel(context.Background())
	s.hub = events.New(cfg.Streams, events.Deps{
		Log: deps.Store, Loader: deps.Store, Memory: deps.Recall, Reports: deps.Store, Topics: s.topics(), Observer: deps.Metrics,
		Logger: deps.Logger,
	})
	s.app = fiber.New(fiber.Config{
		DisableStartupMessage: true,
		CaseSensitive:         true,
		StrictRouting:         true,
		ReadTimeout:           readLimit,
		WriteTimeout:          writeLimit,
		IdleTimeout:           idleLimit,
		ReadBufferSize:        headLimit,
		// More than any route takes: a refused body is still read, so that its sender sees the refusal, and the connection
		// stays. A larger one is refused, too, and ends the connection.
		BodyLimit:    contracts.MaxBatchBodySize + contracts.MaxBodySize,
		ErrorHandler: s.refuse,
	})
	s.app.Use(s.around)
	for _, r := range s.routes() {
		s.public[r.path] = s.public[r.path] || r.access == forEverybody || r.access == forSoldiers
		s.app.Add(r.method, r.path, s.serve(r))
		if r.method == fiber.MethodGet {
			s.app.Add(fiber.MethodHead, r.path, s.serve(r))
		}
	}
	return s, nil
}

// Start listens, and serves in the background.
func (s *Server) Start(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil || s.stopped {
		return nil
	}
	ln := s.cfg.Listener
	if ln == nil {
		var err error
		if ln, err = net.Listen("tcp", s.cfg.Addr); err != nil {
			return fmt.Errorf("listen for HTTP (COMMANDER_ADDR): %w", err)
		}
	}
	s.listener = ln
	if err := s.hub.Start(s.base); err != nil {
		return fmt.Errorf("start event streams: %w", err)
	}
	s.serving.Store(true)
	s.served.Go(func() {
		err := s.app.Listener(lingering{ln})
		s.serving.Store(false)
		if err != nil && s.base.Err() == nil && !s.isStopped() {
			s.log.Error("http is served no more", zap.Error(err))
		}
	})
	s.log.Info("http is served", zap.String("address", ln.Addr().String()))
	return nil
}

// Addr returns where it listens, nil before Start.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// Serving tells whether requests are being taken.
func (s *Server) Serving() bool { return s.serving.Load() }

// Stop ends the event streams, takes no more connections, and waits for the requests under way until ctx ends; then it
// aborts them.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	first := !s.stopped
	s.stopped = true
	ln := s.listener
	s.mu.Unlock()
	s.exports.stop()
	err := s.hub.Stop(ctx)
	if ln == nil {
		s.abort()
		return err
	}
	if first {
		err = errors.Join(err, s.app.ShutdownWithContext(ctx))
		_ = ln.Close() // for a server that had not begun to serve yet; else it is closed already
	}
	s.abort()
	idle := make(chan struct{})
	go func() { s.served.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
		err = errors.Join(err, ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("stop http: %w", err)
	}
	return nil
}

func (s *Server) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}
