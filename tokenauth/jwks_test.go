package tokenauth_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// leaky hands out private parts where it should not.
type leaky struct{ *tokenauth.DerivedKeys }

func (l leaky) Accepted(now time.Time) []tokenauth.Key {
	key, err := l.Signing(now)
	if err != nil {
		return nil
	}
	return []tokenauth.Key{key}
}

func TestJWKSHoldsPublicPartsOnly(t *testing.T) {
	now := tokenauthtest.Start()
	keys := tokenauthtest.Keys(t)
	for name, set := range map[string]tokenauth.KeySet{"derived": keys, "leaky": leaky{keys}} {
		t.Run(name, func(t *testing.T) {
			body, err := tokenauth.JWKS(set, now)
			if err != nil {
				t.Fatal(err)
			}
			var got, want struct {
				Keys []map[string]string `json:"keys"`
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			for _, k := range set.Accepted(now) {
				want.Keys = append(want.Keys, map[string]string{
					"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": k.ID,
					"x": base64.RawURLEncoding.EncodeToString(k.Public),
				})
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("JWKS (-want +got):\n%s", diff)
			}
		})
	}
}

// A service that has only the JWKS verifies with a library of its own.
func TestOthersVerifyThroughTheJWKS(t *testing.T) {
	clock := tokenauthtest.NewClock(tokenauthtest.Start().Add(789 * time.Millisecond))
	token := tokenauthtest.Issue(t, tokenauthtest.NewIssuer(t, clock.Now), "worker-7")
	body, err := tokenauth.JWKS(tokenauthtest.Keys(t), clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	set, err := jwk.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.Parse([]byte(token.Raw), jwt.WithKeySet(set), jwt.WithClock(jwt.ClockFunc(clock.Now)),
		jwt.WithIssuer(tokenauthtest.Issuer), jwt.WithAudience(tokenauthtest.Audience))
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Subject() != "worker-7" || parsed.Expiration().Unix() != token.ExpiresAt.Unix() {
		t.Errorf("read as %v until %v", parsed.Subject(), parsed.Expiration())
	}
	clock.Advance(31 * time.Second)
	_, err = jwt.Parse([]byte(token.Raw), jwt.WithKeySet(set), jwt.WithClock(jwt.ClockFunc(clock.Now)))
	if err == nil {
		t.Error("accepted after its end")
	}
}

func TestJWKSOfBadKey(t *testing.T) {
	if _, err := tokenauth.JWKS(&replaceable{accepted: []tokenauth.Key{{ID: "short"}}}, tokenauthtest.Start()); err == nil {
		t.Error("wrote a key that is none")
	}
}
