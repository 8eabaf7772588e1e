// Package tokenauthtest is for tests of services that use tokenauth: fixed keys,
// a clock that stands until it is set, and an issuer and verifier that share
// them. Never use its secret outside tests: everybody knows it.
package tokenauthtest

import (
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/tokenauth"
)

const (
	// Issuer and Audience are what NewIssuer writes and NewVerifier wants.
	Issuer   = "test-issuer"
	Audience = "test-audience"
)

// Secret gives the fixed secret, a copy of its own for each caller.
func Secret() []byte { return []byte("tokenauthtest: a secret for tests, known to all") }

// Start is the time at which the clocks of tests stand at first: noon, far
// from any change of keys.
func Start() time.Time { return time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC) }

// Clock stands until it is set. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock gives a clock that stands at now.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now is what to give as a configuration's Now.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set puts the clock to now, back too.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// Advance puts the clock forward by d, or back if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Keys gives the keys derived from Secret.
func Keys(tb testing.TB) *tokenauth.DerivedKeys {
	tb.Helper()
	keys, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{Secret: Secret(), Label: "test"})
	if err != nil {
		tb.Fatalf("making the test keys: %v", err)
	}
	return keys
}

// NewIssuer gives an issuer of 30 s tokens on Keys. now is its clock.
func NewIssuer(tb testing.TB, now func() time.Time) *tokenauth.Issuer {
	tb.Helper()
	issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: Keys(tb), Issuer: Issuer, Audience: Audience, Now: now})
	if err != nil {
		tb.Fatalf("making the test issuer: %v", err)
	}
	return issuer
}

// NewVerifier gives a verifier, with 5 s grace, of what NewIssuer issues.
func NewVerifier(tb testing.TB, now func() time.Time) *tokenauth.Verifier {
	tb.Helper()
	verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{Keys: Keys(tb), Issuer: Issuer, Audience: Audience, Now: now})
	if err != nil {
		tb.Fatalf("making the test verifier: %v", err)
	}
	return verifier
}

// Issue gives a token for subject.
func Issue(tb testing.TB, issuer *tokenauth.Issuer, subject string) tokenauth.Token {
	tb.Helper()
	token, err := issuer.Issue(tokenauth.IssueRequest{Subject: subject})
	if err != nil {
		tb.Fatalf("issuing a test token: %v", err)
	}
	return token
}
