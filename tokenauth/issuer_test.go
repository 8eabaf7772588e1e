package tokenauth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// Two processes with one secret, or one process before and after a restart:
// each accepts what the other issued.
func TestIssuersWithOneSecretAreOne(t *testing.T) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	for _, side := range []string{"a to b", "b to a"} {
		issuer, verifier := tokenauthtest.NewIssuer(t, clock.Now), tokenauthtest.NewVerifier(t, clock.Now)
		if _, err := verifier.Verify(tokenauthtest.Issue(t, issuer, "s").Raw); err != nil {
			t.Errorf("%s: %v", side, err)
		}
	}
	stranger := derivedKeys(t, tokenauth.DerivedConfig{Secret: []byte(strings.Repeat("x", 32)), Label: "test"})
	issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{
		Keys: stranger, Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tokenauthtest.NewVerifier(t, clock.Now).Verify(tokenauthtest.Issue(t, issuer, "s").Raw)
	wantReason(t, err, "forged") // same key id, another key
}

// A backlog of two days is still read after restarts; not one of three.
func TestBacklogAfterRestart(t *testing.T) {
	start := tokenauthtest.Start()
	raw := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, tokenauthtest.NewClock(start).Now), "s").Raw
	for days, want := range map[int]string{0: "", 1: "", 2: "", 3: "unknown_key"} {
		clock := tokenauthtest.NewClock(start.Add(time.Duration(days) * 24 * time.Hour))
		_, err := tokenauthtest.NewVerifier(t, clock.Now).VerifyAt(raw, start.Add(20*time.Second))
		wantReason(t, err, want)
	}
}

func TestRequestsThatCantBeIssued(t *testing.T) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	issuer := tokenauthtest.NewIssuer(t, clock.Now)
	for name, req := range map[string]tokenauth.IssueRequest{
		"no subject":       {},
		"subject no UTF-8": {Subject: "\xff"},
		"registered name":  {Subject: "s", Private: map[string]string{"exp": "never"}},
		"empty name":       {Subject: "s", Private: map[string]string{"": "x"}},
		"name no UTF-8":    {Subject: "s", Private: map[string]string{"\xff": "x"}},
		"value no UTF-8":   {Subject: "s", Private: map[string]string{"x": "\xff"}},
		"too long":         {Subject: strings.Repeat("s", tokenauth.MaxTokenBytes)},
	} {
		t.Run(name, func(t *testing.T) {
			if token, err := issuer.Issue(req); !errors.Is(err, tokenauth.ErrClaims) {
				t.Errorf("issued %v, %v, want ErrClaims", token, err)
			}
		})
	}
}

// broken is a key set that can't sign.
type broken struct{ tokenauth.KeySet }

var errNoKey = errors.New("no key")

func (broken) Signing(time.Time) (tokenauth.Key, error) { return tokenauth.Key{}, errNoKey }

func TestIssuerWithoutKey(t *testing.T) {
	issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: broken{}, Issuer: "i", Audience: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := issuer.Issue(tokenauth.IssueRequest{Subject: "s"}); !errors.Is(err, errNoKey) {
		t.Errorf("error %v, want the key set's", err)
	}
}

func TestIssuerConfigIsChecked(t *testing.T) {
	keys := tokenauthtest.Keys(t)
	minutes := derivedKeys(t, tokenauth.DerivedConfig{Secret: tokenauthtest.Secret(), Label: "m", Period: time.Minute})
	for _, ttl := range []time.Duration{tokenauth.MinTTL, time.Minute} {
		if _, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: minutes, Issuer: "i", Audience: "a", TTL: ttl}); err != nil {
			t.Errorf("life %s: %v", ttl, err)
		}
	}
	for name, cfg := range map[string]tokenauth.IssuerConfig{
		"no keys":           {Issuer: "i", Audience: "a"},
		"no issuer":         {Keys: keys, Audience: "a"},
		"no audience":       {Keys: keys, Issuer: "i"},
		"audience no UTF-8": {Keys: keys, Issuer: "i", Audience: "\xff"},
		"life too short":    {Keys: keys, Issuer: "i", Audience: "a", TTL: time.Millisecond},
		"life negative":     {Keys: keys, Issuer: "i", Audience: "a", TTL: -time.Second},
		"life too long":     {Keys: static(newKey(t)), Issuer: "i", Audience: "a", TTL: tokenauth.MaxTTL + 1},
		"life over period":  {Keys: minutes, Issuer: "i", Audience: "a", TTL: time.Minute + 1},
	} {
		if _, err := tokenauth.NewIssuer(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestIssuedAtOfNoToken(t *testing.T) {
	for _, raw := range []string{"", "a.b", "e30.e30.e30", "e30.W10.e30", strings.Repeat("a", tokenauth.MaxTokenBytes+1)} {
		if at, err := tokenauth.IssuedAt(raw); !errors.Is(err, tokenauth.ErrMalformed) {
			t.Errorf("%.20q: %v, %v, want ErrMalformed", raw, at, err)
		}
	}
}
