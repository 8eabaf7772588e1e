// Package httpauth protects net/http handlers with tokens, and serves the keys.
//
//	protect, err := httpauth.New(bearer.Config{Verifier: verifier})
//	mux.Handle("GET /reports", protect(reports))
//
// A request passes with a good token in Authorization; the handler finds its
// claims with tokenauth.ClaimsFrom(r.Context()). Package bearer says what the
// others are answered. fiberauth is the same for Fiber.
package httpauth

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/bearer"
)

// New gives the middleware.
func New(cfg bearer.Config) (func(http.Handler) http.Handler, error) {
	guard, err := bearer.New(cfg)
	if err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			claims, problem := guard.Check(r.Header.Values("Authorization"))
			if problem != nil {
				problem.Header(w.Header().Set)
				w.WriteHeader(problem.Status)
				_, _ = w.Write(problem.Body()) //nolint:gosec // G705: constant sentences as JSON; the client may be gone
				return
			}
			next.ServeHTTP(w, r.WithContext(tokenauth.NewContext(r.Context(), claims)))
		})
	}, nil
}

// DefaultMaxAge is how long others may keep a JWKS.
const DefaultMaxAge = 5 * time.Minute

// JWKSConfig says what a JWKS handler serves.
type JWKSConfig struct {
	// Keys whose public halves are served. Required.
	Keys tokenauth.KeySet
	// MaxAge is what Cache-Control allows: 5 min by default, whole seconds. A
	// key must be in the set for longer than this before it signs, so that
	// nobody meets a token of a key that he could not know: with DerivedKeys it
	// must be shorter than the period.
	MaxAge time.Duration
	// Now is the clock; time.Now by default. It decides which keys are shown.
	Now func() time.Time
}

// JWKS gives the handler for /.well-known/jwks.json.
func JWKS(cfg JWKSConfig) (http.Handler, error) {
	if cfg.MaxAge == 0 {
		cfg.MaxAge = DefaultMaxAge
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Keys == nil {
		return nil, errors.New("JWKS handler has no keys: set JWKSConfig.Keys")
	}
	if cfg.MaxAge < time.Second {
		return nil, errors.New("JWKS handler: JWKSConfig.MaxAge must be at least 1s")
	}
	cacheControl := "public, max-age=" + strconv.FormatInt(int64(cfg.MaxAge/time.Second), 10)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		body, err := tokenauth.JWKS(cfg.Keys, cfg.Now())
		if err != nil {
			http.Error(w, "The keys can't be written.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", cacheControl)
		_, _ = w.Write(body) // the client may be gone
	}), nil
}
