package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/httpauth"
)

func runIssuer(ctx context.Context, flags *flag.FlagSet, args []string, log *slog.Logger) error {
	addr := flags.String("addr", "127.0.0.1:8090", "address to listen on; port 0 takes a free one")
	secret := flags.String("secret", "", "file with at least 32 random bytes to derive the signing keys from")
	folder := flags.String("keys", "", "folder of PEM keys, instead of -secret; changes are taken while it runs")
	clientsFile := flags.String("clients", "", "file of clients: a line each of name, role and key")
	ttl := flags.Duration("ttl", tokenauth.DefaultTTL, "life of a token")
	if err := flags.Parse(args); err != nil {
		return err
	}
	clients, err := readClients(*clientsFile)
	if err != nil {
		return err
	}
	keys, stop, err := signingKeys(ctx, *secret, *folder, log)
	if err != nil {
		return err
	}
	defer stop()
	issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: keys, Issuer: issuerName, Audience: audienceName, TTL: *ttl})
	if err != nil {
		return err
	}
	jwks, err := httpauth.JWKS(httpauth.JWKSConfig{Keys: keys})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /.well-known/jwks.json", jwks)
	mux.Handle("POST /token", tokenHandler(issuer, clients, log))
	return serve(ctx, *addr, mux, log)
}

// signingKeys come from a secret, or from files that are watched until stop.
func signingKeys(ctx context.Context, secretFile, folder string, log *slog.Logger) (keys tokenauth.KeySet, stop func(), err error) {
	if (secretFile == "") == (folder == "") {
		return nil, nil, errors.New("say where the signing keys come from: give either -secret or -keys")
	}
	if secretFile != "" {
		secret, err := os.ReadFile(secretFile)
		if err != nil {
			return nil, nil, fmt.Errorf("reading -secret: %w", err)
		}
		keys, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{Secret: secret, Label: issuerName})
		return keys, func() {}, err
	}
	files, err := tokenauth.NewFileKeys(tokenauth.FilesConfig{
		Paths: []string{folder}, OnError: func(err error) { log.Error("key files", "error", err) },
	})
	if err != nil {
		return nil, nil, err
	}
	if _, err := files.Signing(time.Now()); err != nil {
		return nil, nil, err
	}
	if err := files.Start(ctx); err != nil {
		return nil, nil, err
	}
	return files, func() { _ = files.Stop(context.WithoutCancel(ctx)) }, nil // without a deadline it can't fail
}

// client is who may ask for tokens. Of its key only the hash is kept.
type client struct {
	role string
	key  [sha256.Size]byte
}

// readClients reads lines of a name, a role and a key.
func readClients(path string) (map[string]client, error) {
	if path == "" {
		return nil, errors.New("say who may ask for tokens: give -clients")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading -clients: %w", err)
	}
	clients := map[string]client{}
	number := 0
	for line := range bytes.Lines(content) {
		number++
		fields := strings.Fields(string(line))
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 3 || len(fields[2]) < 16 {
			return nil, fmt.Errorf("%s, line %d: give a name, a role and a key of at least 16 characters", path, number)
		}
		if _, ok := clients[fields[0]]; ok {
			return nil, fmt.Errorf("%s, line %d: %s is there twice", path, number, fields[0])
		}
		clients[fields[0]] = client{role: fields[1], key: sha256.Sum256([]byte(fields[2]))}
	}
	if len(clients) == 0 {
		return nil, fmt.Errorf("%s names no client", path)
	}
	return clients, nil
}

// tokenHandler is OAuth 2.0's client credentials grant (RFC 6749, 4.4). What a
// token says of its holder comes from the issuer's list, never from the request.
func tokenHandler(issuer *tokenauth.Issuer, clients map[string]client, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 4096)
		if r.PostFormValue("grant_type") != "client_credentials" {
			answer(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
			return
		}
		name, key, _ := r.BasicAuth()
		known, ok := clients[name]
		sum := sha256.Sum256([]byte(key))
		if subtle.ConstantTimeCompare(sum[:], known.key[:]) != 1 || !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
			answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
			return
		}
		token, err := issuer.Issue(tokenauth.IssueRequest{Subject: name, Private: map[string]string{"role": known.role}})
		if err != nil {
			log.Error("issuing a token", "client", name, "error", err)
			answer(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
			return
		}
		log.Info("issued", "client", name, "token_id", token.ID) // its id, never the token
		answer(w, http.StatusOK, map[string]any{
			"access_token": token.Raw, "token_type": "Bearer", "expires_in": int(token.TTL / time.Second),
		})
	})
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "the answer can't be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(encoded, '\n')) // the client may be gone; nobody is left to tell
}
