package tokenauth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const (
	// DefaultTTL is how long a token lives.
	DefaultTTL = 30 * time.Second
	// MinTTL and MaxTTL bound it. Longer than a day is no short-lived token.
	MinTTL = time.Second
	MaxTTL = 24 * time.Hour
)

// IssuerConfig says what an issuer signs with and writes into its tokens.
type IssuerConfig struct {
	// Keys to sign with. Required.
	Keys KeySet
	// Issuer and Audience are written into each token and must be the
	// verifier's. Required.
	Issuer, Audience string
	// TTL is the life of a token: 30 s by default, 1 s to 24 h, and no longer
	// than the period of DerivedKeys, so that tokens end before their key does.
	TTL time.Duration
	// Now is the issuer's clock; time.Now by default.
	Now func() time.Time
}

// Issuer makes tokens. It is safe for concurrent use and keeps nothing of what
// it issued.
type Issuer struct {
	cfg IssuerConfig
}

// NewIssuer checks the configuration.
func NewIssuer(cfg IssuerConfig) (*Issuer, error) {
	if cfg.TTL == 0 {
		cfg.TTL = DefaultTTL
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	switch {
	case cfg.Keys == nil:
		return nil, errors.New("token issuer has no keys: set IssuerConfig.Keys")
	case cfg.Issuer == "" || cfg.Audience == "":
		return nil, errors.New("token issuer has no name or no audience: set IssuerConfig.Issuer and Audience")
	case !utf8.ValidString(cfg.Issuer) || !utf8.ValidString(cfg.Audience):
		return nil, errors.New("token issuer's name or audience is no valid UTF-8")
	case cfg.TTL < MinTTL || cfg.TTL > MaxTTL:
		return nil, fmt.Errorf("token life %s: give %s to %s", cfg.TTL, MinTTL, MaxTTL)
	}
	if d, ok := cfg.Keys.(*DerivedKeys); ok && cfg.TTL > d.period {
		return nil, fmt.Errorf("token life %s is longer than the %s for which a derived key signs: shorten it or lengthen DerivedConfig.Period", cfg.TTL, d.period)
	}
	return &Issuer{cfg: cfg}, nil
}

// IssueRequest says whom a token is for.
type IssueRequest struct {
	// Subject is whom the token speaks for. Required, valid UTF-8.
	Subject string
	// Private are claims of the service's own, written beside the registered
	// ones, whose names (iss, sub, aud, exp, nbf, iat, jti) they can't have.
	Private map[string]string
}

// Token is a token just made.
type Token struct {
	// Raw is the token itself, at most MaxTokenBytes long: a secret for as
	// long as it lives. JSON leaves it out, so that a logged Token is harmless.
	Raw string `json:"-"`
	// ID is the token's own id (jti).
	ID      string
	Subject string
	// IssuedAt and ExpiresAt are what the token says, UTC, to the millisecond.
	IssuedAt, ExpiresAt time.Time
	// TTL is ExpiresAt - IssuedAt.
	TTL time.Duration
}

// String names the token without giving it away.
func (t Token) String() string { return "token " + t.ID + " for " + t.Subject }

// GoString names the token without giving it away, for %#v.
func (t Token) GoString() string { return "tokenauth.Token(" + t.ID + ")" }

// Issue makes a token that lives from now for TTL. The error is ErrClaims if
// the request can't be written into a token, or that of the key set.
func (i *Issuer) Issue(req IssueRequest) (Token, error) {
	if err := checkRequest(req); err != nil {
		return Token{}, err
	}
	now := i.cfg.Now()
	key, err := i.cfg.Keys.Signing(now)
	if err != nil {
		return Token{}, fmt.Errorf("issuing a token: %w", err)
	}
	issuedAt := now.UTC().Truncate(time.Millisecond)
	ttl := i.cfg.TTL.Truncate(time.Millisecond)
	claims := Claims{
		ID: rand.Text(), Subject: req.Subject, Issuer: i.cfg.Issuer, Audience: []string{i.cfg.Audience},
		IssuedAt: issuedAt, ExpiresAt: issuedAt.Add(ttl), Private: req.Private,
	}
	raw, err := sign(claims, key)
	if err != nil {
		return Token{}, fmt.Errorf("signing a token: %w", err)
	}
	if len(raw) > MaxTokenBytes {
		return Token{}, fmt.Errorf("%w: the token would have %d bytes; shorten subject or private claims until it has %d", ErrClaims, len(raw), MaxTokenBytes)
	}
	return Token{
		Raw: string(raw), ID: claims.ID, Subject: claims.Subject,
		IssuedAt: claims.IssuedAt, ExpiresAt: claims.ExpiresAt, TTL: ttl,
	}, nil
}

func sign(claims Claims, key Key) ([]byte, error) {
	payload, err := encodeClaims(claims)
	if err != nil {
		return nil, err
	}
	headers := jws.NewHeaders()
	if err := headers.Set(jws.KeyIDKey, key.ID); err != nil {
		return nil, err
	}
	if err := headers.Set(jws.TypeKey, "JWT"); err != nil {
		return nil, err
	}
	return jws.Sign(payload, jws.WithKey(jwa.EdDSA, key.Private, jws.WithProtectedHeaders(headers)))
}

// checkRequest refuses what would come out of the token changed.
func checkRequest(req IssueRequest) error {
	if req.Subject == "" || !utf8.ValidString(req.Subject) {
		return fmt.Errorf("%w: the subject must be valid UTF-8 and not empty", ErrClaims)
	}
	for _, name := range slices.Sorted(maps.Keys(req.Private)) {
		if name == "" || slices.Contains(registered(), name) {
			return fmt.Errorf("%w: a private claim can't be named %q", ErrClaims, name)
		}
		if !utf8.ValidString(name) || !utf8.ValidString(req.Private[name]) {
			return fmt.Errorf("%w: private claim %q is no valid UTF-8", ErrClaims, name)
		}
	}
	return nil
}
