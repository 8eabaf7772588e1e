// Package server is the dashboard's HTTP server.
//
//	/healthz   this process alone           no Host check, so probes may use any name
//	/api/*     guard -> proxy               the commander, /api stripped; reads only where read-only
//	/*         guard -> the app             or the placeholder, 503, while not built
//
// With a base path all of them are under it, /healthz also beside it; what else
// is outside leads to it or is 404.
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
	"strings"
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
	// Version is told to the app; empty where nobody knows.
	Version string
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

// New prepares the server without listening. cfg is as config.Load makes it.
func New(cfg config.Config, app App, log *zap.Logger) (*Server, error) {
	pages, state := webapp.Placeholder(app.Placeholder), appMissing
	if app.Files != nil {
		handler, err := webapp.New(app.Files, webapp.Config{
			Settings: webapp.Settings{BasePath: cfg.BasePath, Title: cfg.Title, ReadOnly: cfg.ReadOnly, Version: app.Version},
			Policy:   policy,
		})
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
		proxy:      proxy.New(proxy.Config{Commanders: cfg.CommanderURLs, APIKey: cfg.APIKey}, log),
		endStreams: endStreams,
		served:     make(chan struct{}),
		failed:     make(chan error, 1),
	}
	g := guard.New(cfg.AllowedHosts)
	root := strings.TrimSuffix(cfg.BasePath, "/")
	api := endWith(streams, s.proxy)
	if cfg.ReadOnly {
		api = refuseWrites(api)
	}
	api = g.Wrap(http.StripPrefix(root+"/api", api))
	mux := http.NewServeMux()
	mux.Handle("/healthz", healthz(state))
	mux.Handle(root+"/api", api)
	mux.Handle(root+"/api/", api)
	mux.Handle(cfg.BasePath, g.Wrap(http.StripPrefix(root, pages)))
	if root != "" {
		mux.Handle(root+"/healthz", healthz(state))
		mux.Handle(root, g.Wrap(elsewhere(cfg.BasePath)))
		mux.Handle("/", g.Wrap(elsewhere(cfg.BasePath)))
	}
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
	s.log.Info("dashboard listens", zap.String("addr", listener.Addr().String()), zap.String("path", s.cfg.BasePath), zap.Stringers("commanders", s.cfg.CommanderURLs))
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
