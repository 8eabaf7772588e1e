// Package interop_test checks that tokens verify in another language's library
// from nothing but the JWKS: jose on Node. `./task deps:interop` installs it.
package interop_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/httpauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// node gives the program, or ends the test where it or the package is missing.
func node(t *testing.T) string {
	t.Helper()
	missing := func(what string) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	path, err := exec.LookPath("node")
	if err != nil {
		missing("needs Node 20.19 or later on PATH: https://nodejs.org/en/download")
	}
	if _, err := os.Stat("node_modules/jose/package.json"); err != nil {
		missing("needs the npm package jose: run ./task deps:interop")
	}
	return path
}

type issuing struct {
	keys             tokenauth.KeySet
	issuer, audience string
	at               time.Time
}

func (i issuing) token(t *testing.T) string {
	t.Helper()
	issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{
		Keys: i.keys, Issuer: i.issuer, Audience: i.audience, Now: func() time.Time { return i.at },
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.Issue(tokenauth.IssueRequest{Subject: "worker-7", Private: map[string]string{"role": "admin"}})
	if err != nil {
		t.Fatal(err)
	}
	return token.Raw
}

func TestTokensVerifyInJose(t *testing.T) {
	program := node(t)
	keys := tokenauthtest.Keys(t)
	now := time.Now() // one for all, so that no key changes in between
	handler, err := httpauth.JWKS(httpauth.JWKSConfig{Keys: keys, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(handler)
	defer site.Close()
	derive := func(secret []byte, label string) tokenauth.KeySet {
		keys, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{Secret: secret, Label: label})
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	const issuer, audience = "orders", "reports"
	good := issuing{keys, issuer, audience, now}.token(t)
	parts := strings.Split(good, ".")
	payload := strings.Replace(decode(t, parts[1]), "worker-7", "worker-1", 1)

	signing, err := keys.Signing(now)
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{
		"good":                       good,
		"of the key of two days ago": issuing{keys, issuer, audience, now.Add(-48 * time.Hour)}.token(t),
		"expired":                    issuing{keys, issuer, audience, now.Add(-36 * time.Second)}.token(t),
		"from the future":            issuing{keys, issuer, audience, now.Add(time.Minute)}.token(t),
		"altered":                    parts[0] + "." + encode([]byte(payload)) + "." + parts[2],
		"forged":                     issuing{derive(bytes.Repeat([]byte("x"), 32), "test"), issuer, audience, now}.token(t),
		"unknown key":                issuing{derive(tokenauthtest.Secret(), "other"), issuer, audience, now}.token(t),
		"wrong audience":             issuing{keys, issuer, "other", now}.token(t),
		"wrong issuer":               issuing{keys, "other", audience, now}.token(t),
		"alg none":                   encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"HS256 with the public key":  hs256(signing, parts[1]),
	}
	want := map[string]string{
		"good": "sub=worker-7 role=admin",
		// Its key is in the JWKS, so that nothing but its time is wrong.
		"of the key of two days ago": "ERR_JWT_EXPIRED exp",
		"expired":                    "ERR_JWT_EXPIRED exp",
		"from the future":            "sub=worker-7 role=admin", // jose judges nbf and exp, and leaves iat to the caller
		"altered":                    "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
		"forged":                     "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
		"unknown key":                "ERR_JWKS_NO_MATCHING_KEY",
		"wrong audience":             "ERR_JWT_CLAIM_VALIDATION_FAILED aud",
		"wrong issuer":               "ERR_JWT_CLAIM_VALIDATION_FAILED iss",
		"alg none":                   "ERR_JOSE_ALG_NOT_ALLOWED",
		"HS256 with the public key":  "ERR_JOSE_ALG_NOT_ALLOWED",
	}
	question, err := json.Marshal(map[string]any{"jwks": site.URL, "issuer": issuer, "audience": audience, "tokens": tokens})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "verify.mjs")
	command.Stdin = bytes.NewReader(question)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, complaints.String())
	}
	var got map[string]string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("node wrote %q: %v", out, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("jose says (-want +got):\n%s", diff)
	}
}

// hs256 is the confusion of algorithms: the public key as a shared secret.
func hs256(key tokenauth.Key, payload string) string {
	content := encode([]byte(`{"alg":"HS256","kid":"`+key.ID+`"}`)) + "." + payload
	mac := hmac.New(sha256.New, key.Public)
	mac.Write([]byte(content))
	return content + "." + encode(mac.Sum(nil))
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func decode(t *testing.T, text string) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
