package tokenauth

import "errors"

// Why a token is refused. [Verifier] wraps exactly one of them; [Reason] gives
// each a stable code.
var (
	// ErrMalformed: not a compact JWS of ours: truncated, too long, wrong
	// encoding, or a required claim is missing.
	ErrMalformed = errors.New("token is malformed: send it whole, as it was issued")
	// ErrSignature: the signature does not match, or the algorithm is not EdDSA.
	ErrSignature = errors.New("token signature does not match: it was altered or made by someone else")
	// ErrUnknownKey: no accepted key has the token's key id: it was rotated
	// out, or issuer and verifier don't share their secret.
	ErrUnknownKey = errors.New("token was signed with a key that is not accepted: ask for a new one, and check that all services share one secret")
	// ErrNoKeys: the verifier has no key at all at the moment, so it can't judge
	// any token: its keys were not fetched yet, or not for too long.
	ErrNoKeys = errors.New("no token can be verified now: the verifier has no keys; look at what its key set reports")
	// ErrIssuer: a good signature, but another issuer.
	ErrIssuer = errors.New("token is from another issuer")
	// ErrAudience: a good signature, but meant for another service.
	ErrAudience = errors.New("token is meant for another audience")
	// ErrExpired: the time judged lies after the token's end and grace.
	ErrExpired = errors.New("token has expired: ask for a new one")
	// ErrNotYetValid: the time judged lies before the token's beginning and
	// grace. The clocks of issuer and verifier differ, or the message lies.
	ErrNotYetValid = errors.New("token is not valid yet: compare the clocks of issuer and verifier")
)

var (
	// ErrClaims: an issue request that no token can carry.
	ErrClaims = errors.New("claims can't be issued")
	// ErrNotRunning: the source was not started, or was stopped.
	ErrNotRunning = errors.New("token source is not running: call Start first; once stopped it stays stopped")
	// ErrAnswer: the service answered, but with no usable token.
	ErrAnswer = errors.New("token service gave no usable token")
	// ErrKeySet: keys that were read (PEM, JWKS) can't be used.
	ErrKeySet = errors.New("key set can't be used")
	// ErrCannotSign: a key set without private keys was asked to sign.
	ErrCannotSign = errors.New("key set can't sign")
	// ErrStopped: a key set was stopped and can't be started again.
	ErrStopped = errors.New("key set was stopped: make a new one")
)

// Reason gives the code of a refusal, for counters, logs and stored records:
// "malformed", "forged", "unknown_key", "no_keys", "wrong_issuer",
// "wrong_audience", "expired" or "not_yet_valid". It is "" for nil and "other"
// for an error that is no refusal. Codes never change meaning.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	for _, r := range []struct {
		err  error
		code string
	}{
		{ErrMalformed, "malformed"},
		{ErrSignature, "forged"},
		{ErrUnknownKey, "unknown_key"},
		{ErrNoKeys, "no_keys"},
		{ErrIssuer, "wrong_issuer"},
		{ErrAudience, "wrong_audience"},
		{ErrExpired, "expired"},
		{ErrNotYetValid, "not_yet_valid"},
	} {
		if errors.Is(err, r.err) {
			return r.code
		}
	}
	return "other"
}
