package tokenauth

import "context"

type claimsKey struct{}

// NewContext gives a context that carries the claims of a verified token. It
// shares them with the caller.
func NewContext(ctx context.Context, claims Claims) context.Context {
	return context.WithValue(ctx, claimsKey{}, claims)
}

// ClaimsFrom gives the claims that a middleware (httpauth, fiberauth) found
// good and put into the context; false behind none.
func ClaimsFrom(ctx context.Context) (Claims, bool) {
	claims, ok := ctx.Value(claimsKey{}).(Claims)
	return claims, ok
}
