package tokenauth_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// A key id is compared and nothing else: it names no file, no address and no
// query, and headers that bring or point to a key are not looked at.
func TestKeyIDInjection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := newIssuerSite(tokenauthtest.Keys(t))
		var told told
		keys := remote(t, site, tokenauth.RemoteConfig{OnError: told.hear})
		if err := keys.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		site.asked()
		verifier := newVerifier(t, keys)
		stranger := newKey(t)
		own := signingKey(t, tokenauthtest.Keys(t), time.Now())
		now := time.Now().Unix()
		payload := map[string]any{"jti": "1", "sub": "s", "iss": tokenauthtest.Issuer, "aud": tokenauthtest.Audience, "iat": now, "exp": now + 30}
		for _, id := range []string{
			"../../../../etc/passwd", "/dev/null", "file:///etc/passwd", "https://evil.example/jwks.json", "' OR 1=1 --", "; rm -rf /",
			"$(id)", own.ID + "\x00", " " + own.ID, own.ID + " ", strings.ToUpper(own.ID), own.ID[:len(own.ID)-1], strings.Repeat("k", 2000),
		} {
			_, err := verifier.Verify(forge(t, map[string]any{"alg": "EdDSA", "kid": id}, payload, stranger))
			wantReason(t, err, "unknown_key")
			time.Sleep(tokenauth.DefaultMinRefresh) // so that each may ask
		}
		for _, name := range []string{"jku", "x5u"} {
			_, err := verifier.Verify(forge(t, map[string]any{"alg": "EdDSA", "kid": own.ID, name: "https://evil.example/jwks.json"}, payload, stranger))
			wantReason(t, err, "forged")
		}
		for _, url := range site.urls() {
			if url != jwksURL {
				t.Errorf("a token made the verifier ask %s", url)
			}
		}
		if heard := told.heard(); len(heard) != 0 {
			t.Errorf("told %v", heard)
		}
	})
}

// What an issuer's JWKS may bring in, and what it can't.
func TestJWKSContent(t *testing.T) {
	public := func(fill string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat(fill, 32)))
	}
	key := func(id, fill, more string) string {
		return `{"kty":"OKP","crv":"Ed25519","kid":"` + id + `","x":"` + public(fill) + `"` + more + `}`
	}
	set := func(members ...string) string { return `{"keys":[` + strings.Join(members, ",") + `]}` }
	var many []string
	for i := range tokenauth.MaxKeys {
		many = append(many, key(fmt.Sprint(i), "a", ""))
	}
	good := key("good", "g", "")
	for _, c := range []struct {
		name, document string
		want           []string // nil: an error
	}{
		{"a key", set(good), []string{"good"}},
		{"in their order", set(key("b", "b", ""), key("a", "a", "")), []string{"b", "a"}},
		{"all that is said of it", set(key("k", "k", `,"alg":"EdDSA","use":"sig","key_ops":["verify"],"x5c":["AA"]`)), []string{"k"}},
		{"other members", `{"more":1,"keys":[` + good + `]}`, []string{"good"}},
		{"twice the same", set(good, good), []string{"good"}},
		{"as many as are kept", set(many...), ids(parseJWKS(t, set(many...)))},

		{"RSA beside it", set(`{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"}`, good), []string{"good"}},
		{"a curve to agree on keys", set(strings.Replace(key("k", "k", ""), "Ed25519", "X25519", 1), good), []string{"good"}},
		{"a secret beside it", set(`{"kty":"oct","kid":"o","k":"AAAA"}`, good), []string{"good"}},
		{"for encryption", set(key("k", "k", `,"use":"enc"`), good), []string{"good"}},
		{"for signing only", set(key("k", "k", `,"key_ops":["sign"]`), good), []string{"good"}},
		{"operations unreadable", set(key("k", "k", `,"key_ops":"verify"`), good), []string{"good"}},
		{"for another algorithm", set(key("k", "k", `,"alg":"ES256"`), good), []string{"good"}},
		{"for none", set(key("k", "k", `,"alg":"none"`), good), []string{"good"}},
		{"algorithm no text", set(key("k", "k", `,"alg":1`), good), []string{"good"}},
		{"its private part shown", set(key("k", "k", `,"d":"`+public("d")+`"`), good), []string{"good"}},
		{"no id", set(key("", "k", ""), good), []string{"good"}},
		{"id too long", set(key(strings.Repeat("i", 513), "k", ""), good), []string{"good"}},
		{"too short", set(strings.Replace(key("k", "k", ""), public("k"), "AAAA", 1), good), []string{"good"}},
		{"padded", set(strings.Replace(key("k", "k", ""), public("k"), public("k")+"=", 1), good), []string{"good"}},
		{"names in other case", set(strings.Replace(key("k", "k", ""), `"kid"`, `"KID"`, 1), good), []string{"good"}},

		{"one id, two keys", set(key("k", "a", ""), key("k", "b", "")), nil},
		{"too many", set(append(many, good)...), nil},
		{"none", set(), nil},
		{"none of ours", set(`{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"}`), nil},
		{"empty", "", nil},
		{"no object", "[]", nil},
		{"no list", `{"keys":{}}`, nil},
		{"no list of objects", `{"keys":[1]}`, nil},
		{"null", "null", nil},
		{"list in other case", strings.Replace(set(good), "keys", "Keys", 1), nil},
		{"cut off", set(good)[:40], nil},
		{"two documents", set(good) + set(good), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys, err := tokenauth.ParseJWKS([]byte(c.document))
			if diff := cmp.Diff(c.want, ids(keys)); diff != "" || (err != nil) != (c.want == nil) {
				t.Errorf("error %v, keys (-want +got):\n%s", err, diff)
			}
			if err != nil && !errors.Is(err, tokenauth.ErrKeySet) {
				t.Errorf("error %v, want ErrKeySet", err)
			}
		})
	}
}

func parseJWKS(t *testing.T, document string) []tokenauth.Key {
	t.Helper()
	keys, err := tokenauth.ParseJWKS([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// A secret that leaked is replaced: all that was signed with it ends at once.
func TestReplacedSecretEndsAllTokens(t *testing.T) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	derive := func(fill string) tokenauth.KeySet {
		return derivedKeys(t, tokenauth.DerivedConfig{Secret: []byte(strings.Repeat(fill, 32)), Label: "l"})
	}
	issue := func(keys tokenauth.KeySet) string {
		issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: keys, Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience, Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		return tokenauthtest.Issue(t, issuer, "s").Raw
	}
	verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{
		Keys: derive("b"), Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = verifier.Verify(issue(derive("a"))) // the same key ids, other keys
	wantReason(t, err, "forged")
	_, err = verifier.Verify(issue(derive("b")))
	wantReason(t, err, "")
}

// Each test that THREATS.md calls as a witness exists.
func TestThreatsNameRealTests(t *testing.T) {
	text, err := os.ReadFile("THREATS.md")
	if err != nil {
		t.Fatal(err)
	}
	defined := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, match := range function.FindAllStringSubmatch(string(source), -1) {
			defined[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(string(text), -1)
	if len(named) == 0 {
		t.Fatal("THREATS.md names no test")
	}
	for _, match := range named {
		if !defined[match[1]] {
			t.Errorf("THREATS.md names %s, which does not exist", match[1])
		}
	}
}
