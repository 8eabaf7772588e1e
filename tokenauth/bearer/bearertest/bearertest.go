// Package bearertest is the test that every middleware on package bearer
// passes, so that all of them answer alike, header for header.
package bearertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/bearer"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// Serve starts a server with the middleware of cfg before a handler that
// answers every path and method with 200 and handle's text for the request's
// context. It ends with the test, and gives the server's address, "http://...".
type Serve func(t *testing.T, cfg bearer.Config, handle func(context.Context) string) string

// Run tests a middleware.
func Run(t *testing.T, serve Serve) {
	t.Run("answers", func(t *testing.T) { testAnswers(t, serve) })
	t.Run("no keys", func(t *testing.T) { testNoKeys(t, serve) })
	t.Run("allow", func(t *testing.T) { testAllow(t, serve) })
	t.Run("head", func(t *testing.T) { testHead(t, serve) })
	t.Run("each request has its own claims", func(t *testing.T) { testOwnClaims(t, serve) })
}

// rig is a protected server and what its middleware told.
type rig struct {
	t       *testing.T
	address string
	client  *http.Client

	mu      sync.Mutex
	served  int
	refused []bearer.Problem
}

func newRig(t *testing.T, serve Serve, cfg bearer.Config) *rig {
	t.Helper()
	r := &rig{t: t}
	transport := &http.Transport{}
	r.client = &http.Client{Transport: transport}
	cfg.OnRefused = func(refusal bearer.Problem) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.refused = append(r.refused, refusal)
	}
	r.address = serve(t, cfg, func(ctx context.Context) string {
		r.mu.Lock()
		r.served++
		r.mu.Unlock()
		claims, ok := tokenauth.ClaimsFrom(ctx)
		return fmt.Sprintf("%s %s %t", claims.Subject, claims.Private["role"], ok)
	})
	t.Cleanup(transport.CloseIdleConnections) // runs before the server's end, which may wait for them
	return r
}

// answer is what a client sees.
type answer struct {
	Status                                           int
	Challenge, ContentType, CacheControl, RetryAfter string
	Body                                             string
}

func (r *rig) ask(method string, authorization ...string) answer {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.address+"/reports?access_token=ignored", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, value := range authorization {
		request.Header.Add("Authorization", value)
	}
	response, err := r.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	h := response.Header
	return answer{
		Status: response.StatusCode, Challenge: strings.Join(h.Values("WWW-Authenticate"), "; "), ContentType: h.Get("Content-Type"),
		CacheControl: h.Get("Cache-Control"), RetryAfter: h.Get("Retry-After"), Body: string(body),
	}
}

// told gives what the middleware did since it was last asked.
func (r *rig) told() (served int, refused []bearer.Problem) {
	r.mu.Lock()
	defer r.mu.Unlock()
	served, refused = r.served, r.refused
	r.served, r.refused = 0, nil
	return served, refused
}

// problem is a refusal's body.
type problem struct {
	Type, Title string
	Status      int
	Detail      string
	Code        string
}

// wantRefusal checks all of a refusal: the answer, the hook, and that the
// handler was not called and the token not repeated.
func (r *rig) wantRefusal(got answer, status int, code, challenge, token string) {
	r.t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(got.Body), &p); err != nil {
		r.t.Fatalf("the body is no problem: %v: %q", err, got.Body)
	}
	if p.Detail == "" {
		r.t.Error("the problem has no detail")
	}
	if diff := cmp.Diff(problem{"about:blank", http.StatusText(status), status, p.Detail, code}, p); diff != "" {
		r.t.Errorf("problem (-want +got):\n%s", diff)
	}
	if challenge != "" && strings.Contains(challenge, "error=") {
		challenge += `, error_description="` + p.Detail + `"`
	}
	want := answer{Status: status, Challenge: challenge, ContentType: "application/problem+json", CacheControl: "no-store", Body: got.Body}
	if status == http.StatusServiceUnavailable {
		want.RetryAfter = "5"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("answer (-want +got):\n%s", diff)
	}
	served, refused := r.told()
	if served != 0 || len(refused) != 1 {
		r.t.Fatalf("the handler was called %d times, the hook %d times; want 0 and 1", served, len(refused))
	}
	if refused[0].Code != code || refused[0].Status != status {
		r.t.Errorf("the hook was told %d %s, want %d %s", refused[0].Status, refused[0].Code, status, code)
	}
	if token != "" {
		for _, text := range []string{fmt.Sprint(got), refused[0].Error(), fmt.Sprintf("%+v %#v", refused[0], refused[0])} {
			for part := range strings.SplitSeq(token, ".") {
				if len(part) > 4 && strings.Contains(text, part) {
					r.t.Errorf("a part of the token is repeated: %s", text)
				}
			}
		}
	}
}

func (r *rig) wantServed(got answer, body string) {
	r.t.Helper()
	if got.Status != http.StatusOK || got.Body != body || got.Challenge != "" {
		r.t.Errorf("answered %+v, want 200 %q", got, body)
	}
	if served, refused := r.told(); served != 1 || len(refused) != 0 {
		r.t.Errorf("the handler was called %d times, the hook %d times; want 1 and 0", served, len(refused))
	}
}

func issue(t *testing.T, now time.Time, change func(*tokenauth.IssuerConfig), req tokenauth.IssueRequest) string {
	t.Helper()
	cfg := tokenauth.IssuerConfig{
		Keys: tokenauthtest.Keys(t), Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience,
		Now: func() time.Time { return now },
	}
	change(&cfg)
	issuer, err := tokenauth.NewIssuer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.Issue(req)
	if err != nil {
		t.Fatal(err)
	}
	return token.Raw
}

func same(*tokenauth.IssuerConfig) {}

func testAnswers(t *testing.T, serve Serve) {
	now := tokenauthtest.Start()
	verifier := tokenauthtest.NewVerifier(t, func() time.Time { return now })
	admin := tokenauth.IssueRequest{Subject: "worker-7", Private: map[string]string{"role": "admin"}}
	good := issue(t, now, same, admin)
	otherKeys, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{Secret: []byte(strings.Repeat("x", 32)), Label: "test"})
	if err != nil {
		t.Fatal(err)
	}
	otherLabel, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{Secret: tokenauthtest.Secret(), Label: "other"})
	if err != nil {
		t.Fatal(err)
	}
	const realm = `Bearer realm="api"`
	const invalid = realm + `, error="invalid_token"`
	const unreadable = realm + `, error="invalid_request"`
	with := func(change func(*tokenauth.IssuerConfig)) string { return issue(t, now, change, admin) }

	r := newRig(t, serve, bearer.Config{Verifier: verifier})
	for _, c := range []struct {
		name          string
		authorization []string
		status        int
		code          string
		challenge     string
	}{
		{"good", []string{"Bearer " + good}, 200, "", ""},
		{"scheme in other case", []string{"bEARER " + good}, 200, "", ""},
		{"more spaces", []string{"Bearer   " + good}, 200, "", ""},
		{"spaces around", []string{"  Bearer " + good + "  "}, 200, "", ""},

		{"nothing", nil, 401, "token_missing", realm},
		{"empty header", []string{""}, 401, "token_missing", realm},
		{"another scheme", []string{"Basic dXNlcjpwYXNz"}, 401, "token_missing", realm},
		{"a scheme that begins alike", []string{"BearerX " + good}, 401, "token_missing", realm},
		{"the token alone", []string{good}, 401, "token_missing", realm},

		{"no token", []string{"Bearer"}, 400, "bad_authorization", unreadable},
		{"no token after a space", []string{"Bearer "}, 400, "bad_authorization", unreadable},
		{"two tokens", []string{"Bearer " + good + " " + good}, 400, "bad_authorization", unreadable},
		{"two tokens with a comma", []string{"Bearer " + good + ", Bearer " + good}, 400, "bad_authorization", unreadable},
		{"a tab", []string{"Bearer \t" + good}, 400, "bad_authorization", unreadable},
		{"quoted", []string{`Bearer "` + good + `"`}, 400, "bad_authorization", unreadable},
		{"not ASCII", []string{"Bearer ü" + good}, 400, "bad_authorization", unreadable},
		{"padding alone", []string{"Bearer =="}, 400, "bad_authorization", unreadable},
		{"two headers", []string{"Bearer " + good, "Bearer " + good}, 400, "bad_authorization", unreadable},
		{"two headers of different schemes", []string{"Bearer " + good, "Basic dXNlcjpwYXNz"}, 400, "bad_authorization", unreadable},

		{"words", []string{"Bearer letmein"}, 401, "token_malformed", invalid},
		{"padded", []string{"Bearer " + good + "="}, 401, "token_malformed", invalid},
		{"cut off", []string{"Bearer " + good[:len(good)/2]}, 401, "token_malformed", invalid},
		{"too long", []string{"Bearer " + good + strings.Repeat("A", tokenauth.MaxTokenBytes-len(good)+1)}, 401, "token_malformed", invalid},
		{"forged", []string{"Bearer " + with(func(c *tokenauth.IssuerConfig) { c.Keys = otherKeys })}, 401, "token_forged", invalid},
		{"unknown key", []string{"Bearer " + with(func(c *tokenauth.IssuerConfig) { c.Keys = otherLabel })}, 401, "token_unknown_key", invalid},
		{"wrong issuer", []string{"Bearer " + with(func(c *tokenauth.IssuerConfig) { c.Issuer = "x" })}, 401, "token_wrong_issuer", invalid},
		{"wrong audience", []string{"Bearer " + with(func(c *tokenauth.IssuerConfig) { c.Audience = "x" })}, 401, "token_wrong_audience", invalid},
		{"expired", []string{"Bearer " + issue(t, now.Add(-36*time.Second), same, admin)}, 401, "token_expired", invalid},
		{"in its grace", []string{"Bearer " + issue(t, now.Add(-34*time.Second), same, admin)}, 200, "", ""},
		{"not yet valid", []string{"Bearer " + issue(t, now.Add(6*time.Second), same, admin)}, 401, "token_not_yet_valid", invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				got := r.ask(method, c.authorization...)
				if c.status == http.StatusOK {
					r.wantServed(got, "worker-7 admin true")
					continue
				}
				token := ""
				if len(c.authorization) > 0 {
					token = strings.TrimPrefix(strings.TrimSpace(c.authorization[0]), "Bearer")
				}
				r.wantRefusal(got, c.status, c.code, c.challenge, token)
			}
		})
	}
}

// nothing is a key set that has no keys yet.
type nothing struct{ tokenauth.KeySet }

func (nothing) Accepted(time.Time) []tokenauth.Key { return nil }

func testNoKeys(t *testing.T, serve Serve) {
	now := tokenauthtest.Start()
	verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{
		Keys: nothing{}, Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, serve, bearer.Config{Verifier: verifier})
	good := issue(t, now, same, tokenauth.IssueRequest{Subject: "s"})
	r.wantRefusal(r.ask(http.MethodGet, "Bearer "+good), http.StatusServiceUnavailable, "keys_unavailable", "", good)
	// What needs no keys to be refused is refused as ever.
	r.wantRefusal(r.ask(http.MethodGet), http.StatusUnauthorized, "token_missing", `Bearer realm="api"`, "")
}

func testAllow(t *testing.T, serve Serve) {
	now := tokenauthtest.Start()
	r := newRig(t, serve, bearer.Config{
		Verifier: tokenauthtest.NewVerifier(t, func() time.Time { return now }), Realm: "reports",
		Allow: func(c tokenauth.Claims) bool { return c.Private["role"] == "admin" },
	})
	admin := issue(t, now, same, tokenauth.IssueRequest{Subject: "ann", Private: map[string]string{"role": "admin"}})
	r.wantServed(r.ask(http.MethodGet, "Bearer "+admin), "ann admin true")
	other := issue(t, now, same, tokenauth.IssueRequest{Subject: "bob"})
	r.wantRefusal(r.ask(http.MethodGet, "Bearer "+other), http.StatusForbidden, "token_not_allowed",
		`Bearer realm="reports", error="insufficient_scope"`, other)
}

func testHead(t *testing.T, serve Serve) {
	r := newRig(t, serve, bearer.Config{Verifier: tokenauthtest.NewVerifier(t, tokenauthtest.Start)})
	got := r.ask(http.MethodHead)
	want := answer{Status: http.StatusUnauthorized, Challenge: `Bearer realm="api"`, ContentType: "application/problem+json", CacheControl: "no-store"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// Servers that lend their memory must not mix requests up.
func testOwnClaims(t *testing.T, serve Serve) {
	now := tokenauthtest.Start()
	r := newRig(t, serve, bearer.Config{Verifier: tokenauthtest.NewVerifier(t, func() time.Time { return now })})
	const clients, requests = 8, 50
	failures := make(chan error, clients)
	for client := range clients {
		subject := fmt.Sprintf("client-%d", client)
		token := issue(t, now, same, tokenauth.IssueRequest{Subject: subject, Private: map[string]string{"role": subject}})
		go func() {
			failures <- func() error {
				for range requests {
					request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.address+"/", nil)
					if err != nil {
						return err
					}
					request.Header.Set("Authorization", "Bearer "+token)
					response, err := r.client.Do(request)
					if err != nil {
						return err
					}
					body, err := io.ReadAll(response.Body)
					response.Body.Close()
					if err != nil {
						return err
					}
					if want := subject + " " + subject + " true"; string(body) != want {
						return errors.New("answered " + string(body) + ", want " + want)
					}
				}
				return nil
			}()
		}()
	}
	for range clients {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	if served, _ := r.told(); served != clients*requests {
		t.Errorf("%d requests were served, want %d", served, clients*requests)
	}
}
