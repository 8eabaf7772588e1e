package tokenauth

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// MaxTokenBytes is the longest token that is issued or looked at.
const MaxTokenBytes = 4096

// Claims is what a verified token says.
type Claims struct {
	// ID is the token's own id (jti), unique to it.
	ID string
	// Subject is whom the token speaks for.
	Subject string
	// Issuer made it, for Audience.
	Issuer   string
	Audience []string
	// KeyID names the key that signed it.
	KeyID string
	// IssuedAt and ExpiresAt bound its life, UTC, to the millisecond.
	IssuedAt, ExpiresAt time.Time
	// NotBefore is zero unless a foreign issuer set it.
	NotBefore time.Time
	// Private are the claims of the service's own whose values are strings;
	// nil if there are none.
	Private map[string]string
}

// registered are the names that RFC 7519 takes; private claims can't have them.
func registered() []string { return []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"} }

// encodeClaims writes c as the payload of a token.
func encodeClaims(c Claims) ([]byte, error) {
	payload := make(map[string]any, len(c.Private)+len(registered()))
	for name, value := range c.Private {
		payload[name] = value
	}
	payload["jti"], payload["sub"], payload["iss"] = c.ID, c.Subject, c.Issuer
	payload["aud"] = c.Audience[0]
	payload["iat"], payload["exp"] = numericDate(c.IssuedAt), numericDate(c.ExpiresAt)
	return json.Marshal(payload)
}

// decodeClaims reads a payload. Names are compared exactly, as RFC 7519 wants
// it: struct tags would take "SUB" for "sub".
func decodeClaims(payload []byte) (Claims, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(payload, &fields); err != nil {
		return Claims{}, fmt.Errorf("%w: payload is no JSON object", ErrMalformed)
	}
	var c Claims
	var err error
	text := func(name string, to *string) {
		if err == nil && (json.Unmarshal(fields[name], to) != nil || *to == "") {
			err = fmt.Errorf("%w: claim %q must be a string that is not empty", ErrMalformed, name)
		}
	}
	date := func(name string, to *time.Time) {
		if err == nil {
			*to, err = parseNumericDate(name, fields[name])
		}
	}
	text("jti", &c.ID)
	text("sub", &c.Subject)
	text("iss", &c.Issuer)
	date("iat", &c.IssuedAt)
	date("exp", &c.ExpiresAt)
	if _, ok := fields["nbf"]; ok {
		date("nbf", &c.NotBefore)
	}
	if err != nil {
		return Claims{}, err
	}
	if c.Audience, err = decodeAudience(fields["aud"]); err != nil {
		return Claims{}, err
	}
	for _, name := range registered() {
		delete(fields, name)
	}
	for name, raw := range fields {
		var value string
		if raw[0] != '"' || json.Unmarshal(raw, &value) != nil {
			continue // not a string: not ours
		}
		if c.Private == nil {
			c.Private = make(map[string]string, len(fields))
		}
		c.Private[name] = value
	}
	return c, nil
}

// decodeAudience reads one string or a list of them.
func decodeAudience(raw json.RawMessage) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}, nil
	}
	var many []string
	if json.Unmarshal(raw, &many) == nil && len(many) > 0 {
		return many, nil
	}
	return nil, fmt.Errorf("%w: claim %q must name an audience", ErrMalformed, "aud")
}

// clone gives a copy that shares nothing a caller could change.
func (c Claims) clone() Claims {
	c.Audience = slices.Clone(c.Audience)
	c.Private = maps.Clone(c.Private)
	return c
}

// numericDate writes seconds since 1970 with milliseconds.
func numericDate(t time.Time) json.Number {
	ms := t.UnixMilli()
	return json.Number(fmt.Sprintf("%d.%03d", ms/1000, ms%1000))
}

// lastNumericDate is the end of year 9999, past which times don't print.
const lastNumericDate = 253402300799

func parseNumericDate(name string, raw json.RawMessage) (time.Time, error) {
	// A float64 holds milliseconds exactly enough until far past year 9999.
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !(seconds >= 0 && seconds <= lastNumericDate) {
		return time.Time{}, fmt.Errorf("%w: claim %q must be a number of seconds since 1970", ErrMalformed, name)
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
}
