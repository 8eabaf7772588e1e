// Package proxy passes API calls on to a commander.
//
// It adds the API key, which the browser never sees, and takes off what concerns
// the browser alone (Origin, cookies). Answers go through unbuffered, so an event
// stream arrives as it is sent; a client that leaves ends its upstream request.
// There may be several commanders; which one a call goes to is in commanders.go.
// All of them may be away at any time: that is 502 commander_unreachable here.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
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
	// Commanders are the base addresses, one at least; a path in one is put before the request's.
	Commanders []*url.URL
	// APIKey is sent as Bearer in place of whatever the client sent; empty leaves the client's own.
	APIKey string
}

// Proxy is the handler for the API. Requests reach it with /api stripped.
type Proxy struct {
	reverse    *httputil.ReverseProxy
	transport  *http.Transport
	commanders int
}

// New makes a proxy; Close frees its idle connections.
func New(cfg Config, log *zap.Logger) *Proxy {
	p := &Proxy{commanders: len(cfg.Commanders)}
	p.transport = &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: headerTimeout,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       90 * time.Second,
		DisableCompression:    true, // what the browser accepts is the browser's to say
	}
	p.reverse = &httputil.ReverseProxy{
		Transport:     newCommanders(cfg.Commanders, p.transport, log),
		FlushInterval: -1,
		ErrorLog:      zap.NewStdLog(log),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.Header.Del("Origin")
			r.Out.Header.Del("Cookie")
			if cfg.APIKey != "" {
				r.Out.Header.Set("Authorization", "Bearer "+cfg.APIKey)
			}
		},
		ModifyResponse: newCompressor().modify,
		ErrorHandler:   p.failed,
	}
	return p
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.reverse.ServeHTTP(w, r) }

// Close frees idle connections to the commanders; it disturbs no request.
func (p *Proxy) Close() { p.transport.CloseIdleConnections() }

func (p *Proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the client left, or the server stops: nobody waits for an answer
	}
	if errors.Is(err, errBody) {
		problem.Write(w, problem.Problem{
			Status: http.StatusBadRequest,
			Code:   problem.CodeBadRequest,
			Detail: "The request's body could not be read to its end. Send it again, whole.",
		})
		return
	}
	detail := "The dashboard can't reach the commander. Check that it runs and that DASHBOARD_COMMANDER_URL is its address; the dashboard tries again by itself."
	switch {
	case errors.Is(err, errMaybeTaken):
		detail = "The commander broke off before it answered, and may have done what it was asked. Look whether it did before you send it again."
	case p.commanders > 1:
		detail = fmt.Sprintf("The dashboard can't reach any of the %d commanders. Check that they run and that DASHBOARD_COMMANDER_URL holds their addresses; the dashboard tries again by itself.", p.commanders)
	}
	w.Header().Set("Retry-After", "2")
	problem.Write(w, problem.Problem{
		Status: http.StatusBadGateway,
		Code:   problem.CodeCommanderUnreachable,
		Detail: detail,
	})
}
