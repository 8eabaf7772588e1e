package tokenauth

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const (
	// DefaultGrace is how far clocks may differ.
	DefaultGrace = 5 * time.Second
	// MaxGrace is the longest grace: a clock that is further off wants setting.
	MaxGrace = 5 * time.Minute
)

// VerifierConfig says which tokens are good.
type VerifierConfig struct {
	// Keys whose tokens are accepted. Required. If it is a [Refresher], a token
	// with an unknown key id may make a call wait for Refresh.
	Keys KeySet
	// Issuer and Audience that a token must name. Required.
	Issuer, Audience string
	// Grace is forgiven at both ends of a token's life: 5 s by default, at most
	// MaxGrace. For none give a negative one.
	Grace time.Duration
	// Now is the verifier's clock; time.Now by default. It also decides which
	// keys are accepted, whatever time is judged.
	Now func() time.Time
}

// Verifier checks tokens. It is safe for concurrent use. It remembers the last
// few thousand tokens whose signature was good, so that a token used for many
// messages is verified once; time, key, issuer and audience are checked at
// every call.
type Verifier struct {
	cfg   VerifierConfig
	cache *cache
}

// NewVerifier checks the configuration.
func NewVerifier(cfg VerifierConfig) (*Verifier, error) {
	if cfg.Grace == 0 {
		cfg.Grace = DefaultGrace
	}
	cfg.Grace = max(cfg.Grace, 0)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case cfg.Keys == nil:
		return nil, errors.New("token verifier has no keys: set VerifierConfig.Keys")
	case cfg.Issuer == "" || cfg.Audience == "":
		return nil, errors.New("token verifier has no issuer or no audience: set VerifierConfig.Issuer and Audience")
	case cfg.Grace > MaxGrace:
		return nil, fmt.Errorf("token verifier's grace is %s: give at most %s, and set the clocks", cfg.Grace, MaxGrace)
	}
	return &Verifier{cfg: cfg, cache: newCache(cacheEntries)}, nil
}

// Verify checks signature, issuer and audience, and that the token lives now:
// from IssuedAt - Grace to ExpiresAt + Grace, both included. The error wraps one
// of the sentinels that [Reason] knows.
func (v *Verifier) Verify(raw string) (Claims, error) {
	now := v.cfg.Now()
	return v.verifyAt(raw, now, now)
}

// VerifyAt is Verify for a message made at the given time, however late it
// arrives: the token must have lived then. Its key must be accepted now.
func (v *Verifier) VerifyAt(raw string, at time.Time) (Claims, error) {
	return v.verifyAt(raw, v.cfg.Now(), at)
}

// VerifySignature checks signature, issuer and audience of a token of any age
// whose key is accepted now. It proves who once held the token, no more.
func (v *Verifier) VerifySignature(raw string) (Claims, error) {
	return v.verify(raw, v.cfg.Now())
}

func (v *Verifier) verifyAt(raw string, now, at time.Time) (Claims, error) {
	claims, err := v.verify(raw, now)
	if err != nil {
		return Claims{}, err
	}
	if err := v.validateTime(claims, at); err != nil {
		return Claims{}, err
	}
	return claims, nil
}

// verify is everything but time.
func (v *Verifier) verify(raw string, now time.Time) (Claims, error) {
	if len(raw) > MaxTokenBytes {
		return Claims{}, fmt.Errorf("%w: it has more than %d bytes", ErrMalformed, MaxTokenBytes)
	}
	accepted := v.cfg.Keys.Accepted(now)
	known, ok := v.cache.get(raw)
	if !ok || !stillAccepted(known.key, accepted) {
		var err error
		if known, err = v.verifySignature(raw, now, accepted); err != nil {
			return Claims{}, err
		}
		v.cache.put(raw, known)
	}
	claims := known.claims.clone()
	if claims.Issuer != v.cfg.Issuer {
		return Claims{}, fmt.Errorf("%w: %q, not %q", ErrIssuer, claims.Issuer, v.cfg.Issuer)
	}
	if !slices.Contains(claims.Audience, v.cfg.Audience) {
		return Claims{}, fmt.Errorf("%w: %q, not %q", ErrAudience, claims.Audience, v.cfg.Audience)
	}
	return claims, nil
}

func (v *Verifier) validateTime(c Claims, at time.Time) error {
	begin := c.IssuedAt
	if c.NotBefore.After(begin) {
		begin = c.NotBefore
	}
	if early := begin.Sub(at); early > v.cfg.Grace {
		return fmt.Errorf("%w: %s too early", ErrNotYetValid, early-v.cfg.Grace)
	}
	if late := at.Sub(c.ExpiresAt); late > v.cfg.Grace {
		return fmt.Errorf("%w: %s ago", ErrExpired, late-v.cfg.Grace)
	}
	return nil
}

// verifySignature checks a token against the accepted keys, and reads its
// claims from the bytes that were signed.
func (v *Verifier) verifySignature(raw string, now time.Time, accepted []Key) (verified, error) {
	head, err := parseHeader(raw)
	if err != nil {
		return verified{}, err
	}
	key, err := v.findKey(head.keyID, now, accepted)
	if err != nil {
		return verified{}, err
	}
	// The algorithm is ours to name; the token's own word was only compared.
	payload, err := jws.Verify([]byte(raw), jws.WithKey(jwa.EdDSA, key.Public), jws.WithCompact())
	if err != nil {
		return verified{}, ErrSignature
	}
	claims, err := decodeClaims(payload)
	if err != nil {
		return verified{}, err
	}
	claims.KeyID = head.keyID
	return verified{claims: claims, key: Key{ID: head.keyID, Public: key.Public}}, nil
}

// findKey looks for an accepted key, in a refreshed set if need be. An id is
// compared and nothing else: it never names a file, an address or a query.
func (v *Verifier) findKey(id string, now time.Time, accepted []Key) (Key, error) {
	named := func(k Key) bool { return k.ID == id }
	i := slices.IndexFunc(accepted, named)
	if r, ok := v.cfg.Keys.(Refresher); ok && i < 0 {
		r.Refresh()
		accepted = r.Accepted(now)
		i = slices.IndexFunc(accepted, named)
	}
	switch {
	case i >= 0:
		return accepted[i], nil
	case len(accepted) == 0:
		return Key{}, ErrNoKeys
	default:
		return Key{}, fmt.Errorf("%w (key %.80q)", ErrUnknownKey, id)
	}
}

// stillAccepted compares the key itself too: an id may come back with another.
func stillAccepted(key Key, accepted []Key) bool {
	return slices.ContainsFunc(accepted, func(k Key) bool { return k.ID == key.ID && k.Public.Equal(key.Public) })
}
