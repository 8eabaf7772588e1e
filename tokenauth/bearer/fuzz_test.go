package bearer_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/tokenauth/bearer"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// Whatever a client sends: it passes with the one good token only, and else
// gets an answer that is well formed and holds nothing of what it sent.
func FuzzCheck(f *testing.F) {
	good := fixedToken(f)
	for _, seed := range []string{
		"", "Bearer", "Bearer ", "Bearer " + good, "bearer  " + good, "Bearer\t" + good, good, "Basic " + good, "Bearer " + good + " ",
		"Bearer " + good + "=", `Bearer realm="x"`, "Bearer a, Bearer b", "Bearer \x00", "Bearer \xff.\xff.\xff",
	} {
		f.Add(seed, "", false)
		f.Add(seed, seed, true)
	}
	guard, err := bearer.New(bearer.Config{Verifier: tokenauthtest.NewVerifier(f, tokenauthtest.Start)})
	if err != nil {
		f.Fatal(err)
	}
	challenge := regexp.MustCompile(`^Bearer realm="api"(, error="(invalid_request|invalid_token)", error_description="[ !#-\[\]-~]+")?$`)
	isGood := regexp.MustCompile(`^(?i:bearer) +` + regexp.QuoteMeta(good) + `$`)
	f.Fuzz(func(t *testing.T, one, other string, both bool) {
		values := []string{one}
		if both {
			values = append(values, other)
		}
		claims, problem := guard.Check(values)
		if passed := problem == nil; passed != (!both && isGood.MatchString(one)) || passed != (claims.Subject == "s") {
			t.Fatalf("%q: passed as %q, %v", values, claims.Subject, problem)
		}
		if problem == nil {
			return
		}
		header := http.Header{}
		problem.Header(header.Set)
		if got := header.Get("WWW-Authenticate"); !challenge.MatchString(got) {
			t.Errorf("%q: WWW-Authenticate %q", values, got)
		}
		body := problem.Body()
		if !json.Valid(body) || problem.Status != http.StatusUnauthorized && problem.Status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", values, problem.Status, body)
		}
		// Signature and payload; a key id may be named in the error, which clients don't see.
		if parts := strings.Split(one, "."); len(parts) == 3 && len(parts[2]) > 40 && strings.Contains(string(body)+problem.Error(), parts[2]) {
			t.Errorf("%q is repeated: %s, %v", one, body, problem)
		}
	})
}

// fixedToken is the same in all processes of a fuzzing run; an issuer's has a fresh id.
func fixedToken(f *testing.F) string {
	f.Helper()
	now := tokenauthtest.Start()
	key, err := tokenauthtest.Keys(f).Signing(now)
	if err != nil {
		f.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	content := encode([]byte(`{"alg":"EdDSA","kid":"`+key.ID+`"}`)) + "." + encode(fmt.Appendf(nil,
		`{"jti":"1","sub":"s","iss":%q,"aud":%q,"iat":%d,"exp":%d}`, tokenauthtest.Issuer, tokenauthtest.Audience, now.Unix(), now.Unix()+30))
	return content + "." + encode(ed25519.Sign(key.Private, []byte(content)))
}
