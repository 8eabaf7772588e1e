package tokenauth

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
)

// header is what is needed of a token's header before its signature is checked.
type header struct {
	keyID string
}

// parseHeader reads a compact token's shape strictly, so that one token has
// one spelling: three parts, base64url without padding or stray bits. It
// refuses any algorithm but EdDSA and every extension that asks to be
// understood.
func parseHeader(raw string) (header, error) {
	parts, err := split(raw)
	if err != nil {
		return header{}, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(parts[0], &fields); err != nil {
		return header{}, fmt.Errorf("%w: header is no JSON object", ErrMalformed)
	}
	if _, ok := fields["crit"]; ok {
		return header{}, fmt.Errorf("%w: header %q is not supported", ErrMalformed, "crit")
	}
	var alg string
	if json.Unmarshal(fields["alg"], &alg) != nil {
		return header{}, fmt.Errorf("%w: header %q must be a string", ErrMalformed, "alg")
	}
	if alg != jwa.EdDSA.String() {
		return header{}, fmt.Errorf("%w: its algorithm is %q, not %q", ErrSignature, alg, jwa.EdDSA)
	}
	var h header
	if json.Unmarshal(fields["kid"], &h.keyID) != nil || h.keyID == "" {
		return header{}, fmt.Errorf("%w: header %q must be a string that is not empty", ErrMalformed, "kid")
	}
	return h, nil
}

// split decodes the three parts.
func split(raw string) ([3][]byte, error) {
	var parts [3][]byte
	encoded := strings.Split(raw, ".")
	if len(encoded) != len(parts) {
		return parts, fmt.Errorf("%w: it has not three parts", ErrMalformed)
	}
	for i, e := range encoded {
		// The decoder skips line ends, which would be a second spelling.
		if strings.ContainsAny(e, "\r\n") {
			return parts, fmt.Errorf("%w: part %d has line ends", ErrMalformed, i+1)
		}
		part, err := base64.RawURLEncoding.Strict().DecodeString(e)
		if err != nil {
			return parts, fmt.Errorf("%w: part %d is no base64url", ErrMalformed, i+1)
		}
		parts[i] = part
	}
	return parts, nil
}

// IssuedAt reads the issue time of a token without verifying it: for a holder
// who got the token from its issuer and trusts it anyhow. The error is
// ErrMalformed.
func IssuedAt(raw string) (time.Time, error) {
	if len(raw) > MaxTokenBytes {
		return time.Time{}, fmt.Errorf("%w: it has more than %d bytes", ErrMalformed, MaxTokenBytes)
	}
	parts, err := split(raw)
	if err != nil {
		return time.Time{}, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(parts[1], &fields); err != nil {
		return time.Time{}, fmt.Errorf("%w: payload is no JSON object", ErrMalformed)
	}
	return parseNumericDate("iat", fields["iat"])
}
