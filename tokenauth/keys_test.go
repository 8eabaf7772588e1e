package tokenauth_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

func ids(keys []tokenauth.Key) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.ID)
	}
	return out
}

// A change of these values would refuse every token in flight at an upgrade.
func TestDerivationNeverChanges(t *testing.T) {
	key := signingKey(t, tokenauthtest.Keys(t), tokenauthtest.Start())
	if want := "test-20260302T000000Z"; key.ID != want {
		t.Errorf("key id %q, want %q", key.ID, want)
	}
	if got, want := hex.EncodeToString(key.Public), "3218d079243689633e92a37cf9a36db4c42644b08d4e993936a25d83a3684ae0"; got != want {
		t.Errorf("public key %s, want %s", got, want)
	}
	mac, err := tokenauth.DeriveKey(tokenauthtest.Secret(), "mac", 32)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := hex.EncodeToString(mac), "659ae9da3049f0bda9366aa407079a60c9c75593e402ad4307ddd17fc9713ae6"; got != want {
		t.Errorf("derived key %s, want %s", got, want)
	}
}

func TestKeysTurnAtThePeriodsBorder(t *testing.T) {
	keys := tokenauthtest.Keys(t)
	midnight := time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC)
	day := func(d int) string { return fmt.Sprintf("test-202603%02dT000000Z", d) }
	for _, c := range []struct {
		name     string
		now      time.Time
		signing  string
		accepted []string
	}{
		{"last moment", midnight.Add(-time.Nanosecond), day(2), []string{"test-20260228T000000Z", day(1), day(2), day(3)}},
		{"first moment", midnight, day(3), []string{day(1), day(2), day(3), day(4)}},
		{"back again", midnight.Add(-time.Second), day(2), []string{"test-20260228T000000Z", day(1), day(2), day(3)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := signingKey(t, keys, c.now); got.ID != c.signing || got.Private == nil {
				t.Errorf("signs with %v (private: %v), want %s", got, got.Private != nil, c.signing)
			}
			if diff := cmp.Diff(c.accepted, ids(keys.Accepted(c.now))); diff != "" {
				t.Errorf("accepted (-want +got):\n%s", diff)
			}
			for _, k := range keys.Accepted(c.now) {
				if k.Private != nil {
					t.Errorf("accepted key %s has a private part", k.ID)
				}
			}
		})
	}
}

func TestKeysBefore1970(t *testing.T) {
	keys := tokenauthtest.Keys(t)
	if got, want := signingKey(t, keys, time.Unix(-1, 0)).ID, "test-19691231T000000Z"; got != want {
		t.Errorf("key %s, want %s", got, want)
	}
}

// A token is accepted as long as its key is: from one period before to two after.
func TestTokensAcrossPeriods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period := time.Duration(rapid.IntRange(60, 172800).Draw(t, "period")) * time.Second
		cfg := tokenauth.DerivedConfig{Secret: tokenauthtest.Secret(), Label: "p", Period: period}
		keys, err := tokenauth.NewDerivedKeys(cfg)
		if err != nil {
			t.Fatal(err)
		}
		issued := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "issued"), 0)
		clock := tokenauthtest.NewClock(issued)
		issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: keys, Issuer: "i", Audience: "a", Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		// Another process with the same secret.
		twin, err := tokenauth.NewDerivedKeys(cfg)
		if err != nil {
			t.Fatal(err)
		}
		verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{Keys: twin, Issuer: "i", Audience: "a", Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		token, err := issuer.Issue(tokenauth.IssueRequest{Subject: "s"})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // the cache must not change the answer
			now := issued.Add(time.Duration(rapid.Int64Range(-3*int64(period), 4*int64(period)).Draw(t, "later")))
			clock.Set(now)
			passed := floorDiv(now.Unix(), period) - floorDiv(issued.Unix(), period)
			want := ""
			if passed < -1 || passed > 2 {
				want = "unknown_key"
			}
			if _, err := verifier.VerifySignature(token.Raw); tokenauth.Reason(err) != want {
				t.Fatalf("%d periods later: %v, want reason %q", passed, err, want)
			}
		}
	})
}

func floorDiv(seconds int64, period time.Duration) int64 {
	p := int64(period / time.Second)
	if seconds < 0 {
		return (seconds - p + 1) / p
	}
	return seconds / p
}

func TestKeysDifferByEverything(t *testing.T) {
	now := tokenauthtest.Start()
	base := tokenauth.DerivedConfig{Secret: tokenauthtest.Secret(), Label: "a"}
	other := base
	other.Secret = bytes.Repeat([]byte{7}, 32)
	label := base
	label.Label = "b"
	period := base
	period.Period = 12 * time.Hour
	seen := map[string]string{}
	for name, cfg := range map[string]tokenauth.DerivedConfig{"base": base, "secret": other, "label": label, "period": period} {
		keys := derivedKeys(t, cfg)
		for _, k := range keys.Accepted(now) {
			at := name + " " + k.ID
			if before, ok := seen[string(k.Public)]; ok {
				t.Errorf("%s and %s are the same key", before, at)
			}
			seen[string(k.Public)] = at
		}
	}
}

func TestConfiguredKeysAreChecked(t *testing.T) {
	secret := tokenauthtest.Secret()
	for name, c := range map[string]struct {
		cfg  tokenauth.DerivedConfig
		want string
	}{
		"short secret": {tokenauth.DerivedConfig{Secret: secret[:31], Label: "a"}, "at least 32"},
		"no label":     {tokenauth.DerivedConfig{Secret: secret}, "label"},
		"short period": {tokenauth.DerivedConfig{Secret: secret, Label: "a", Period: time.Second}, "one minute"},
		"odd period":   {tokenauth.DerivedConfig{Secret: secret, Label: "a", Period: time.Minute + 1}, "whole seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tokenauth.NewDerivedKeys(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
	for name, size := range map[string]int{"too small": 15, "too big": 255*32 + 1} {
		if _, err := tokenauth.DeriveKey(secret, "a", size); err == nil {
			t.Errorf("derived a key that is %s", name)
		}
	}
	if _, err := tokenauth.DeriveKey(secret, "", 32); err == nil {
		t.Error("derived a key without a label")
	}
}

func TestSecretIsCopied(t *testing.T) {
	secret := tokenauthtest.Secret()
	keys := derivedKeys(t, tokenauth.DerivedConfig{Secret: secret, Label: "test"})
	clear(secret)
	now := tokenauthtest.Start()
	if got, want := signingKey(t, keys, now), signingKey(t, tokenauthtest.Keys(t), now); !got.Public.Equal(want.Public) {
		t.Error("the key changed when the caller cleared its secret")
	}
	keys.Accepted(now)[0].ID = "changed"
	if keys.Accepted(now)[0].ID == "changed" {
		t.Error("a caller changed the accepted keys")
	}
}

// What is logged by mistake must not open anything.
func TestNothingSecretIsPrinted(t *testing.T) {
	key := signingKey(t, tokenauthtest.Keys(t), tokenauthtest.Start())
	clock := tokenauthtest.NewClock(tokenauthtest.Start())
	token := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, clock.Now), "s")
	credential := tokenauth.Credential{Raw: token.Raw, ExpiresIn: time.Second}
	for _, v := range []any{key, &key, token, credential} {
		text := fmt.Sprintf("%v %+v %#v %s", v, v, v, v)
		body, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		text += string(body)
		for what, secret := range map[string]string{
			"token":       token.Raw,
			"seed":        fmt.Sprintf("%d", key.Private[:8]),
			"private hex": hex.EncodeToString(key.Private[:8]),
		} {
			if strings.Contains(text, strings.Trim(secret, "[]")) {
				t.Errorf("%T shows its %s: %s", v, what, text)
			}
		}
	}
}
