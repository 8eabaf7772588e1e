// Package bearer judges the Authorization header of HTTP requests (RFC 6750)
// and says what to answer: the framework-neutral half of the middleware in
// httpauth (net/http) and fiberauth (Fiber v2). For another framework, give
// [Guard.Check] the header's values and write the [Problem]; bearertest has the
// test that every middleware of ours passes.
//
//	request                           status  code                error=
//	no credentials of this scheme     401     token_missing       -
//	credentials twice or unreadable   400     bad_authorization   invalid_request
//	a token that is refused           401     token_expired, ...  invalid_token
//	a good token, not allowed here    403     token_not_allowed   insufficient_scope
//	no keys to judge by               503     keys_unavailable    -
//
// Code is in the body, an RFC 9457 problem+json, and never changes its meaning;
// error= is RFC 6750's word in WWW-Authenticate. For a refused token the code
// is "token_" and what tokenauth.Reason says of it.
//
// Tokens are taken from the Authorization header alone: in a query they end up
// in logs, and in a form they need the body. Neither answers nor errors repeat
// any part of a token, and nothing here logs.
package bearer
