package tokenauth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/tokenauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// forge writes a token from any header and payload, signed by key, past all
// checks of the issuer.
func forge(t testing.TB, header, payload map[string]any, key ed25519.PrivateKey) string {
	t.Helper()
	return signed(part(t, header)+"."+part(t, payload), key)
}

// forgeText is forge for texts that need be no JSON.
func forgeText(header, payload string, key ed25519.PrivateKey) string {
	encode := base64.RawURLEncoding.EncodeToString
	return signed(encode([]byte(header))+"."+encode([]byte(payload)), key)
}

func signed(content string, key ed25519.PrivateKey) string {
	return content + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(content)))
}

func part(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func derivedKeys(t testing.TB, cfg tokenauth.DerivedConfig) *tokenauth.DerivedKeys {
	t.Helper()
	keys, err := tokenauth.NewDerivedKeys(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func signingKey(t testing.TB, keys tokenauth.KeySet, now time.Time) tokenauth.Key {
	t.Helper()
	key, err := keys.Signing(now)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func wantReason(t testing.TB, err error, want string) {
	t.Helper()
	if got := tokenauth.Reason(err); got != want {
		t.Errorf("reason %q (%v), want %q", got, err, want)
	}
}

// staticKeys accepts fixed keys and signs with the last.
type staticKeys []tokenauth.Key

func static(keys ...ed25519.PrivateKey) staticKeys {
	var set staticKeys
	for _, key := range keys {
		public := key.Public().(ed25519.PublicKey)
		set = append(set, tokenauth.Key{ID: base64.RawURLEncoding.EncodeToString(public[:8]), Private: key, Public: public})
	}
	return set
}

func (s staticKeys) Signing(time.Time) (tokenauth.Key, error) { return s[len(s)-1], nil }

func (s staticKeys) Accepted(time.Time) []tokenauth.Key { return slices.Clone(s) }
