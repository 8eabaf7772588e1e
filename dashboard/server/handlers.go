package server

import (
	"context"
	"net/http"
	"strings"
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

// contentSecurityPolicy lets the page load from this server alone. Styles may be
// inline because the component library sets its theme that way; scripts may not.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		next.ServeHTTP(w, r)
	})
}

// endWith ends event streams when ctx does; other requests may finish.
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
	return r.URL.Path == "/api/events" || strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}
