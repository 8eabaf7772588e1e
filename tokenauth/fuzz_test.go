package tokenauth_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// Whatever is sent: no panic, a reason for each refusal, and nothing accepted
// but the one token that was issued.
func FuzzVerify(f *testing.F) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	key := signingKey(f, tokenauthtest.Keys(f), clock.Now())
	issued := forge(f,
		map[string]any{"alg": "EdDSA", "typ": "JWT", "kid": key.ID},
		map[string]any{
			"jti": "1", "sub": "s", "iss": tokenauthtest.Issuer, "aud": tokenauthtest.Audience,
			"iat": clock.Now().Unix(), "exp": clock.Now().Unix() + 30, "site": "north",
		}, key.Private)
	for _, seed := range []string{
		issued, "", ".", "..", "...", "e30.e30.", issued[:40], issued + ".", issued + "=",
		strings.Replace(issued, ".", ".e30.", 1), strings.Repeat("A", tokenauth.MaxTokenBytes+1),
		`{"payload":"e30","protected":"e30","signature":""}`,
	} {
		f.Add(seed)
	}
	verifier := tokenauthtest.NewVerifier(f, clock.Now)
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := verifier.Verify(raw)
		if reason := tokenauth.Reason(err); reason == "other" || (reason == "") != (raw == issued) {
			t.Errorf("%q: reason %q (%v)", raw, reason, err)
		}
		if _, err := tokenauth.IssuedAt(raw); err != nil && tokenauth.Reason(err) != "malformed" {
			t.Errorf("%q: IssuedAt gives %v", raw, err)
		}
	})
}

// The same behind the signature: what an issuer that isn't ours, but has the
// key, may write.
func FuzzSignedContent(f *testing.F) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	key := signingKey(f, tokenauthtest.Keys(f), clock.Now())
	header := `{"alg":"EdDSA","kid":"` + key.ID + `"}`
	f.Add(header, `{"jti":"1","sub":"s","iss":"test-issuer","aud":["test-audience"],"iat":1772452800,"exp":1772452830.5,"nbf":0}`)
	f.Add(header, `{"iat":1e400,"aud":{},"sub":null}`)
	f.Add(header, `[]`)
	f.Add(`{"alg":"EdDSA","alg":"none","kid":"`+key.ID+`"}`, `{}`)
	f.Add(`null`, `null`)
	verifier := tokenauthtest.NewVerifier(f, clock.Now)
	f.Fuzz(func(t *testing.T, header, payload string) {
		claims, err := verifier.Verify(forgeText(header, payload, key.Private))
		if tokenauth.Reason(err) == "other" {
			t.Errorf("an error without a reason: %v", err)
		}
		if err == nil && (claims.Subject == "" || claims.ID == "" || claims.Issuer != tokenauthtest.Issuer) {
			t.Errorf("accepted without its claims: %+v", claims)
		}
		if err == nil && !json.Valid([]byte(payload)) {
			t.Errorf("accepted a payload that is no JSON: %q", payload)
		}
	})
}
