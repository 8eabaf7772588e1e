package tokenauth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// Whatever an issuer's site sends: no panic, keys that are keys, and a token
// accepted by them only if the document really shows the key that signed it.
func FuzzJWKS(f *testing.F) {
	keys := tokenauthtest.Keys(f)
	now := tokenauthtest.Start()
	clock := tokenauthtest.NewClock(now)
	signing := signingKey(f, keys, now)
	token := tokenauthtest.Issue(f, tokenauthtest.NewIssuer(f, clock.Now), "s").Raw
	good, err := tokenauth.JWKS(keys, now)
	if err != nil {
		f.Fatal(err)
	}
	x := base64.RawURLEncoding.EncodeToString(signing.Public)
	key := `{"kty":"OKP","crv":"Ed25519","kid":"` + signing.ID + `","x":"` + x + `"}`
	for _, seed := range []string{
		string(good), ``, `null`, `[]`, `{}`, `{"keys":null}`, `{"keys":{}}`, `{"keys":[null]}`, `{"keys":[]}`, `{"KEYS":[` + key + `]}`,
		`{"keys":[` + key + `]}`, `{"keys":[` + key + `,` + key + `]}`,
		`{"keys":[` + key + `,` + strings.Replace(key, x, strings.Repeat("A", 43), 1) + `]}`,
		`{"keys":[` + strings.Replace(key, `"x"`, `"d":"AAAA","x"`, 1) + `]}`,
		`{"keys":[` + strings.Replace(key, `"x"`, `"use":"enc","x"`, 1) + `]}`,
		`{"keys":[` + strings.Replace(key, `"x"`, `"key_ops":["sign"],"x"`, 1) + `]}`,
		`{"keys":[` + strings.Replace(key, `"x"`, `"alg":"none","x"`, 1) + `]}`,
		`{"keys":[{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"},` + key + `]}`,
		`{"keys":[{"kty":"oct","kid":"` + signing.ID + `","k":"` + x + `"}]}`,
		strings.Repeat(`{"keys":[`, 100),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		parsed, err := tokenauth.ParseJWKS(document)
		if (err != nil) != (len(parsed) == 0) || err != nil && !errors.Is(err, tokenauth.ErrKeySet) || len(parsed) > tokenauth.MaxKeys {
			t.Fatalf("%d keys, error %v", len(parsed), err)
		}
		seen := map[string]bool{}
		for _, k := range parsed {
			if k.ID == "" || seen[k.ID] || len(k.Public) != ed25519.PublicKeySize || k.Private != nil {
				t.Fatalf("a key that is none, or twice: %v", k)
			}
			seen[k.ID] = true
		}
		shown := slices.ContainsFunc(parsed, func(k tokenauth.Key) bool { return k.ID == signing.ID && k.Public.Equal(signing.Public) })
		verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{
			Keys: staticKeys(parsed), Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience, Now: clock.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		switch {
		case len(parsed) == 0:
			want = "no_keys"
		case !seen[signing.ID]:
			want = "unknown_key"
		case !shown:
			want = "forged"
		}
		if _, err := verifier.Verify(token); tokenauth.Reason(err) != want {
			t.Errorf("the token: %v, want %q", err, want)
		}
		if len(parsed) == 0 {
			return
		}
		written, err := tokenauth.JWKS(staticKeys(parsed), time.Time{})
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		again, err := tokenauth.ParseJWKS(written)
		if err != nil || !slices.EqualFunc(parsed, again, func(a, b tokenauth.Key) bool { return a.ID == b.ID && a.Public.Equal(b.Public) }) {
			t.Errorf("read %v, wrote and read %v, %v", parsed, again, err)
		}
	})
}

// Whatever lies in a key file: no panic, keys that sign what they verify, and
// no part of the file in an error.
func FuzzPEM(f *testing.F) {
	pair := newKeyPair(f, 'a')
	for _, seed := range []string{
		"", pair.private, pair.public, pair.private + pair.public, pair.private[:60], strings.ReplaceAll(pair.private, "PRIVATE", "PUBLIC"),
		strings.ReplaceAll(pair.public, "PUBLIC", "PRIVATE"), strings.ReplaceAll(pair.private, "PRIVATE", "ENCRYPTED PRIVATE"),
		"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "-----BEGIN PUBLIC KEY-----\nX: y\n\nAAAA\n-----END PUBLIC KEY-----\n",
	} {
		f.Add([]byte(seed))
	}
	message := []byte("message")
	f.Fuzz(func(t *testing.T, file []byte) {
		keys, err := tokenauth.ParsePEM(file)
		if (err != nil) != (len(keys) == 0) || err != nil && !errors.Is(err, tokenauth.ErrKeySet) {
			t.Fatalf("%d keys, error %v", len(keys), err)
		}
		for _, k := range keys {
			if len(k.Public) != ed25519.PublicKeySize || len(k.ID) != 43 {
				t.Fatalf("a key that is none: %v", k)
			}
			if k.Private != nil && !ed25519.Verify(k.Public, message, ed25519.Sign(k.Private, message)) {
				t.Errorf("key %v does not verify what it signs", k)
			}
		}
	})
}
