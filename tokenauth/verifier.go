package tokenauth

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// DefaultGrace is how far clocks may differ.
const DefaultGrace = 5 * time.Second

// VerifierConfig says which tokens are good.
type VerifierConfig struct {
	// Keys whose tokens are accepted. Required.
	Keys KeySet
	// Issuer and Audience that a token must name. Required.
	Issuer, Audience string
	// Grace is forgiven at both ends of a token's life: 5 s by default. For
	// none give a negative one.
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
		if known, err = verifySignature(raw, accepted); err != nil {
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

// verifySignature checks a token against keys, and reads its claims from the
// bytes that were signed.
func verifySignature(raw string, accepted []Key) (verified, error) {
	head, err := parseHeader(raw)
	if err != nil {
		return verified{}, err
	}
	i := slices.IndexFunc(accepted, func(k Key) bool { return k.ID == head.keyID })
	if i < 0 {
		return verified{}, fmt.Errorf("%w (key %q)", ErrUnknownKey, head.keyID)
	}
	// The algorithm is ours to name; the token's own word was only compared.
	payload, err := jws.Verify([]byte(raw), jws.WithKey(jwa.EdDSA, accepted[i].Public), jws.WithCompact())
	if err != nil {
		return verified{}, ErrSignature
	}
	claims, err := decodeClaims(payload)
	if err != nil {
		return verified{}, err
	}
	claims.KeyID = head.keyID
	return verified{claims: claims, key: Key{ID: head.keyID, Public: accepted[i].Public}}, nil
}

// stillAccepted compares the key itself too: an id may come back with another.
func stillAccepted(key Key, accepted []Key) bool {
	return slices.ContainsFunc(accepted, func(k Key) bool { return k.ID == key.ID && k.Public.Equal(key.Public) })
}
