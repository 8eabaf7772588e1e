package tokenauth_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

// traffic is a fleet of clients: each holds a Source and speaks with its token
// every second or so to every verifier. No word may be refused.
type traffic struct {
	t         *testing.T
	issuer    *tokenauth.Issuer
	verifiers map[string]*tokenauth.Verifier
	words     atomic.Int64
	refused   atomic.Int64

	mu   sync.Mutex
	keys map[string]bool // whose tokens were accepted
}

func newTraffic(t *testing.T, issuer *tokenauth.Issuer, verifiers map[string]*tokenauth.Verifier) *traffic {
	return &traffic{t: t, issuer: issuer, verifiers: verifiers, keys: map[string]bool{}}
}

// run lets clients speak for d.
func (tr *traffic) run(clients int, d time.Duration) {
	end := time.Now().Add(d)
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			// Clients begin at different times of a token's life.
			time.Sleep(time.Duration(client) * 1700 * time.Millisecond)
			source := start(tr.t, tokenauth.SourceConfig{Fetch: func(context.Context) (tokenauth.Fetched, error) {
				token, err := tr.issuer.Issue(tokenauth.IssueRequest{Subject: fmt.Sprintf("client-%d", client)})
				return tokenauth.Fetched{Raw: token.Raw, ExpiresIn: token.TTL}, err
			}})
			defer stop(tr.t, source)
			for time.Now().Before(end) {
				credential, err := source.Wait(tr.t.Context())
				if err != nil {
					tr.t.Errorf("no token: %v", err)
					return
				}
				tr.speak(credential.Raw)
				time.Sleep(time.Second + time.Duration(client)*time.Millisecond)
			}
		})
	}
	wg.Wait()
}

func (tr *traffic) speak(raw string) {
	for name, verifier := range tr.verifiers {
		claims, err := verifier.Verify(raw)
		tr.words.Add(1)
		if err != nil {
			if tr.refused.Add(1) < 10 { // the first few tell enough
				tr.t.Errorf("%s refused a token: %v", name, err)
			}
			continue
		}
		tr.mu.Lock()
		tr.keys[name+" "+claims.KeyID] = true
		tr.mu.Unlock()
	}
}

// wantKeys checks that rotations really happened before each verifier.
func (tr *traffic) wantKeys(atLeast int, words int64) {
	tr.t.Helper()
	if want := atLeast * len(tr.verifiers); len(tr.keys) < want {
		tr.t.Errorf("tokens of %d keys were seen by %d verifiers, want %d at least", len(tr.keys), len(tr.verifiers), want)
	}
	if got := tr.words.Load(); got < words {
		tr.t.Errorf("%d words were said, want %d at least", got, words)
	}
}

// Derived keys, a new one each minute, for half an hour: verifiers with the secret,
// one whose clock is 4 s behind, and verifiers that know the JWKS alone, kept
// for up to 15 s, from a site that is slow and for a third of the time away.
// A key is shown for 60 s before it signs, which is longer than the set's age
// (15 s), an outage (30 s) and the next request after it (9 s) together.
func TestDerivedKeysRotateUnderTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		derive := func() *tokenauth.DerivedKeys {
			return derivedKeys(t, tokenauth.DerivedConfig{Secret: tokenauthtest.Secret(), Label: "r", Period: time.Minute})
		}
		site := newIssuerSite(derive())
		site.latency = 700 * time.Millisecond
		site.header = http.Header{"Cache-Control": {"max-age=15"}}
		patient := remote(t, site, tokenauth.RemoteConfig{})
		jittery := remote(t, site, tokenauth.RemoteConfig{Rand: func() float64 { return 0.9 }})
		for _, keys := range []*tokenauth.RemoteKeys{patient, jittery} {
			if err := keys.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		behind, err := tokenauth.NewVerifier(tokenauth.VerifierConfig{
			Keys: derive(), Issuer: tokenauthtest.Issuer, Audience: tokenauthtest.Audience,
			Now: func() time.Time { return time.Now().Add(-4 * time.Second) },
		})
		if err != nil {
			t.Fatal(err)
		}
		const length = 30 * time.Minute
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for began := time.Now(); time.Since(began) < length; time.Sleep(30 * time.Second) {
				site.set(func(s *issuerSite) { s.away = time.Since(began)/(30*time.Second)%3 == 2 })
			}
		}()
		traffic := newTraffic(t, newIssuer(t, derive()), map[string]*tokenauth.Verifier{
			"secret": newVerifier(t, derive()), "late clock": behind, "jwks": newVerifier(t, patient), "jwks, jitter": newVerifier(t, jittery),
		})
		traffic.run(8, length)
		<-ended
		traffic.wantKeys(29, 4*8*1750)
	})
}

// Key files, by the three steps of FileKeys, twenty keys one after the other:
// an issuer, a verifier that looks at the files at times of its own, and one
// that knows the JWKS alone.
func TestFileKeysRotateUnderTraffic(t *testing.T) {
	folder := t.TempDir()
	put(t, folder, "000.pem", newKeyPair(t, 0).private)
	synctest.Test(t, func(t *testing.T) {
		paths := []string{folder}
		fail := func(err error) { t.Errorf("a key set failed: %v", err) }
		issuing := fileKeys(t, tokenauth.FilesConfig{Paths: paths, OnError: fail})
		verifying := fileKeys(t, tokenauth.FilesConfig{Paths: paths, OnError: fail, CheckEvery: 7 * time.Second})
		startKeys(t, issuing)
		startKeys(t, verifying)
		site := newIssuerSite(issuing)
		site.latency = 300 * time.Millisecond
		site.header = http.Header{"Cache-Control": {"max-age=20"}}
		remote := remote(t, site, tokenauth.RemoteConfig{OnError: fail})
		if err := remote.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		const rotations = 20
		const step = 40 * time.Second // over every look, the JWKS's age, and a token's life and grace
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for i := 1; i <= rotations; i++ {
				pair, name := newKeyPair(t, byte(i)), fmt.Sprintf("%03d.pem", i)
				put(t, folder, name, pair.public) // announce
				time.Sleep(step)
				put(t, folder, name, pair.private) // sign
				time.Sleep(step)
				remove(t, folder, fmt.Sprintf("%03d.pem", i-1)) // forget the one before
				time.Sleep(step)
			}
		}()
		traffic := newTraffic(t, newIssuer(t, issuing), map[string]*tokenauth.Verifier{
			"files": newVerifier(t, verifying), "jwks": newVerifier(t, remote),
		})
		traffic.run(8, rotations*3*step)
		<-ended
		traffic.wantKeys(rotations+1, 2*8*2350)
		names, err := filepath.Glob(filepath.Join(folder, "*.pem"))
		if err != nil || len(names) != 1 || len(verifying.Accepted(time.Now())) != 1 {
			t.Errorf("in the end there are %v, %v, and %d keys are accepted", names, err, len(verifying.Accepted(time.Now())))
		}
	})
}

// An issuer that changes its key without a word: a verifier of its JWKS finds
// the new one by its unknown id, as long as keys change less often than
// MinRefresh. The old one is shown until its tokens have ended.
func TestUnannouncedKeysUnderTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		issuing := &turning{keys: static(newKey(t))}
		site := newIssuerSite(issuing)
		site.latency = 300 * time.Millisecond
		remote := remote(t, site, tokenauth.RemoteConfig{OnError: func(err error) { t.Error(err) }})
		if err := remote.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		const turns, every = 30, 40 * time.Second
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for range turns {
				time.Sleep(every)
				issuing.turn(static(newKey(t))[0])
			}
		}()
		traffic := newTraffic(t, newIssuer(t, issuing), map[string]*tokenauth.Verifier{"jwks": newVerifier(t, remote)})
		traffic.run(8, (turns+1)*every)
		<-ended
		traffic.wantKeys(turns+1, 8*1200)
		if most := site.atOnce(); most != 1 {
			t.Errorf("%d requests at once", most)
		}
	})
}

// turning is a key set that signs with the newest key at once and accepts the
// one before.
type turning struct {
	mu   sync.Mutex
	keys staticKeys
}

func (s *turning) turn(key tokenauth.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = staticKeys{s.keys[len(s.keys)-1], key}
}

func (s *turning) Signing(now time.Time) (tokenauth.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys.Signing(now)
}

func (s *turning) Accepted(now time.Time) []tokenauth.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys.Accepted(now)
}
