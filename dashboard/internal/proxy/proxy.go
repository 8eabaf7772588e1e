// Package proxy passes API calls on to the commander.
//
// It adds the API key, which the browser never sees, and takes off what concerns
// the browser alone (Origin, cookies). Answers go through unbuffered, so an event
// stream arrives as it is sent; a client that leaves ends its upstream request.
// The commander may be away at any time: that is 502 commander_unreachable here,
// logged when it begins and when it ends and not for each request between.
package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/dashboard/internal/problem"
)

const (
	dialTimeout = 3 * time.Second
	// The commander answers its slowest call (about what is set aside) within 60 s.
	headerTimeout = 70 * time.Second
)

// Config says where requests go.
type Config struct {
	// Commander is the base address; a path in it is put before the request's.
	Commander *url.URL
	// APIKey is sent as Bearer in place of whatever the client sent; empty leaves the client's own.
	APIKey string
}

// Proxy is the handler for the API. Requests reach it with /api stripped.
type Proxy struct {
	reverse   *httputil.ReverseProxy
	transport *http.Transport
	log       *zap.Logger
	away      atomic.Bool
}

// New makes a proxy; Close frees its idle connections.
func New(cfg Config, log *zap.Logger) *Proxy {
	p := &Proxy{log: log}
	p.transport = &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: headerTimeout,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       90 * time.Second,
		DisableCompression:    true, // what the browser accepts is the browser's to say
	}
	p.reverse = &httputil.ReverseProxy{
		Transport:     p.transport,
		FlushInterval: -1,
		ErrorLog:      zap.NewStdLog(log),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(cfg.Commander) // also makes the upstream's own name the Host
			r.Out.Header.Del("Origin")
			r.Out.Header.Del("Cookie")
			if cfg.APIKey != "" {
				r.Out.Header.Set("Authorization", "Bearer "+cfg.APIKey)
			}
		},
		ModifyResponse: func(*http.Response) error {
			if p.away.CompareAndSwap(true, false) {
				log.Info("commander answers again")
			}
			return nil
		},
		ErrorHandler: p.failed,
	}
	return p
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.reverse.ServeHTTP(w, r) }

// Close frees idle connections to the commander; it disturbs no request.
func (p *Proxy) Close() { p.transport.CloseIdleConnections() }

func (p *Proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the client left, or the server stops: nobody waits for an answer
	}
	if p.away.CompareAndSwap(false, true) {
		p.log.Warn("commander is unreachable", zap.Error(err))
	}
	w.Header().Set("Retry-After", "2")
	problem.Write(w, problem.Problem{
		Status: http.StatusBadGateway,
		Code:   problem.CodeCommanderUnreachable,
		Detail: "The dashboard can't reach the commander. Check that it runs and that DASHBOARD_COMMANDER_URL is its address; the dashboard tries again by itself.",
	})
}
