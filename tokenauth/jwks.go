package tokenauth

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// JWKS writes the keys accepted at now as a JSON Web Key Set (RFC 7517, with
// RFC 8037 for Ed25519), for /.well-known/jwks.json. It holds public parts
// only. The next period's key is in it ahead of time, so others may cache it
// for most of a period.
func JWKS(keys KeySet, now time.Time) ([]byte, error) {
	set := jwk.NewSet()
	for _, key := range keys.Accepted(now) {
		public, err := publicJWK(key)
		if err != nil {
			return nil, fmt.Errorf("writing key %q as JWK: %w", key.ID, err)
		}
		if err := set.AddKey(public); err != nil {
			return nil, fmt.Errorf("adding key %q to the JWKS: %w", key.ID, err)
		}
	}
	body, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("writing the JWKS: %w", err)
	}
	return body, nil
}

// publicJWK is built from the public part alone, so that a key set which hands
// out private ones by mistake doesn't publish them.
func publicJWK(key Key) (jwk.Key, error) {
	if len(key.Public) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("its public part has %d bytes, not %d", len(key.Public), ed25519.PublicKeySize)
	}
	public, err := jwk.FromRaw(key.Public)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]any{
		jwk.KeyIDKey: key.ID, jwk.AlgorithmKey: jwa.EdDSA, jwk.KeyUsageKey: jwk.ForSignature,
	} {
		if err := public.Set(name, value); err != nil {
			return nil, err
		}
	}
	return public, nil
}
