package bearer

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mission-control-dev/mission-control/tokenauth"
)

// Codes never change their meaning; clients rely on them. For a refused token
// the code is CodeToken and tokenauth.Reason's, "token_expired" for example.
const (
	CodeMissing          = "token_missing"
	CodeBadAuthorization = "bad_authorization"
	CodeToken            = "token_"
	CodeNotAllowed       = "token_not_allowed"
	CodeKeysUnavailable  = "keys_unavailable"
)

// MediaType is that of a problem's body.
const MediaType = "application/problem+json"

// retryAfter is what to wait where keys are not there yet: tokenauth's
// DefaultMinRefresh in seconds.
const retryAfter = "5"

// Problem is the answer to a request that does not pass. As an error it says
// why, without any part of a token.
type Problem struct {
	// Status is HTTP's.
	Status int
	// Code is the stable code of the problem.
	Code string
	// Detail tells the client what to do.
	Detail string
	// Err is the verifier's, nil where it was not asked.
	Err error

	// challenge is RFC 6750's error; "" sends none.
	challenge string
	realm     string
}

// Error is the code and what the verifier said.
func (p Problem) Error() string {
	if p.Err != nil {
		return p.Code + ": " + p.Err.Error()
	}
	return p.Code + ": " + p.Detail
}

// Unwrap gives the verifier's error.
func (p Problem) Unwrap() error { return p.Err }

// Header calls set for each header of the answer.
func (p Problem) Header(set func(name, value string)) {
	set("Content-Type", MediaType)
	set("Cache-Control", "no-store")
	if p.Status == http.StatusServiceUnavailable {
		set("Retry-After", retryAfter)
		return
	}
	challenge := `Bearer realm="` + p.realm + `"`
	if p.challenge != "" {
		// Details are sentences of this package, without quotes.
		challenge += `, error="` + p.challenge + `", error_description="` + p.Detail + `"`
	}
	set("WWW-Authenticate", challenge)
}

// Body is the answer's body.
func (p Problem) Body() []byte {
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
	}{"about:blank", http.StatusText(p.Status), p.Status, p.Detail, p.Code})
	if err != nil { // four strings and a number: can't fail
		return []byte(`{"type":"about:blank"}`)
	}
	return append(body, '\n')
}

func missing() Problem {
	return Problem{Status: http.StatusUnauthorized, Code: CodeMissing,
		Detail: "This needs a token. Send it in the header Authorization: Bearer, a space, the token."}
}

func badAuthorization(detail string) Problem {
	return Problem{Status: http.StatusBadRequest, Code: CodeBadAuthorization, Detail: detail, challenge: "invalid_request"}
}

func notAllowed() Problem {
	return Problem{Status: http.StatusForbidden, Code: CodeNotAllowed, challenge: "insufficient_scope",
		Detail: "The token is good, but its holder may not do this."}
}

// problemOf is the one place that knows what a verifier's error is to a client.
func problemOf(err error) Problem {
	if errors.Is(err, tokenauth.ErrNoKeys) {
		return Problem{Status: http.StatusServiceUnavailable, Code: CodeKeysUnavailable, Err: err,
			Detail: "The service has no keys to verify tokens by at the moment. Keep the token and try again."}
	}
	reason := tokenauth.Reason(err)
	return Problem{Status: http.StatusUnauthorized, Code: CodeToken + reason, Err: err,
		challenge: "invalid_token", Detail: details(reason)}
}

func details(reason string) string {
	switch reason {
	case "malformed":
		return "The token is no token of this kind. Send it whole, as it was issued."
	case "forged":
		return "The signature of the token does not match. Ask for a new one."
	case "unknown_key":
		return "The token was signed with a key that is not accepted here any more, or not yet. Ask for a new one."
	case "wrong_issuer":
		return "The token is from an issuer that is not accepted here."
	case "wrong_audience":
		return "The token is meant for another service."
	case "expired":
		return "The token has expired. Ask for a new one."
	case "not_yet_valid":
		return "The token is not valid yet: the clocks of its issuer and this service differ."
	default:
		return "The token was refused. Ask for a new one."
	}
}
