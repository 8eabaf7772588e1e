package tokenauth

import "time"

// Fetched is a service's answer to a client that asked for a token.
type Fetched struct {
	// Raw is the token. Required.
	Raw string `json:"-"`
	// ExpiresIn is how long the service says that it lives. Required, over 0.
	ExpiresIn time.Duration
	// IssuedAt is when the service says that it was made. Zero: it is read
	// from the token.
	IssuedAt time.Time
}

// Credential is a token in its holder's hands, and all its holder knows about
// time. JSON and fmt leave the token itself out.
type Credential struct {
	// Raw is the token: a secret for as long as it lives.
	Raw string `json:"-"`
	// IssuedAt is the issuer's time when it was made.
	IssuedAt time.Time
	// AskedAt is the holder's time when the request for it was sent. It carries
	// a monotonic reading; its wall clock part means nothing to others.
	AskedAt time.Time
	// ExpiresIn is how long it lives.
	ExpiresIn time.Duration
}

// Time is now as the issuer's clock sees it: IssuedAt plus the monotonic time
// since AskedAt. now must be a time.Now() of this process. It may run ahead of
// the issuer by the time that the request took, never behind it by more than
// the two clocks' drift. The holder's wall clock has no part in it.
func (c Credential) Time(now time.Time) time.Time {
	return c.IssuedAt.Add(now.Sub(c.AskedAt))
}

// Valid says whether the token still lives, cautiously: its life is counted
// from the moment it was asked for, which is before it was made.
func (c Credential) Valid(now time.Time) bool {
	return c.Raw != "" && now.Sub(c.AskedAt) < c.ExpiresIn
}

// String describes the credential without giving the token away.
func (c Credential) String() string {
	return "credential issued at " + c.IssuedAt.UTC().Format(time.RFC3339Nano) + " for " + c.ExpiresIn.String()
}

// GoString is String, for %#v.
func (c Credential) GoString() string { return "tokenauth.Credential(" + c.String() + ")" }
