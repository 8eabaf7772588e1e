package tokenauth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/tokenauth"
)

var errAway = errors.New("the service is away")

// service answers token requests as a test wants, and remembers them.
type service struct {
	began time.Time

	mu      sync.Mutex
	latency time.Duration
	away    bool
	life    time.Duration
	skew    time.Duration // of its clock against the client's
	asks    []time.Duration
	flying  int
	most    int // requests at once
}

func newService() *service {
	return &service{began: time.Now(), life: 30 * time.Second, skew: -time.Hour}
}

func (s *service) fetch(ctx context.Context) (tokenauth.Fetched, error) {
	s.mu.Lock()
	s.asks = append(s.asks, time.Since(s.began))
	n, latency := len(s.asks), s.latency
	s.flying++
	s.most = max(s.most, s.flying)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.flying--
		s.mu.Unlock()
	}()
	select {
	case <-time.After(latency):
	case <-ctx.Done():
		return tokenauth.Fetched{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return tokenauth.Fetched{}, errAway
	}
	return tokenauth.Fetched{Raw: fmt.Sprintf("token %d", n), ExpiresIn: s.life, IssuedAt: time.Now().Add(s.skew)}, nil
}

func (s *service) set(change func(*service)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// seen says whether it is away, and how many requests it had at once at most.
func (s *service) seen() (away bool, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.away, s.most
}

// asked gives the times of all requests, and forgets them.
func (s *service) asked() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	asks := s.asks
	s.asks = nil
	return asks
}

func half() float64 { return 0.5 }

// start gives a running source that the test's end stops.
func start(t *testing.T, cfg tokenauth.SourceConfig) *tokenauth.Source {
	t.Helper()
	source, err := tokenauth.NewSource(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, source) })
	return source
}

func stop(t *testing.T, source *tokenauth.Source) {
	t.Helper()
	if err := source.Stop(context.Background()); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func wantAsked(t *testing.T, s *service, want ...time.Duration) {
	t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, s.asked()); diff != "" {
		t.Errorf("asked at (-want +got):\n%s", diff)
	}
}

const ms = time.Millisecond

func TestSourceRenewsAheadOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = time.Second
		var renewed []string
		source := start(t, tokenauth.SourceConfig{
			Fetch:     s.fetch,
			OnRenewed: func(c tokenauth.Credential) { renewed = append(renewed, c.Raw) },
		})
		if _, ok := source.Current(); ok {
			t.Error("has a token before the first answer")
		}
		first, err := source.Wait(t.Context())
		if err != nil || first.Raw != "token 1" || first.ExpiresIn != 30*time.Second {
			t.Fatalf("first token %v, %v", first, err)
		}
		for range 79 { // never a moment without
			time.Sleep(time.Second)
			synctest.Wait()
			if _, ok := source.Current(); !ok {
				t.Errorf("no token after %s", time.Since(s.began))
			}
		}
		// Counted from when the request was sent, not from its answer.
		wantAsked(t, s, 0, 25*time.Second, 50*time.Second, 75*time.Second)
		if diff := cmp.Diff([]string{"token 1", "token 2", "token 3", "token 4"}, renewed); diff != "" {
			t.Errorf("renewed (-want +got):\n%s", diff)
		}
	})
}

// The service's clock is an hour behind; only it counts.
func TestCredentialTellsTheIssuersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 2 * time.Second
		source := start(t, tokenauth.SourceConfig{Fetch: s.fetch})
		cred, err := source.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := s.began.Add(2*time.Second - time.Hour); !cred.IssuedAt.Equal(want) || !cred.AskedAt.Equal(s.began) {
			t.Errorf("issued at %s (want %s), asked at %s (want %s)", cred.IssuedAt, want, cred.AskedAt, s.began)
		}
		time.Sleep(8 * time.Second)
		// Ten seconds since it was asked for; ahead of the issuer by the answer's two.
		if got, want := cred.Time(time.Now()), cred.IssuedAt.Add(10*time.Second); !got.Equal(want) {
			t.Errorf("time %s, want %s", got, want)
		}
		if end := s.began.Add(30 * time.Second); cred.Valid(end) || !cred.Valid(end.Add(-1)) {
			t.Error("its life must be 30 s from when it was asked for, to the nanosecond")
		}
		if (tokenauth.Credential{}).Valid(time.Now()) {
			t.Error("no token is valid")
		}
	})
}

func TestSourceHasOneRequestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = time.Second
		source := start(t, tokenauth.SourceConfig{Fetch: s.fetch})
		crowd := func() {
			t.Helper()
			var wg sync.WaitGroup
			for i := range 100 {
				wg.Go(func() {
					if i%2 == 0 {
						if err := source.Renew(t.Context()); err != nil {
							t.Errorf("Renew: %v", err)
						}
					} else if _, err := source.Wait(t.Context()); err != nil {
						t.Errorf("Wait: %v", err)
					}
				})
			}
			wg.Wait()
		}
		crowd() // joins the first request
		wantAsked(t, s, 0)
		crowd() // asks once more
		wantAsked(t, s, time.Second)
		// The next is counted from the one that was asked for.
		time.Sleep(time.Minute)
		wantAsked(t, s, 26*time.Second, 51*time.Second)
		if _, most := s.seen(); most != 1 {
			t.Errorf("%d requests at once", most)
		}
	})
}

func TestSourceWhileTheServiceIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		var failures int
		source := start(t, tokenauth.SourceConfig{Fetch: s.fetch, Rand: half, OnError: func(err error) {
			if failures++; !errors.Is(err, errAway) {
				t.Errorf("told of %v", err)
			}
		}})
		time.Sleep(20 * time.Second)
		wantAsked(t, s, 0)
		s.set(func(s *service) { s.away = true })

		time.Sleep(10*time.Second - 1)
		if cred, ok := source.Current(); !ok || cred.Raw != "token 1" {
			t.Errorf("the old token is not served until its end: %v", cred)
		}
		// 200 ms doubling to 5 s, a quarter shorter with this Rand.
		wantAsked(t, s, 25000*ms, 25150*ms, 25450*ms, 26050*ms, 27250*ms, 29650*ms)
		if failures != 6 {
			t.Errorf("told of %d failures, want 6", failures)
		}
		time.Sleep(time.Nanosecond)
		if cred, ok := source.Current(); ok {
			t.Errorf("served after its end: %v", cred)
		}

		waited := make(chan time.Duration)
		go func() {
			if _, err := source.Wait(t.Context()); err != nil {
				t.Errorf("Wait: %v", err)
			}
			waited <- time.Since(s.began)
		}()
		time.Sleep(15 * time.Second)
		wantAsked(t, s, 33400*ms, 37150*ms, 40900*ms, 44650*ms)
		s.set(func(s *service) { s.away = false })
		if got, want := <-waited, 48400*ms; got != want {
			t.Errorf("Wait ended at %s, want %s", got, want)
		}
		// All is as before.
		time.Sleep(30 * time.Second)
		wantAsked(t, s, 48400*ms, 73400*ms)
	})
}

func TestRetriesAreJittered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.away = true
		start(t, tokenauth.SourceConfig{Fetch: s.fetch})
		time.Sleep(10 * time.Minute)
		asks := s.asked()
		full := 200 * ms
		different := map[time.Duration]bool{}
		for i := 1; i < len(asks); i++ {
			wait := asks[i] - asks[i-1]
			if wait < full/2 || wait > full {
				t.Errorf("wait %d is %s, want %s to %s", i, wait, full/2, full)
			}
			different[wait] = true
			full = min(full*2, 5*time.Second)
		}
		if len(asks) < 100 || len(different) < len(asks)/2 {
			t.Errorf("%d requests in ten minutes with %d different waits", len(asks), len(different))
		}
	})
}

func TestSourcePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		source := start(t, tokenauth.SourceConfig{Fetch: s.fetch, Rand: half})
		time.Sleep(10 * time.Second)
		wantAsked(t, s, 0)

		source.SetPace(2 * time.Second) // due already
		time.Sleep(5 * time.Second)
		wantAsked(t, s, 10*time.Second, 12*time.Second, 14*time.Second)

		source.SetPace(0)
		time.Sleep(25 * time.Second)
		wantAsked(t, s, 39*time.Second)

		source.SetPace(time.Hour) // never past RenewAfter
		time.Sleep(30 * time.Second)
		wantAsked(t, s, 64*time.Second)

		// A pace bounds the waits after failures, also one that is running.
		s.set(func(s *service) { s.away = true })
		time.Sleep(30 * time.Second) // now at 100 s; the waits have grown to 3.75 s
		source.SetPace(time.Second)
		synctest.Wait()
		s.asked()
		time.Sleep(3500 * ms)
		if n := len(s.asked()); n != 3 {
			t.Errorf("asked %d times in 3.5 s at a pace of 1 s", n)
		}
	})
}

func TestRenewGivesItsRequestsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		source := start(t, tokenauth.SourceConfig{Fetch: s.fetch, Rand: half})
		synctest.Wait()
		s.set(func(s *service) { s.away, s.latency = true, time.Second })
		if err := source.Renew(t.Context()); !errors.Is(err, errAway) {
			t.Errorf("Renew: %v, want the service's error", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*ms)
		defer cancel()
		if err := source.Renew(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Renew past its context: %v", err)
		}
		// Both asked at once, without waiting for the backoff; the second goes on without its caller.
		s.set(func(s *service) { s.away = false })
		time.Sleep(time.Second)
		wantAsked(t, s, 0, 0, time.Second)
		if cred, ok := source.Current(); !ok || cred.Raw != "token 3" {
			t.Errorf("current %v, want token 3", cred)
		}
	})
}

// What a listener sees is settled: who asks from now on gets a new request.
func TestRenewAfterAnAnswerAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		told, goOn := make(chan struct{}), make(chan struct{})
		source := start(t, tokenauth.SourceConfig{Fetch: s.fetch, OnRenewed: func(tokenauth.Credential) {
			told <- struct{}{}
			<-goOn
		}})
		<-told
		renewed := make(chan error)
		go func() { renewed <- source.Renew(t.Context()) }()
		synctest.Wait()
		goOn <- struct{}{}
		<-told
		goOn <- struct{}{}
		if err := <-renewed; err != nil {
			t.Errorf("Renew: %v", err)
		}
		wantAsked(t, s, 0, 0)
	})
}

func TestSlowService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = time.Hour
		var last error
		start(t, tokenauth.SourceConfig{Fetch: s.fetch, Rand: half, OnError: func(err error) { last = err }})
		time.Sleep(11 * time.Second)
		wantAsked(t, s, 0, 5150*ms, 10450*ms)
		if !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("told of %v, want the deadline", last)
		}
	})
}

func TestShortTokensAreRenewedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.life = 6 * time.Second
		source := start(t, tokenauth.SourceConfig{Fetch: s.fetch})
		for range 12 {
			time.Sleep(time.Second)
			if _, ok := source.Current(); !ok {
				t.Errorf("no token after %s", time.Since(s.began))
			}
		}
		wantAsked(t, s, 0, 5*time.Second, 10*time.Second)
		s.set(func(s *service) { s.life = ms })
		time.Sleep(10 * time.Second)
		if n := len(s.asked()); n > 50 { // no loop: at most once in RetryMin
			t.Errorf("asked %d times in ten seconds", n)
		}
	})
}

func TestUselessAnswers(t *testing.T) {
	for name, answer := range map[string]tokenauth.Fetched{
		"no token":        {ExpiresIn: time.Second, IssuedAt: time.Unix(1, 0)},
		"no life":         {Raw: "x", IssuedAt: time.Unix(1, 0)},
		"negative life":   {Raw: "x", ExpiresIn: -1, IssuedAt: time.Unix(1, 0)},
		"dead on arrival": {Raw: "x", ExpiresIn: ms, IssuedAt: time.Unix(1, 0)},
		"no issue time":   {Raw: "x", ExpiresIn: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := start(t, tokenauth.SourceConfig{Fetch: func(context.Context) (tokenauth.Fetched, error) {
					time.Sleep(2 * ms)
					return answer, nil
				}})
				if err := source.Renew(t.Context()); !errors.Is(err, tokenauth.ErrAnswer) {
					t.Errorf("Renew: %v, want ErrAnswer", err)
				}
				if cred, ok := source.Current(); ok {
					t.Errorf("serves %v", cred)
				}
			})
		})
	}
}
