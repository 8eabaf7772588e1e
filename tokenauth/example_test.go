package tokenauth_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mission-control-dev/mission-control/tokenauth"
)

// A service issues a token to a client and checks it when the client speaks.
func Example() {
	keys, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{
		Secret: []byte("32 random bytes or more, read from a file"),
		Label:  "orders",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: keys, Issuer: "orders", Audience: "orders", Now: clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{Keys: keys, Issuer: "orders", Audience: "orders", Now: clock})
	if err != nil {
		fmt.Println(err)
		return
	}

	token, err := issuer.Issue(tokenauth.IssueRequest{Subject: "worker-7", Private: map[string]string{"site": "north"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	claims, err := verifier.Verify(token.Raw)
	fmt.Println(claims.Subject, claims.Private["site"], claims.KeyID, token.TTL, err)

	now = now.Add(36 * time.Second)
	_, err = verifier.Verify(token.Raw)
	fmt.Println(tokenauth.Reason(err), errors.Is(err, tokenauth.ErrExpired))

	// A message that was made in time, and waited in a broker since.
	_, err = verifier.VerifyAt(token.Raw, token.IssuedAt.Add(10*time.Second))
	fmt.Println(err)
	// Output:
	// worker-7 north orders-20260302T000000Z 30s <nil>
	// expired true
	// <nil>
}

// A client keeps a token fresh and speaks with the one it holds.
func ExampleSource() {
	source, err := tokenauth.NewSource(tokenauth.SourceConfig{
		Fetch: func(context.Context) (tokenauth.Fetched, error) {
			// Here the client asks the service over HTTP.
			return tokenauth.Fetched{Raw: "header.payload.signature", ExpiresIn: 30 * time.Second, IssuedAt: time.Now()}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := source.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = source.Stop(ctx) }()

	credential, err := source.Wait(ctx)
	fmt.Println(credential.Raw, credential.ExpiresIn, err)
	// Output: header.payload.signature 30s <nil>
}

// Keys for other uses come from the same secret, each with a label of its own.
func ExampleDeriveKey() {
	secret := []byte("32 random bytes or more, read from a file")
	key, err := tokenauth.DeriveKey(secret, "tickets", 32)
	fmt.Println(len(key), err)
	_, err = tokenauth.DeriveKey([]byte("short"), "tickets", 32)
	fmt.Println(err)
	// Output:
	// 32 <nil>
	// secret has 5 bytes: give at least 32 random ones
}
