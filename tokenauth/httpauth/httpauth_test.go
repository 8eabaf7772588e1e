package httpauth_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/bearer"
	"github.com/mission-control-dev/mission-control/tokenauth/bearer/bearertest"
	"github.com/mission-control-dev/mission-control/tokenauth/httpauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMiddleware(t *testing.T) {
	bearertest.Run(t, func(t *testing.T, cfg bearer.Config, handle func(context.Context) string) string {
		protect, err := httpauth.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, handle(r.Context()))
		})))
		t.Cleanup(server.Close)
		return server.URL
	})
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := httpauth.New(bearer.Config{}); err == nil {
		t.Error("made a middleware without a verifier")
	}
	keys := tokenauthtest.Keys(t)
	for name, cfg := range map[string]httpauth.JWKSConfig{
		"no keys":        {},
		"part of second": {Keys: keys, MaxAge: time.Millisecond},
		"negative":       {Keys: keys, MaxAge: -time.Minute},
	} {
		if _, err := httpauth.JWKS(cfg); err == nil {
			t.Errorf("%s: made a JWKS handler", name)
		}
	}
}

func TestJWKS(t *testing.T) {
	keys := tokenauthtest.Keys(t)
	for _, c := range []struct {
		maxAge time.Duration
		want   string
	}{{0, "public, max-age=300"}, {90 * time.Second, "public, max-age=90"}} {
		handler, err := httpauth.JWKS(httpauth.JWKSConfig{Keys: keys, MaxAge: c.maxAge, Now: tokenauthtest.Start})
		if err != nil {
			t.Fatal(err)
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		if got := recorder.Header().Get("Cache-Control"); got != c.want {
			t.Errorf("Cache-Control %q, want %q", got, c.want)
		}
		if got := recorder.Header().Get("Content-Type"); got != "application/jwk-set+json" {
			t.Errorf("Content-Type %q", got)
		}
		parsed, err := tokenauth.ParseJWKS(recorder.Body.Bytes())
		if err != nil || len(parsed) != len(keys.Accepted(tokenauthtest.Start())) {
			t.Errorf("serves %v, %v", parsed, err)
		}
	}
}

// broken hands out a key that is none.
type broken struct{ tokenauth.KeySet }

func (broken) Accepted(time.Time) []tokenauth.Key { return []tokenauth.Key{{ID: "short"}} }

func TestJWKSOfABrokenKey(t *testing.T) {
	handler, err := httpauth.JWKS(httpauth.JWKSConfig{Keys: broken{}})
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if recorder.Code != http.StatusInternalServerError || recorder.Header().Get("Cache-Control") != "" {
		t.Errorf("answered %d, to be kept by %q", recorder.Code, recorder.Header().Get("Cache-Control"))
	}
}
