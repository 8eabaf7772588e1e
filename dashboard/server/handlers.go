package server

import (
	"context"
	"net/http"
	"strings"

	"github.com/mission-control-dev/mission-control/dashboard/internal/problem"
)

type appState string

const (
	appBuilt   appState = "built"
	appMissing appState = "missing"
)

// healthz tells whether this process can show the dashboard; the commander's
// health is /api/health and not mixed in, lest a probe restart the wrong part.
func healthz(state appState) http.Handler {
	status, body := http.StatusOK, `{"status":"ok","app":"built"}`+"\n"
	if state == appMissing {
		status, body = http.StatusServiceUnavailable, `{"status":"down","app":"missing"}`+"\n"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the probe may be gone
	})
}

// policy is the Content-Security-Policy: all from this server alone, scripts as
// files only, styles as files and as elements with the nonce of the page that they
// are in. Style attributes are refused too; scripts set styles by properties, which
// are not attributes. Without a nonce it is that of all answers which are no page of the app.
func policy(styleNonce string) string {
	styles := "'self'"
	if styleNonce != "" {
		styles += " 'nonce-" + styleNonce + "'"
	}
	return "default-src 'none'; script-src 'self'; style-src " + styles + "; " +
		"img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

func secured(next http.Handler) http.Handler {
	plain := policy("")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", plain)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		// This server speaks http; whoever ends TLS before it says so. Browsers take the
		// header over https only, so a client that lies about it changes nothing.
		if outermost, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ","); strings.EqualFold(outermost, "https") {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// refuseWrites lets through what changes nothing, and 403 for all else. Paths are the commander's.
func refuseWrites(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet, r.Method == http.MethodHead, r.Method == http.MethodOptions,
			r.Method == http.MethodPost && r.URL.Path == "/bulk/preview": // counts, and changes none
			next.ServeHTTP(w, r)
		default:
			problem.Write(w, problem.Problem{
				Status: http.StatusForbidden,
				Code:   problem.CodeReadOnly,
				Detail: "This dashboard is read-only (DASHBOARD_READ_ONLY). Use one that is not, or missionctl.",
			})
		}
	})
}

// elsewhere answers paths outside the base path: the root and the base path without its
// slash lead into it, all else is nothing of ours.
func elsewhere(basePath string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" || r.URL.Path+"/" == basePath {
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, basePath, http.StatusFound) // not for ever: the setting may change
			return
		}
		problem.Write(w, problem.Problem{
			Status: http.StatusNotFound,
			Code:   problem.CodeNotFound,
			Detail: "The dashboard is served under " + basePath + " (DASHBOARD_BASE_PATH), its API under " + basePath + "api.",
		})
	})
}

// endWith ends event streams when ctx does; other requests may finish. Paths are the commander's.
func endWith(ctx context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isStream(r) {
			next.ServeHTTP(w, r)
			return
		}
		both, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		next.ServeHTTP(w, r.WithContext(both))
	})
}

func isStream(r *http.Request) bool {
	return r.URL.Path == "/events" || strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}
