// Package server is the dashboard's HTTP server.
//
//	/healthz   this process alone           no Host check, so probes may use any name
//	/api/*     guard -> proxy               the commander, /api stripped
//	/*         guard -> the app             or the placeholder, 503, while not built
//
// A stop first ends the open event streams, which would otherwise never end by
// themselves, then waits for the short requests.
package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/dashboard/config"
	"github.com/mission-control-dev/mission-control/dashboard/internal/guard"
	"github.com/mission-control-dev/mission-control/dashboard/internal/proxy"
	"github.com/mission-control-dev/mission-control/dashboard/internal/webapp"
)

// App is what the server shows to people.
type App struct {
	// Files is the built app; nil while it is not built.
	Files fs.FS
	// Placeholder is the page that stands in for a missing app.
	Placeholder []byte
}

// Server serves the app and passes /api on. Make it with New.
type Server struct {
	cfg   config.Config
	log   *zap.Logger
	proxy *proxy.Proxy
	http  *http.Server

	endStreams context.CancelFunc

	mu       sync.Mutex
	listener net.Listener
	stopped  bool
	served   chan struct{}
	failed   chan error
}

// New prepares the server without listening.
func New(cfg config.Config, app App, log *zap.Logger) (*Server, error) {
	pages, state := webapp.Placeholder(app.Placeholder), appMissing
	if app.Files != nil {
		handler, err := webapp.New(app.Files)
		if err != nil {
			return nil, err
		}
		pages, state = handler, appBuilt
	} else {
		log.Warn("the web app is not built into this binary: every page answers 503; run ./task build")
	}
	streams, endStreams := context.WithCancel(context.Background())
	s := &Server{
		cfg:        cfg,
		log:        log,
		proxy:      proxy.New(proxy.Config{Commander: cfg.CommanderURL, APIKey: cfg.APIKey}, log),
		endStreams: endStreams,
		served:     make(chan struct{}),
		failed:     make(chan error, 1),
	}
	g := guard.New(cfg.AllowedHosts)
	mux := http.NewServeMux()
	mux.Handle("/healthz", healthz(state))
	api := g.Wrap(endWith(streams, http.StripPrefix("/api", s.proxy)))
	mux.Handle("/api", api)
	mux.Handle("/api/", api)
	mux.Handle("/", g.Wrap(pages))
	s.http = &http.Server{
		Handler:           secured(mux),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          zap.NewStdLog(log),
	}
	return s, nil
}

// Start listens and returns. A taken address is an error that names the setting. Safe to call twice.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil || s.stopped {
		return nil
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen on DASHBOARD_ADDR %s: %w", s.cfg.Addr, err)
	}
	s.listener = listener
	s.log.Info("dashboard listens", zap.String("addr", listener.Addr().String()), zap.String("commander", s.cfg.CommanderURL.Redacted()))
	go func() {
		defer close(s.served)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve on %s: %w", listener.Addr(), err)
		}
	}()
	return nil
}

// Addr is the address in use after Start; empty before.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Failed carries the error that ended serving, if one did without Stop.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop ends the event streams at once, waits for other requests until ctx is done,
// then cuts what is left. Safe to call twice, and before Start.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	started := s.listener != nil
	s.stopped = true
	s.mu.Unlock()

	s.endStreams()
	defer s.proxy.Close()
	if !started {
		return nil
	}
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("wait for open requests: %w", err), s.http.Close())
	}
	<-s.served
	return err
}
