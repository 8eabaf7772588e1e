package tokenauth_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

func TestIssuedTokenVerifies(t *testing.T) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start().Add(123456789 * time.Nanosecond))
	issuer, verifier := tokenauthtest.NewIssuer(t, clock.Now), tokenauthtest.NewVerifier(t, clock.Now)
	token, err := issuer.Issue(tokenauth.IssueRequest{Subject: "worker-7", Private: map[string]string{"site": "north", "SUB": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	issuedAt := tokenauthtest.Start().Add(123 * time.Millisecond)
	want := tokenauth.Claims{
		ID: token.ID, Subject: "worker-7", Issuer: tokenauthtest.Issuer, Audience: []string{tokenauthtest.Audience},
		KeyID: "test-20260302T000000Z", IssuedAt: issuedAt, ExpiresAt: issuedAt.Add(30 * time.Second),
		Private: map[string]string{"site": "north", "SUB": "x"},
	}
	for _, round := range []string{"first", "remembered"} {
		got, err := verifier.Verify(token.Raw)
		if err != nil {
			t.Fatalf("%s: %v", round, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", round, diff)
		}
		got.Private["site"], got.Audience[0] = "changed", "changed"
	}
	wantToken := tokenauth.Token{
		Raw: token.Raw, ID: token.ID, Subject: "worker-7",
		IssuedAt: issuedAt, ExpiresAt: issuedAt.Add(30 * time.Second), TTL: 30 * time.Second,
	}
	if diff := cmp.Diff(wantToken, token); diff != "" {
		t.Errorf("token (-want +got):\n%s", diff)
	}
	if got, err := tokenauth.IssuedAt(token.Raw); err != nil || !got.Equal(issuedAt) {
		t.Errorf("IssuedAt gives %v, %v", got, err)
	}
	if other := tokenauthtest.Issue(t, issuer, "worker-7"); other.ID == token.ID {
		t.Error("two tokens have one id")
	}
}

// Edges of a token's life, by each of the three ways to check it.
func TestTimeOfTokens(t *testing.T) {
	const ttl, grace = 30 * time.Second, 5 * time.Second
	for _, c := range []struct {
		name string
		at   time.Duration // since the issue
		want string
	}{
		{"long before", -time.Hour, "not_yet_valid"},
		{"just before the grace", -grace - time.Nanosecond, "not_yet_valid"},
		{"first moment of the grace", -grace, ""},
		{"issue", 0, ""},
		{"end", ttl, ""},
		{"last moment of the grace", ttl + grace, ""},
		{"just after the grace", ttl + grace + time.Nanosecond, "expired"},
		{"a day later", 24 * time.Hour, "expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := tokenauthtest.Start()
			clock := tokenauthtest.NewClock(start)
			verifier := tokenauthtest.NewVerifier(t, clock.Now)
			raw := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, clock.Now), "s").Raw
			for range 2 { // once verified, once remembered
				clock.Set(start.Add(c.at))
				_, err := verifier.Verify(raw)
				wantReason(t, err, c.want)
				_, err = verifier.VerifySignature(raw)
				wantReason(t, err, "")
				clock.Set(start.Add(20 * time.Hour))
				_, err = verifier.VerifyAt(raw, start.Add(c.at))
				wantReason(t, err, c.want)
			}
		})
	}
}

func TestTimesProperty(t *testing.T) {
	keys := tokenauthtest.Keys(t)
	rapid.Check(t, func(t *rapid.T) {
		ttl := time.Duration(rapid.IntRange(1000, 3_600_000).Draw(t, "ttl ms")) * time.Millisecond
		grace := time.Duration(rapid.IntRange(1, 60_000).Draw(t, "grace ms")) * time.Millisecond
		clock := tokenauthtest.NewClock(time.Unix(0, rapid.Int64Range(1e18, 4e18).Draw(t, "issued")))
		issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: keys, Issuer: "i", Audience: "a", TTL: ttl, Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{Keys: keys, Issuer: "i", Audience: "a", Grace: grace, Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		req := tokenauth.IssueRequest{
			Subject: rapid.StringN(1, 50, 200).Draw(t, "subject"),
			Private: rapid.MapOfN(rapid.StringMatching(`[a-zA-Z_.<&-]{4,10}`), rapid.StringN(0, 50, 200), 0, 4).Draw(t, "private"),
		}
		token, err := issuer.Issue(req)
		if err != nil {
			t.Fatal(err)
		}
		claims, err := verifier.Verify(token.Raw)
		if err != nil {
			t.Fatalf("at its issue: %v", err)
		}
		if claims.Subject != req.Subject || !maps.Equal(claims.Private, req.Private) {
			t.Fatalf("asked for %v, got %v", req, claims)
		}
		age := time.Duration(rapid.Int64Range(-int64(2*grace), int64(ttl+2*grace)).Draw(t, "age"))
		want := ""
		if age < -grace {
			want = "not_yet_valid"
		} else if age > ttl+grace {
			want = "expired"
		}
		if _, err := verifier.VerifyAt(token.Raw, token.IssuedAt.Add(age)); tokenauth.Reason(err) != want {
			t.Fatalf("age %s of %s, grace %s: %v, want %q", age, ttl, grace, err, want)
		}
	})
}

// Tokens that nobody but an attacker or a broken client would send.
func TestRefusals(t *testing.T) {
	start := tokenauthtest.Start()
	clock := tokenauthtest.NewClock(start)
	keys := tokenauthtest.Keys(t)
	key := signingKey(t, keys, start)
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	header := func(change map[string]any) map[string]any {
		h := map[string]any{"alg": "EdDSA", "typ": "JWT", "kid": key.ID}
		maps.Copy(h, change)
		return h
	}
	payload := func(change map[string]any) map[string]any {
		p := map[string]any{
			"jti": "1", "sub": "s", "iss": tokenauthtest.Issuer, "aud": tokenauthtest.Audience,
			"iat": start.Unix(), "exp": start.Unix() + 30,
		}
		maps.Copy(p, change)
		return p
	}
	with := func(h, p map[string]any) string { return forge(t, header(h), payload(p), key.Private) }
	good := with(nil, nil)
	content := part(t, header(map[string]any{"alg": "HS256"})) + "." + part(t, payload(nil))
	mac := hmac.New(sha256.New, key.Public)
	mac.Write([]byte(content))
	hs256 := content + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	none := part(t, header(map[string]any{"alg": "none"})) + "." + part(t, payload(nil)) + "."
	dot := strings.LastIndex(good, ".")

	for _, c := range []struct{ name, raw, want string }{
		{"good", good, ""},
		{"audience among others", with(nil, map[string]any{"aud": []string{"x", tokenauthtest.Audience}}), ""},
		{"other types of private claims", with(nil, map[string]any{"n": 1, "o": map[string]any{}, "z": nil}), ""},

		{"empty", "", "malformed"},
		{"words", "Bearer " + good, "malformed"},
		{"two parts", good[:dot], "malformed"},
		{"four parts", good + ".", "malformed"},
		{"padded", good + "=", "malformed"},
		{"standard base64", good[:dot+1] + strings.Repeat("+", 86), "malformed"},
		{"line end", good + "\n", "malformed"},
		{"line end inside", good[:9] + "\n" + good[9:], "malformed"},
		{"too long", good + strings.Repeat("A", tokenauth.MaxTokenBytes), "malformed"},
		{"JSON serialisation", `{"payload":"e30","signatures":[]}`, "malformed"},
		{"header no object", "e30x." + good[strings.Index(good, ".")+1:], "malformed"},
		{"payload no object", forgeText(`{"alg":"EdDSA","kid":"`+key.ID+`"}`, "[]", key.Private), "malformed"},
		{"no key id", with(map[string]any{"kid": nil}, nil), "malformed"},
		{"key id a number", with(map[string]any{"kid": 1}, nil), "malformed"},
		{"algorithm a number", with(map[string]any{"alg": 1}, nil), "malformed"},
		{"critical extension", with(map[string]any{"crit": []string{"b64"}, "b64": false}, nil), "malformed"},
		{"unencoded payload", with(map[string]any{"b64": false}, nil), "malformed"},
		{"no subject", with(nil, map[string]any{"sub": nil}), "malformed"},
		{"empty subject", with(nil, map[string]any{"sub": ""}), "malformed"},
		{"no id", with(nil, map[string]any{"jti": nil}), "malformed"},
		{"no issuer", with(nil, map[string]any{"iss": nil}), "malformed"},
		{"no audience", with(nil, map[string]any{"aud": nil}), "malformed"},
		{"no end", with(nil, map[string]any{"exp": nil}), "malformed"},
		{"end a text", with(nil, map[string]any{"exp": "4102444800"}), "malformed"},
		{"end too far", with(nil, map[string]any{"exp": 1e300}), "malformed"},
		{"no beginning", with(nil, map[string]any{"iat": nil}), "malformed"},
		{"beginning negative", with(nil, map[string]any{"iat": -1}), "malformed"},
		{"not-before a text", with(nil, map[string]any{"nbf": "x"}), "malformed"},

		{"alg none", none, "forged"},
		{"alg none in other case", with(map[string]any{"alg": "nOnE"}, nil), "forged"},
		{"alg none with our signature", with(map[string]any{"alg": "none"}, nil), "forged"},
		{"no algorithm", with(map[string]any{"alg": nil}, nil), "forged"},
		{"HS256 with the public key", hs256, "forged"},
		{"another algorithm's name", with(map[string]any{"alg": "ES256"}, nil), "forged"},
		{"algorithm in other case", with(map[string]any{"alg": "eddsa"}, nil), "forged"},
		{"signed by a stranger", forge(t, header(nil), payload(nil), stranger), "forged"},
		{"key brought along", forge(t, header(map[string]any{"jwk": map[string]any{
			"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(stranger.Public().(ed25519.PublicKey)),
		}}), payload(nil), stranger), "forged"},
		{"signature of another token", with(nil, map[string]any{"sub": "t"})[:dot] + good[dot:], "forged"},
		{"signature empty", good[:dot+1], "forged"},
		{"signature of zeros", good[:dot+1] + strings.Repeat("A", 86), "forged"},

		{"unknown key", with(map[string]any{"kid": "test-20260302T000001Z"}, nil), "unknown_key"},
		{"wrong issuer", with(nil, map[string]any{"iss": "x"}), "wrong_issuer"},
		{"wrong audience", with(nil, map[string]any{"aud": "x"}), "wrong_audience"},
		{"wrong audiences", with(nil, map[string]any{"aud": []string{"x", "y"}}), "wrong_audience"},
		{"expired", with(nil, map[string]any{"exp": start.Unix() - 6}), "expired"},
		{"from the future", with(nil, map[string]any{"iat": start.Unix() + 6}), "not_yet_valid"},
		{"not before", with(nil, map[string]any{"nbf": start.Unix() + 6}), "not_yet_valid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			verifier := tokenauthtest.NewVerifier(t, clock.Now)
			for range 2 { // a refusal is not forgotten either
				claims, err := verifier.Verify(c.raw)
				wantReason(t, err, c.want)
				if err != nil && claims.Subject != "" {
					t.Errorf("a refused token gave claims: %+v", claims)
				}
				if err != nil && len(c.raw) > 10 && strings.Contains(err.Error(), c.raw) {
					t.Errorf("the error repeats the token: %v", err)
				}
			}
		})
	}
}

func TestTruncatedTokens(t *testing.T) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	verifier := tokenauthtest.NewVerifier(t, clock.Now)
	raw := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, clock.Now), "s").Raw
	for n := range raw {
		_, err := verifier.Verify(raw[:n])
		if reason := tokenauth.Reason(err); reason != "malformed" && reason != "forged" {
			t.Fatalf("the first %d of %d bytes: %v", n, len(raw), err)
		}
	}
}

// A token has one spelling: no character can be changed.
func TestEveryCharacterCounts(t *testing.T) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	verifier := tokenauthtest.NewVerifier(t, clock.Now)
	raw := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, clock.Now), "s").Raw
	if _, err := verifier.Verify(raw); err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		// B, R, h and x differ from A, Q, g and w in bits that a last character has spare.
		for _, other := range []byte("AQgwBRhx_-.=\n\x00") {
			changed := []byte(raw)
			if changed[i] == other {
				continue
			}
			changed[i] = other
			if _, err := verifier.VerifySignature(string(changed)); err == nil {
				t.Fatalf("accepted with %q at %d", other, i)
			}
		}
	}
}

// Web servers lend memory that they use again for the next request.
func TestNothingIsKeptOfTheCallersMemory(t *testing.T) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	verifier := tokenauthtest.NewVerifier(t, clock.Now)
	raw := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, clock.Now), "s").Raw
	lent := []byte(raw)
	claims, err := verifier.Verify(unsafe.String(&lent[0], len(lent)))
	if err != nil {
		t.Fatal(err)
	}
	want := claims.KeyID + claims.Subject + claims.ID
	want = strings.Clone(want)
	for i := range lent {
		lent[i] = 'x'
	}
	again, err := verifier.Verify(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []tokenauth.Claims{claims, again} {
		if got := c.KeyID + c.Subject + c.ID; got != want {
			t.Errorf("claims changed to %q", got)
		}
	}
}

// replaceable is a key set whose accepted keys a test replaces.
type replaceable struct {
	tokenauth.KeySet
	accepted []tokenauth.Key
}

func (r *replaceable) Accepted(time.Time) []tokenauth.Key { return r.accepted }

func TestCacheForgetsWithTheKey(t *testing.T) {
	start := tokenauthtest.Start()
	clock := tokenauthtest.NewClock(start)
	keys := tokenauthtest.Keys(t)
	set := &replaceable{KeySet: keys, accepted: keys.Accepted(start)}
	verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{
		Keys: set, Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	raw := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, clock.Now), "s").Raw
	check := func(want string) {
		t.Helper()
		_, err := verifier.Verify(raw)
		wantReason(t, err, want)
		_, err = verifier.VerifySignature(raw)
		wantReason(t, err, want)
	}
	check("")
	set.accepted = keys.Accepted(start.Add(-100 * 24 * time.Hour))
	check("unknown_key")
	set.accepted = nil
	check("no_keys")
	// The id comes back, with another key.
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	set.accepted = []tokenauth.Key{{ID: signingKey(t, keys, start).ID, Public: public}}
	check("forged")
	set.accepted = keys.Accepted(start)
	check("")
}

func TestVerifierUnderLoad(t *testing.T) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	issuer, verifier := tokenauthtest.NewIssuer(t, clock.Now), tokenauthtest.NewVerifier(t, clock.Now)
	shared := tokenauthtest.Issue(t, issuer, "shared").Raw
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				own, err := issuer.Issue(tokenauth.IssueRequest{Subject: "own", Private: map[string]string{"k": "v"}})
				if err != nil {
					t.Error(err)
					return
				}
				for _, raw := range []string{own.Raw, shared} {
					if _, err := verifier.Verify(raw); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestReasonOfOtherErrors(t *testing.T) {
	wantReason(t, nil, "")
	wantReason(t, tokenauth.ErrNotRunning, "other")
}

func TestVerifierConfigIsChecked(t *testing.T) {
	keys := tokenauthtest.Keys(t)
	for name, cfg := range map[string]tokenauth.VerifierConfig{
		"no keys":     {Issuer: "i", Audience: "a"},
		"no issuer":   {Keys: keys, Audience: "a"},
		"no audience": {Keys: keys, Issuer: "i"},
		"long grace":  {Keys: keys, Issuer: "i", Audience: "a", Grace: tokenauth.MaxGrace + 1},
	} {
		if _, err := tokenauth.NewVerifier(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// Without grace the life is exact.
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{
		Keys: keys, Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience, Grace: -1, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	raw := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, clock.Now), "s").Raw
	clock.Advance(30 * time.Second)
	_, err = verifier.Verify(raw)
	wantReason(t, err, "")
	clock.Advance(time.Nanosecond)
	_, err = verifier.Verify(raw)
	wantReason(t, err, "expired")
}
