package tokenauth

import (
	"strconv"
	"testing"
)

func TestCacheIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	c := newCache(cacheEntries)
	c.put("in use", verified{key: Key{ID: "in use"}})
	for i := range 10 * cacheEntries {
		c.put(strconv.Itoa(i), verified{})
		if n := len(c.young) + len(c.old); n > cacheEntries {
			t.Fatalf("%d entries after %d tokens, want at most %d", n, i+2, cacheEntries)
		}
		if v, ok := c.get("in use"); !ok || v.key.ID != "in use" {
			t.Fatalf("a token in use was forgotten after %d others", i+1)
		}
	}
	if _, ok := c.get("0"); ok {
		t.Error("the oldest is still remembered")
	}
}

// A token that is used again is not verified again: what the cache holds is
// what is answered.
func TestVerifyAsksTheCacheFirst(t *testing.T) {
	keys, err := NewDerivedKeys(DerivedConfig{Secret: make([]byte, MinSecretBytes), Label: "l"})
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := NewIssuer(IssuerConfig{Keys: keys, Issuer: "i", Audience: "a"})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := NewVerifier(VerifierConfig{Keys: keys, Issuer: "i", Audience: "a"})
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.Issue(IssueRequest{Subject: "s"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(token.Raw); err != nil {
		t.Fatal(err)
	}
	known, ok := verifier.cache.get(token.Raw)
	if !ok {
		t.Fatal("a good token is not remembered")
	}
	known.claims.Subject = "from the cache"
	verifier.cache.put(token.Raw, known)
	if claims, err := verifier.Verify(token.Raw); err != nil || claims.Subject != "from the cache" {
		t.Errorf("verified again: %v, %v", claims.Subject, err)
	}
	if _, err := verifier.Verify(token.Raw + "x"); err == nil {
		t.Fatal("accepted a longer token")
	}
	if _, ok := verifier.cache.get(token.Raw + "x"); ok {
		t.Error("a refused token is remembered")
	}
}
