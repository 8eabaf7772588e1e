// Package tokenauth gives short-lived tokens to clients and checks them: an
// [Issuer], a [Verifier], the public keys as a JWKS, and a [Source] that holds
// a client's token and renews it ahead of its end. It knows nothing of what
// the tokens are for; any service may use it.
//
//	 client                          service (any number of copies)
//	+--------+   ask (Fetch)        +--------+   Signing   +-------------+
//	| Source | -------------------> | Issuer | <---------- | DerivedKeys |
//	|        | <------------------- |        |             | one secret, |
//	+--------+   token, expires_in  +--------+             | one key per |
//	    |                           +----------+ Accepted  | period      |
//	    +-- token with each word -> | Verifier | <-------- |             |
//	                                +----------+           +-------------+
//
// # Who has authority
//
// The issuer alone says what time a token was made and how long it lives. A
// client's wall clock decides nothing: [Credential.Time] is the token's issue
// time plus the monotonic time since it was asked for. The services' own time
// comes from the Now that their configuration gives; where several copies must
// agree closely, give all of them the same source of time.
//
// # Where keys come from
//
// [DerivedKeys] are derived from one secret and the number of the period, never
// stored: every copy of a service with the same secret signs and accepts the
// same tokens, and a restart changes nothing. The current key signs; the
// current, two before and one after are accepted.
//
// [FileKeys] are PEM files that somebody else makes and replaces; they are
// taken while the service runs. [RemoteKeys] are for verifiers that have no
// secret and no files: the issuer's JWKS, fetched, kept, and asked for again
// when a token names a key that is not in it. The last two run a goroutine:
// Start and Stop them.
//
// # Verify and validate
//
// To verify is to check the signature: algorithm EdDSA, a known key, bytes
// unchanged. To validate is to check the claims: issuer, audience, time. Each
// call of [Verifier] says which of the two it does:
//
//	Verify           signature, issuer, audience, time: now
//	VerifyAt         signature, issuer, audience, time: that of the message
//	VerifySignature  signature, issuer, audience; however old
//
// VerifyAt is for messages that wait in a broker: it asks whether the token was
// good when the message was made. The message states that time itself, so who
// holds a token can backdate for as long as the key is accepted (48 to 72 hours
// with the defaults). A leaked token is bounded by its 30 seconds only where
// Verify is used; use VerifyAt and VerifySignature where another secret or a
// comparison of subjects stands beside them.
//
// # What may fail
//
//   - Forgery: one algorithm, stated by the verifier and never by the token.
//     "none", HS256 with the public key as secret, unknown keys, other
//     serialisations, critical extensions and padded base64 are refused.
//   - A leaked secret: every key of every period follows from it. Replace it;
//     all tokens end at once.
//   - The JWKS away, or no JWKS: the last good set stays for a day; before the
//     first, tokens can't be judged (ErrNoKeys), which is not the client's fault.
//   - Key files damaged or gone: the set before stays, and it is reported.
//   - A leaked token: works for its life, 30 s and grace. There is no revocation
//     list; a shorter life is the revocation.
//   - Services whose clocks differ: up to Grace (5 s) is forgiven either way.
//   - The service away: the source keeps its token until it ends and asks again
//     with backoff and jitter; then Current says false and Wait blocks.
//   - A suspended machine: the monotonic clock may stand still meanwhile, so a
//     source can hold a token that the service already refuses. Renew then.
//   - Replay: a token proves who speaks, not that a message is new.
//
// THREATS.md in this module says more of each, with its test.
//
// Times in a token are NumericDates with milliseconds (RFC 7519 allows
// fractions), so that times counted from them don't run back within a second.
package tokenauth
