package tokenauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// keyPair is one key as the two files that openssl would write.
type keyPair struct {
	private, public string
	id              string
}

func newKeyPair(t testing.TB, seed byte) keyPair {
	t.Helper()
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
	pair := keyPair{private: privatePEM(t, key), public: publicPEM(t, key.Public())}
	parsed, err := tokenauth.ParsePEM([]byte(pair.public))
	if err != nil {
		t.Fatal(err)
	}
	pair.id = parsed[0].ID
	return pair
}

func privatePEM(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func publicPEM(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// put writes a file whole, as an operator should: under another name first.
func put(t testing.TB, folder, name, content string) {
	t.Helper()
	whole := filepath.Join(folder, "."+name)
	if err := os.WriteFile(whole, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(whole, filepath.Join(folder, name)); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, folder, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(folder, name)); err != nil {
		t.Fatal(err)
	}
}

// told collects what a set reports.
type told struct {
	mu     sync.Mutex
	errors []error
}

func (o *told) hear(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.errors = append(o.errors, err)
}

// heard gives what was reported since it was last called.
func (o *told) heard() []error {
	o.mu.Lock()
	defer o.mu.Unlock()
	errs := o.errors
	o.errors = nil
	return errs
}

func fileKeys(t testing.TB, cfg tokenauth.FilesConfig) *tokenauth.FileKeys {
	t.Helper()
	keys, err := tokenauth.NewFileKeys(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// keeper is a key set that keeps itself fresh.
type keeper interface {
	tokenauth.Refresher
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

func startKeys(t testing.TB, keys keeper) {
	t.Helper()
	for range 2 {
		if err := keys.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { stopKeys(t, keys) })
}

func stopKeys(t testing.TB, keys keeper) {
	t.Helper()
	for range 2 {
		if err := keys.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("Stop: %v", err)
		}
	}
	if err := keys.Start(t.Context()); !errors.Is(err, tokenauth.ErrStopped) {
		t.Errorf("Start after Stop: %v", err)
	}
}

func TestKeyIDIsTheThumbprint(t *testing.T) {
	// The key of RFC 8037, appendix A.1 and A.3.
	const id, private = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", `
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----`
	keys, err := tokenauth.ParsePEM([]byte("Text before, as openssl writes it.\n" + private + "\n" + publicPEM(t, newKey(t).Public())))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || keys[0].ID != id || keys[0].Private == nil || keys[1].Private != nil {
		t.Errorf("read %v, want %s with its private part and one without", keys, id)
	}
}

func newKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestFilesInOrder(t *testing.T) {
	a, b, c, d := newKeyPair(t, 'a'), newKeyPair(t, 'b'), newKeyPair(t, 'c'), newKeyPair(t, 'd')
	folder, other := t.TempDir(), t.TempDir()
	put(t, folder, "2.pem", b.private)
	put(t, folder, "1.pem", a.private+a.public)
	put(t, folder, "3.pem", c.public)
	put(t, folder, "notes.txt", "no key")
	put(t, folder, ".hidden.pem", "no key")
	put(t, other, "d.key", d.public+b.public)
	for _, p := range []struct {
		name     string
		paths    []string
		signing  string
		accepted []string
	}{
		{"a folder", []string{folder}, b.id, []string{a.id, b.id, c.id}},
		{"a folder and a file", []string{folder, filepath.Join(other, "d.key")}, b.id, []string{a.id, b.id, c.id, d.id}},
		{"files in another order", []string{filepath.Join(folder, "2.pem"), filepath.Join(folder, "1.pem")}, a.id, []string{b.id, a.id}},
		{"public keys", []string{filepath.Join(folder, "3.pem"), filepath.Join(other, "d.key")}, "", []string{c.id, d.id, b.id}},
	} {
		t.Run(p.name, func(t *testing.T) {
			keys := fileKeys(t, tokenauth.FilesConfig{Paths: p.paths})
			key, err := keys.Signing(time.Now())
			if (p.signing == "") != errors.Is(err, tokenauth.ErrCannotSign) || key.ID != p.signing || (key.Private != nil) != (p.signing != "") {
				t.Errorf("signs with %v, %v, want %q", key, err, p.signing)
			}
			accepted := keys.Accepted(time.Now())
			if diff := cmp.Diff(p.accepted, ids(accepted)); diff != "" {
				t.Errorf("accepted (-want +got):\n%s", diff)
			}
			for _, k := range accepted {
				if k.Private != nil {
					t.Errorf("accepted key %s has a private part", k)
				}
			}
		})
	}
}

func TestBadKeyFiles(t *testing.T) {
	good := newKeyPair(t, 'a')
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var many strings.Builder
	for range tokenauth.MaxKeys + 1 {
		many.WriteString(publicPEM(t, newKey(t).Public()))
	}
	for _, c := range []struct{ name, content, want string }{
		{"empty", "", "openssl genpkey"},
		{"no PEM", "secret", "openssl genpkey"},
		{"private key of another kind", privatePEM(t, ec), "no Ed25519"},
		{"public key of another kind", publicPEM(t, ec.Public()), "no Ed25519"},
		{"encrypted", strings.ReplaceAll(good.private, "PRIVATE", "ENCRYPTED PRIVATE"), "encrypted"},
		{"SEC 1", strings.ReplaceAll(good.private, "PRIVATE", "EC PRIVATE"), "another kind"},
		{"private as public", strings.ReplaceAll(good.private, "PRIVATE", "PUBLIC"), "no Ed25519"},
		{"cut off", good.private[:len(good.private)-10], "cut off"},
		{"second cut off", good.public + good.private[:len(good.private)-10], "cut off"},
		{"first cut off", good.private[:60] + "\n" + good.public, "cut off"},
		{"too long", good.private + strings.Repeat("\n", 64<<10), "more than 65536 bytes"},
		{"too many", many.String(), "at most 64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			put(t, folder, "k.pem", c.content)
			_, err := tokenauth.NewFileKeys(tokenauth.FilesConfig{Paths: []string{folder}})
			if !errors.Is(err, tokenauth.ErrKeySet) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want ErrKeySet that says %q", err, c.want)
			}
			if c.name != "too many" && !strings.Contains(err.Error(), "k.pem") {
				t.Errorf("the error does not name the file: %v", err)
			}
			for line := range strings.SplitSeq(c.content, "\n") {
				if len(line) > 10 && !strings.HasPrefix(line, "-----") && strings.Contains(err.Error(), line) {
					t.Errorf("the error repeats the file: %v", err)
				}
			}
		})
	}
	empty := t.TempDir()
	for name, cfg := range map[string]tokenauth.FilesConfig{
		"no paths":     {},
		"no file":      {Paths: []string{filepath.Join(empty, "none.pem")}},
		"empty folder": {Paths: []string{empty}},
		"negative":     {Paths: []string{empty}, CheckEvery: -1},
	} {
		if _, err := tokenauth.NewFileKeys(cfg); err == nil {
			t.Errorf("%s: made a key set", name)
		}
	}
}

// Files are taken when they change, as one; what can't be used changes nothing
// and is told once.
func TestFilesThatChange(t *testing.T) {
	a, b, c := newKeyPair(t, 'a'), newKeyPair(t, 'b'), newKeyPair(t, 'c')
	folder := t.TempDir()
	put(t, folder, "1.pem", a.private)
	synctest.Test(t, func(t *testing.T) {
		var told told
		keys := fileKeys(t, tokenauth.FilesConfig{Paths: []string{folder}, OnError: told.hear})
		startKeys(t, keys)
		next := func(signing string, accepted ...string) {
			t.Helper()
			time.Sleep(tokenauth.DefaultCheckEvery + time.Millisecond)
			synctest.Wait()
			if key, err := keys.Signing(time.Now()); err != nil || key.ID != signing {
				t.Errorf("signs with %v, %v, want %s", key, err, signing)
			}
			if diff := cmp.Diff(accepted, ids(keys.Accepted(time.Now()))); diff != "" {
				t.Errorf("accepted (-want +got):\n%s", diff)
			}
		}
		wantTold := func(want string) {
			t.Helper()
			heard := told.heard()
			if want == "" && len(heard) == 0 {
				return
			}
			if len(heard) != 1 || want == "" || !strings.Contains(heard[0].Error(), want) || !errors.Is(heard[0], tokenauth.ErrKeySet) {
				t.Errorf("told %v, want one error that says %q", heard, want)
			}
		}
		next(a.id, a.id)
		put(t, folder, "2.pem", b.public)
		next(a.id, a.id, b.id)
		put(t, folder, "2.pem", b.private)
		next(b.id, a.id, b.id)
		wantTold("")

		put(t, folder, "3.pem", c.private[:50])
		next(b.id, a.id, b.id)
		wantTold("3.pem")
		next(b.id, a.id, b.id) // still bad, told already
		wantTold("")
		put(t, folder, "3.pem", c.private)
		next(c.id, a.id, b.id, c.id)
		put(t, folder, "3.pem", c.private[:50]) // bad in the same way, but anew
		next(c.id, a.id, b.id, c.id)
		wantTold("3.pem")
		put(t, folder, "3.pem", c.private)

		remove(t, folder, "1.pem")
		next(c.id, b.id, c.id)
		put(t, folder, "2.pem", b.public)
		next(c.id, b.id, c.id)
		wantTold("")
		put(t, folder, "3.pem", c.public)
		next(c.id, b.id, c.id)
		wantTold("the last private key is gone")
		remove(t, folder, "2.pem")
		remove(t, folder, "3.pem")
		next(c.id, b.id, c.id)
		wantTold("no *.pem file")
		next(c.id, b.id, c.id)
		wantTold("")
	})
}

// Between two looks, an unknown key id makes the files be read, once a second.
func TestFilesAreReadForAnUnknownKey(t *testing.T) {
	a, b, c := newKeyPair(t, 'a'), newKeyPair(t, 'b'), newKeyPair(t, 'c')
	folder := t.TempDir()
	otherFolder := t.TempDir()
	put(t, folder, "1.pem", a.private)
	put(t, otherFolder, "x.pem", newKeyPair(t, 'x').private)
	synctest.Test(t, func(t *testing.T) {
		cfg := tokenauth.FilesConfig{Paths: []string{folder}, CheckEvery: time.Hour}
		issuers, verifiers := fileKeys(t, cfg), fileKeys(t, cfg)
		issuers.Refresh()
		issuer, verifier := newIssuer(t, issuers), newVerifier(t, verifiers)
		check := func(want string) {
			t.Helper()
			_, err := verifier.Verify(tokenauthtest.Issue(t, issuer, "s").Raw)
			wantReason(t, err, want)
		}
		check("")
		for _, pair := range []keyPair{b, c} {
			put(t, folder, "2.pem", pair.private)
			issuers.Refresh() // within a second of the last time: not read
			if key := signingKey(t, issuers, time.Now()); key.ID == pair.id {
				t.Error("the files were read twice within a second")
			}
			time.Sleep(time.Second)
			issuers.Refresh()
			if key := signingKey(t, issuers, time.Now()); key.ID != pair.id {
				t.Errorf("signs with %s, want %s", key, pair.id)
			}
			check("") // the verifier reads the files at the first token
		}
		remove(t, folder, "2.pem")
		issuers.Refresh()
		check("") // the verifier still has the key, and so no reason to look
		time.Sleep(time.Second)
		strange := newIssuer(t, fileKeys(t, tokenauth.FilesConfig{Paths: []string{otherFolder}}))
		_, err := verifier.Verify(tokenauthtest.Issue(t, strange, "s").Raw)
		wantReason(t, err, "unknown_key")
		if diff := cmp.Diff([]string{a.id}, ids(verifiers.Accepted(time.Now()))); diff != "" {
			t.Errorf("after a look (-want +got):\n%s", diff)
		}
	})
}

func newIssuer(t testing.TB, keys tokenauth.KeySet) *tokenauth.Issuer {
	t.Helper()
	issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: keys, Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience})
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

func newVerifier(t testing.TB, keys tokenauth.KeySet) *tokenauth.Verifier {
	t.Helper()
	verifier, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{Keys: keys, Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience})
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}
