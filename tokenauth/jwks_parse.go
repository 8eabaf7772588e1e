package tokenauth

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
)

// maxKeyIDBytes bounds what a foreign key set makes a verifier keep and print.
const maxKeyIDBytes = 512

// ParseJWKS reads the keys of a JSON Web Key Set that tokens of ours may be
// signed with: Ed25519 (RFC 8037), for signatures, with a key id. Other keys in
// it are passed over, as RFC 7517 wants it, and so is one that shows its private
// part, since anybody may hold it. The error is ErrKeySet if the document is
// none, holds no such key or more than MaxKeys, or gives one id to two keys.
func ParseJWKS(body []byte) ([]Key, error) {
	// Names are compared exactly: struct tags would take "KEYS" for "keys".
	var document map[string]json.RawMessage
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, fmt.Errorf("%w: the JWKS is no JSON object", ErrKeySet)
	}
	var members []map[string]json.RawMessage
	if err := json.Unmarshal(document["keys"], &members); err != nil {
		return nil, fmt.Errorf("%w: the JWKS has no list %q of objects", ErrKeySet, "keys")
	}
	var keys []Key
	for _, member := range members {
		key, ok := parseJWK(member)
		if !ok {
			continue
		}
		i := slices.IndexFunc(keys, func(k Key) bool { return k.ID == key.ID })
		switch {
		case i < 0 && len(keys) == MaxKeys:
			return nil, fmt.Errorf("%w: the JWKS has more than %d Ed25519 keys", ErrKeySet, MaxKeys)
		case i < 0:
			keys = append(keys, key)
		case !keys[i].Public.Equal(key.Public):
			return nil, fmt.Errorf("%w: the JWKS gives the id %q to two keys", ErrKeySet, key.ID)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: the JWKS has no Ed25519 key with a key id", ErrKeySet)
	}
	return keys, nil
}

// parseJWK gives the key if it is one to verify our tokens with.
func parseJWK(member map[string]json.RawMessage) (Key, bool) {
	text := func(name string) string {
		var value string
		if json.Unmarshal(member[name], &value) != nil {
			return ""
		}
		return value
	}
	// is says that the member is absent, or this text.
	is := func(name, value string) bool {
		_, ok := member[name]
		return !ok || text(name) == value
	}
	if text("kty") != "OKP" || text("crv") != "Ed25519" || !is("alg", "EdDSA") || !is("use", "sig") {
		return Key{}, false
	}
	if _, ok := member["d"]; ok {
		return Key{}, false
	}
	if raw, ok := member["key_ops"]; ok {
		var ops []string
		if json.Unmarshal(raw, &ops) != nil || !slices.Contains(ops, "verify") {
			return Key{}, false
		}
	}
	id := text("kid")
	public, err := base64.RawURLEncoding.Strict().DecodeString(text("x"))
	if err != nil || len(public) != ed25519.PublicKeySize || id == "" || len(id) > maxKeyIDBytes {
		return Key{}, false
	}
	return Key{ID: id, Public: public}, true
}
