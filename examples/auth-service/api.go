package main

import (
	"context"
	"flag"
	"log/slog"
	"net/http"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/bearer"
	"github.com/mission-control-dev/mission-control/tokenauth/httpauth"
)

func runAPI(ctx context.Context, flags *flag.FlagSet, args []string, log *slog.Logger) error {
	addr := flags.String("addr", "127.0.0.1:8091", "address to listen on; port 0 takes a free one")
	jwks := flags.String("jwks", "http://127.0.0.1:8090/.well-known/jwks.json", "where the issuer shows its public keys: https, or http on this machine")
	grace := flags.Duration("grace", tokenauth.DefaultGrace, "how far the clocks may differ; negative for not at all")
	if err := flags.Parse(args); err != nil {
		return err
	}
	keys, err := tokenauth.NewRemoteKeys(tokenauth.RemoteConfig{
		URL: *jwks, OnError: func(err error) { log.Warn("issuer's keys", "error", err) },
	})
	if err != nil {
		return err
	}
	// It serves from the first moment, and answers 503 until the keys are there.
	if err := keys.Start(ctx); err != nil {
		return err
	}
	defer func() { _ = keys.Stop(context.WithoutCancel(ctx)) }() // without a deadline it can't fail
	verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{Keys: keys, Issuer: issuerName, Audience: audienceName, Grace: *grace})
	if err != nil {
		return err
	}
	handler, err := apiHandler(verifier, log)
	if err != nil {
		return err
	}
	return serve(ctx, *addr, handler, log)
}

// apiHandler lets everybody with a token read, and admins write.
func apiHandler(verifier *tokenauth.Verifier, log *slog.Logger) (http.Handler, error) {
	refused := func(p bearer.Problem) { log.Info("refused", "code", p.Code, "error", p) }
	everybody, err := httpauth.New(bearer.Config{Verifier: verifier, Realm: audienceName, OnRefused: refused})
	if err != nil {
		return nil, err
	}
	admins, err := httpauth.New(bearer.Config{
		Verifier: verifier, Realm: audienceName, OnRefused: refused,
		Allow: func(c tokenauth.Claims) bool { return c.Private["role"] == "admin" },
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /reports", everybody(http.HandlerFunc(greet)))
	mux.Handle("POST /reports", admins(http.HandlerFunc(greet)))
	return mux, nil
}

// greet shows what a handler knows of the caller.
func greet(w http.ResponseWriter, r *http.Request) {
	claims, ok := tokenauth.ClaimsFrom(r.Context())
	if !ok { // it was mounted without the middleware
		http.Error(w, "no claims", http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"did": r.Method + " " + r.URL.Path, "as": claims.Subject, "role": claims.Private["role"],
		"token_id": claims.ID, "until": claims.ExpiresAt,
	})
}
