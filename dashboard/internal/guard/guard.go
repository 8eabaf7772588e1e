// Package guard refuses requests that a foreign page could have caused.
//
// The server adds the commander's key to what it passes on, so whoever can make
// a browser talk to it can order missions. Two checks stand against that:
//
//	Host    must be a known name    a page whose name was re-bound to our address fails
//	Origin  of a write must be too  a form or script of another site fails
//
// A write without an Origin comes from no browser page (curl, scripts) and passes.
package guard

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/mission-control-dev/mission-control/dashboard/internal/problem"
)

// Guard knows the names under which the server may be addressed, each with any port.
type Guard struct {
	allowed map[string]struct{}
}

// New allows localhost, 127.0.0.1 and ::1, and the names in extra (lower case, no ports).
func New(extra []string) *Guard {
	allowed := map[string]struct{}{"localhost": {}, "127.0.0.1": {}, "::1": {}}
	for _, host := range extra {
		allowed[host] = struct{}{}
	}
	return &Guard{allowed: allowed}
}

// Wrap answers 403 for a foreign Host, and for a write with a foreign Origin.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.allows(r.Host) {
			problem.Write(w, problem.Problem{
				Status: http.StatusForbidden,
				Code:   problem.CodeHostNotAllowed,
				Detail: "This dashboard does not answer to that host name. Use localhost, or add the name to DASHBOARD_ALLOWED_HOSTS.",
			})
			return
		}
		if isWrite(r.Method) && !g.allowsOrigin(r.Header.Values("Origin")) {
			problem.Write(w, problem.Problem{
				Status: http.StatusForbidden,
				Code:   problem.CodeOriginNotAllowed,
				Detail: "Writes are accepted from the dashboard's own pages only. If this is one of them, add its host name to DASHBOARD_ALLOWED_HOSTS.",
			})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isWrite(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}

func (g *Guard) allowsOrigin(origins []string) bool {
	for _, origin := range origins {
		u, err := url.Parse(origin) // "null" has no host and is refused
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !g.allows(u.Host) {
			return false
		}
	}
	return true
}

func (g *Guard) allows(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	_, ok := g.allowed[strings.ToLower(host)]
	return ok
}
