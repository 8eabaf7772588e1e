package tokenauth_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

const jwksURL = "https://issuer.example/.well-known/jwks.json"

// issuerSite answers for a JWKS as a test wants, within the process, so that
// time may be synctest's. It is an http.RoundTripper.
type issuerSite struct {
	began time.Time

	mu      sync.Mutex
	keys    tokenauth.KeySet
	header  http.Header
	status  int
	body    []byte // nil: the JWKS of keys
	away    bool
	latency time.Duration
	asks    []time.Duration
	sought  []string // all addresses ever asked for
	flying  int
	most    int // requests at once
}

func newIssuerSite(keys tokenauth.KeySet) *issuerSite {
	return &issuerSite{began: time.Now(), keys: keys, status: http.StatusOK, header: http.Header{}}
}

func (s *issuerSite) client() *http.Client { return &http.Client{Transport: s} }

func (s *issuerSite) set(change func(*issuerSite)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// asked gives the times of all requests since it was last called.
func (s *issuerSite) asked() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	asks := s.asks
	s.asks = nil
	return asks
}

func (s *issuerSite) urls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sought)
}

func (s *issuerSite) atOnce() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

func (s *issuerSite) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.asks = append(s.asks, time.Since(s.began))
	s.sought = append(s.sought, r.URL.String())
	s.flying++
	s.most = max(s.most, s.flying)
	latency := s.latency
	s.mu.Unlock()
	defer s.set(func(s *issuerSite) { s.flying-- })
	select {
	case <-time.After(latency):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, errAway
	}
	body := s.body
	if body == nil {
		var err error
		if body, err = tokenauth.JWKS(s.keys, time.Now()); err != nil {
			return nil, err
		}
	}
	return &http.Response{
		StatusCode: s.status, Header: s.header.Clone(), Body: io.NopCloser(bytes.NewReader(body)), ContentLength: -1, Request: r,
	}, nil
}

// remote starts a key set of the site, without jitter.
func remote(t *testing.T, s *issuerSite, cfg tokenauth.RemoteConfig) *tokenauth.RemoteKeys {
	t.Helper()
	cfg.URL, cfg.Client = jwksURL, s.client()
	if cfg.Rand == nil {
		cfg.Rand = func() float64 { return 0 }
	}
	keys, err := tokenauth.NewRemoteKeys(cfg)
	if err != nil {
		t.Fatal(err)
	}
	startKeys(t, keys)
	return keys
}

func wantAsks(t *testing.T, s *issuerSite, want ...time.Duration) {
	t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, s.asked()); diff != "" {
		t.Errorf("asked at (-want +got):\n%s", diff)
	}
}

// The set is asked for again when its answer's age says so, within the bounds.
func TestRemoteKeysAge(t *testing.T) {
	header := func(lines ...string) http.Header {
		h := http.Header{}
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			h.Add(name, value)
		}
		return h
	}
	for _, c := range []struct {
		name   string
		header http.Header
		rand   float64
		want   time.Duration
	}{
		{"nothing said", nil, 0, 15 * time.Minute},
		{"said", header("Cache-Control: public, max-age=300"), 0, 5 * time.Minute},
		{"said in other case, quoted", header(`Cache-Control: Max-Age="300"`), 0, 5 * time.Minute},
		{"in a second line", header("Cache-Control: public", "Cache-Control: max-age=60"), 0, time.Minute},
		{"twice", header("Cache-Control: max-age=300, max-age=60"), 0, time.Minute},
		{"aged on its way", header("Cache-Control: max-age=300", "Age: 100"), 0, 200 * time.Second},
		{"too old on its way", header("Cache-Control: max-age=300", "Age: 400"), 0, 5 * time.Second},
		{"too short", header("Cache-Control: max-age=1"), 0, 5 * time.Second},
		{"none", header("Cache-Control: max-age=0"), 0, 5 * time.Second},
		{"too long", header("Cache-Control: max-age=31536000"), 0, 15 * time.Minute},
		{"longer than fits", header("Cache-Control: max-age=99999999999999999999999"), 0, 15 * time.Minute},
		{"unreadable", header("Cache-Control: max-age=soon"), 0, 5 * time.Second},
		{"negative", header("Cache-Control: max-age=-1"), 0, 5 * time.Second},
		{"no-store", header("Cache-Control: max-age=300, no-store"), 0, 5 * time.Second},
		{"no-cache", header("Cache-Control: no-cache"), 0, 5 * time.Second},
		{"shared caches are others", header("Cache-Control: s-maxage=10"), 0, 15 * time.Minute},
		{"jitter", header("Cache-Control: max-age=300"), 0.5, 285 * time.Second},
		{"jitter keeps the bound", header("Cache-Control: no-store"), 0.9, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				site := newIssuerSite(tokenauthtest.Keys(t))
				site.header = c.header
				remote(t, site, tokenauth.RemoteConfig{Rand: func() float64 { return c.rand }, OnError: func(err error) { t.Error(err) }})
				time.Sleep(2*c.want + time.Second)
				wantAsks(t, site, 0, c.want, 2*c.want)
			})
		})
	}
}

// While the URL fails, in whatever way, the last good set stays, and the
// failures are told; it does not stay for ever.
func TestRemoteKeysFail(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(*issuerSite)
		want string
	}{
		{"away", func(s *issuerSite) { s.away = true }, "away"},
		{"hangs", func(s *issuerSite) { s.latency = time.Hour }, "deadline"},
		{"500", func(s *issuerSite) { s.status = 500 }, "500, not 200"},
		{"204", func(s *issuerSite) { s.status, s.body = 204, []byte{} }, "204, not 200"},
		{"a page", func(s *issuerSite) { s.body = []byte("<html>") }, "no JSON"},
		{"an empty set", func(s *issuerSite) { s.body = []byte(`{"keys":[]}`) }, "no Ed25519 key"},
		{"too long", func(s *issuerSite) {
			s.body = []byte(`{"keys":[],"x":"` + strings.Repeat("x", tokenauth.MaxJWKSBytes) + `"}`)
		}, "more than 262144 bytes"},
		{"endless", func(s *issuerSite) { s.body = bytes.Repeat([]byte{' '}, 4*tokenauth.MaxJWKSBytes) }, "more than 262144 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				site := newIssuerSite(tokenauthtest.Keys(t))
				var told told
				keys := remote(t, site, tokenauth.RemoteConfig{OnError: told.hear, MaxStale: 20 * time.Minute})
				if err := keys.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				good := ids(keys.Accepted(time.Now()))
				verifier := newVerifier(t, keys)
				site.set(c.fail)
				time.Sleep(15*time.Minute + time.Second) // it was good until then
				for site.asked(); time.Since(site.began) < 20*time.Minute; time.Sleep(time.Second) {
					if diff := cmp.Diff(good, ids(keys.Accepted(time.Now()))); diff != "" {
						t.Fatalf("after %s (-want +got):\n%s", time.Since(site.began), diff)
					}
				}
				heard := told.heard()
				if len(heard) < 20 || !strings.Contains(heard[0].Error(), c.want) {
					t.Errorf("told %d errors, the first %v; want one that says %q", len(heard), heard[:1], c.want)
				}
				last := -tokenauth.DefaultMinRefresh
				for _, at := range site.asked() {
					if at-last < tokenauth.DefaultMinRefresh {
						t.Errorf("asked after %s, and at %s again", last, at)
					}
					last = at
				}
				time.Sleep(time.Second)
				_, err := verifier.Verify(tokenauthtest.Issue(t, newIssuer(t, tokenauthtest.Keys(t)), "s").Raw)
				wantReason(t, err, "no_keys")

				site.set(func(s *issuerSite) { s.away, s.latency, s.status, s.body = false, 0, http.StatusOK, nil })
				time.Sleep(15 * time.Second)
				_, err = verifier.Verify(tokenauthtest.Issue(t, newIssuer(t, tokenauthtest.Keys(t)), "s").Raw)
				wantReason(t, err, "")
			})
		})
	}
}

// Before the first good set nothing can be judged, and it is said so.
func TestRemoteKeysThatNeverCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newIssuerSite(tokenauthtest.Keys(t))
		site.away = true
		keys := remote(t, site, tokenauth.RemoteConfig{})
		_, err := newVerifier(t, keys).Verify(tokenauthtest.Issue(t, newIssuer(t, tokenauthtest.Keys(t)), "s").Raw)
		wantReason(t, err, "no_keys")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := keys.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), jwksURL) {
			t.Errorf("Wait: %v, want the deadline and the address", err)
		}
		if _, err := keys.Signing(time.Now()); !errors.Is(err, tokenauth.ErrCannotSign) {
			t.Errorf("Signing: %v", err)
		}
		waited := make(chan error, 1)
		go func() { waited <- keys.Wait(t.Context()) }()
		synctest.Wait()
		stopKeys(t, keys)
		if err := <-waited; !errors.Is(err, tokenauth.ErrStopped) {
			t.Errorf("Wait when stopped: %v", err)
		}
	})
}

// An unknown key id makes the set be asked for again, for all who wait at once,
// and no more often than MinRefresh whatever is thrown at the verifier.
func TestUnknownKeyIsLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, fresh := newKey(t), newKey(t)
		site := newIssuerSite(static(old))
		site.latency = time.Second
		keys := remote(t, site, tokenauth.RemoteConfig{})
		verifier := newVerifier(t, keys)

		// At the start: all wait for the first set.
		reasons := inParallel(20, func() string {
			_, err := verifier.Verify(tokenauthtest.Issue(t, newIssuer(t, static(old)), "s").Raw)
			return tokenauth.Reason(err)
		})
		wantAll(t, reasons, "")
		wantAsks(t, site, 0)

		// A key that nobody announced.
		time.Sleep(time.Minute)
		site.set(func(s *issuerSite) { s.keys = static(old, fresh) })
		reasons = inParallel(20, func() string {
			_, err := verifier.Verify(tokenauthtest.Issue(t, newIssuer(t, static(old, fresh)), "s").Raw)
			return tokenauth.Reason(err)
		})
		wantAll(t, reasons, "")
		wantAsks(t, site, 61*time.Second)

		// Made-up keys, for a minute, ten at a time; the good ones pass meanwhile.
		began := time.Since(site.began)
		for time.Since(site.began) < began+time.Minute {
			reasons := inParallel(10, func() string {
				_, err := verifier.Verify(tokenauthtest.Issue(t, newIssuer(t, static(newKey(t))), "s").Raw)
				return tokenauth.Reason(err)
			})
			wantAll(t, reasons, "unknown_key")
			if _, err := verifier.Verify(tokenauthtest.Issue(t, newIssuer(t, static(fresh)), "s").Raw); err != nil {
				t.Error(err)
			}
			time.Sleep(500 * time.Millisecond)
		}
		// A request takes a second, and the next may begin 5 s after it ended.
		if asks := site.asked(); len(asks) < 9 || len(asks) > 11 {
			t.Errorf("asked %d times in a minute: %v", len(asks), asks)
		}
		if most := site.atOnce(); most != 1 {
			t.Errorf("%d requests at once", most)
		}
	})
}

func inParallel(n int, do func() string) []string {
	out := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { out[i] = do() })
	}
	wg.Wait()
	return out
}

func wantAll(t *testing.T, got []string, want string) {
	t.Helper()
	for _, g := range got {
		if g != want {
			t.Errorf("reasons %q, want all %q", got, want)
			return
		}
	}
}

func TestStopWithARemoteRequestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newIssuerSite(tokenauthtest.Keys(t))
		keys := remote(t, site, tokenauth.RemoteConfig{FetchTimeout: time.Hour, OnError: func(err error) { t.Error(err) }})
		if err := keys.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		site.set(func(s *issuerSite) { s.latency = time.Hour })
		time.Sleep(time.Minute)
		refreshed := make(chan struct{})
		go func() {
			keys.Refresh()
			close(refreshed)
		}()
		synctest.Wait()
		stopKeys(t, keys)
		<-refreshed
		if took := time.Since(site.began); took != time.Minute {
			t.Errorf("stopped after %s", took)
		}
		keys.Refresh() // returns
		if len(keys.Accepted(time.Now())) == 0 {
			t.Error("the keys went with the stop: requests in flight would be refused")
		}
		time.Sleep(24 * time.Hour)
		if len(keys.Accepted(time.Now())) != 0 {
			t.Error("the keys stay for ever")
		}
	})
}

func TestRemoteConfigIsChecked(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  tokenauth.RemoteConfig
		want string
	}{
		{"https", tokenauth.RemoteConfig{URL: jwksURL}, ""},
		{"http to this machine", tokenauth.RemoteConfig{URL: "http://localhost:8080/jwks"}, ""},
		{"http to IPv4 loopback", tokenauth.RemoteConfig{URL: "http://127.0.0.1:8080/jwks"}, ""},
		{"http to IPv6 loopback", tokenauth.RemoteConfig{URL: "http://[::1]:8080/jwks"}, ""},
		{"http allowed", tokenauth.RemoteConfig{URL: "http://commander:8080/jwks", AllowHTTP: true}, ""},
		{"long MinRefresh", tokenauth.RemoteConfig{URL: jwksURL, MinRefresh: 48 * time.Hour}, ""},

		{"nothing", tokenauth.RemoteConfig{}, "give one like"},
		{"no host", tokenauth.RemoteConfig{URL: "/jwks"}, "give one like"},
		{"unreadable", tokenauth.RemoteConfig{URL: "https://a b/"}, "give one like"},
		{"http", tokenauth.RemoteConfig{URL: "http://issuer.example/jwks"}, "use https"},
		{"http to a name like this machine's", tokenauth.RemoteConfig{URL: "http://localhost.example/jwks"}, "use https"},
		{"http to an address like loopback's", tokenauth.RemoteConfig{URL: "http://127.0.0.1.example/jwks"}, "use https"},
		{"another scheme", tokenauth.RemoteConfig{URL: "ftp://issuer.example/jwks", AllowHTTP: true}, "must be https"},
		{"a file", tokenauth.RemoteConfig{URL: "file://localhost/etc/passwd"}, "must be https"},
		{"a user", tokenauth.RemoteConfig{URL: "https://u:secret@issuer.example/jwks"}, "leave it out"},
		{"negative", tokenauth.RemoteConfig{URL: jwksURL, MinRefresh: -1}, "MinRefresh"},
		{"bounds crossed", tokenauth.RemoteConfig{URL: jwksURL, MinRefresh: time.Hour, MaxRefresh: time.Minute}, "must not decrease"},
		{"stale too soon", tokenauth.RemoteConfig{URL: jwksURL, MaxStale: time.Minute}, "must not decrease"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := tokenauth.NewRemoteKeys(c.cfg)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// A real server, over TLS; redirects are not followed, to wherever.
func TestRemoteKeysOverTheNetwork(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	defer elsewhere.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		body, err := tokenauth.JWKS(tokenauthtest.Keys(t), time.Now())
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(body)
	})
	mux.Handle("/moved", http.RedirectHandler(elsewhere.URL, http.StatusFound))
	site := httptest.NewUnstartedServer(mux)
	site.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of the clients that are refused
	site.StartTLS()
	defer site.Close()

	failed := make(chan error, 10)
	for _, c := range []struct {
		name, url string
		client    *http.Client
		want      string
	}{
		{"good", site.URL + "/jwks", site.Client(), ""},
		{"redirected", site.URL + "/moved", site.Client(), "redirects are not followed"},
		{"certificate of a stranger", site.URL + "/jwks", nil, "certificate"},
		{"plain http to a TLS port", strings.Replace(site.URL, "https", "http", 1) + "/jwks", nil, "400, not 200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, err := tokenauth.NewRemoteKeys(tokenauth.RemoteConfig{URL: c.url, Client: c.client, OnError: func(err error) { failed <- err }})
			if err != nil {
				t.Fatal(err)
			}
			startKeys(t, keys)
			if c.want != "" {
				if err := <-failed; !strings.Contains(err.Error(), c.want) {
					t.Errorf("told %v, want %q", err, c.want)
				}
				return
			}
			if err := keys.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, err = newVerifier(t, keys).Verify(tokenauthtest.Issue(t, newIssuer(t, tokenauthtest.Keys(t)), "s").Raw)
			wantReason(t, err, "")
		})
	}
}
