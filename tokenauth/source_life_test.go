package tokenauth_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

func TestStopWithARequestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = time.Hour
		source := start(t, tokenauth.SourceConfig{
			Fetch: s.fetch, FetchTimeout: time.Hour,
			OnError: func(err error) { t.Errorf("told of the end as of a failure: %v", err) },
		})
		results := make(chan error, 2)
		go func() { results <- source.Renew(t.Context()) }()
		go func() {
			_, err := source.Wait(t.Context())
			results <- err
		}()
		time.Sleep(time.Second)
		stop(t, source)
		for range 2 {
			if err := <-results; !errors.Is(err, tokenauth.ErrNotRunning) {
				t.Errorf("who waited got %v, want ErrNotRunning", err)
			}
		}
		if took := time.Since(s.began); took != time.Second {
			t.Errorf("stopped after %s", took)
		}
		stop(t, source)
		if err := source.Start(t.Context()); !errors.Is(err, tokenauth.ErrNotRunning) {
			t.Errorf("Start after Stop: %v", err)
		}
		if err := source.Renew(t.Context()); !errors.Is(err, tokenauth.ErrNotRunning) {
			t.Errorf("Renew after Stop: %v", err)
		}
		source.SetPace(time.Second)
		time.Sleep(time.Minute)
		wantAsked(t, s, 0)
	})
}

func TestStopKeepsTheTokenReadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		source := start(t, tokenauth.SourceConfig{Fetch: s.fetch})
		synctest.Wait()
		stop(t, source)
		if _, ok := source.Current(); !ok {
			t.Error("the token is gone, though it lives: last words can't be signed")
		}
		if _, err := source.Wait(t.Context()); err != nil {
			t.Errorf("Wait: %v", err)
		}
		time.Sleep(30 * time.Second)
		if _, ok := source.Current(); ok {
			t.Error("the token is served after its end")
		}
	})
}

// A Fetch that ignores its context holds Stop up, no longer than its caller wants.
func TestStopWaitsForFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := start(t, tokenauth.SourceConfig{Fetch: func(context.Context) (tokenauth.Fetched, error) {
			time.Sleep(time.Minute)
			return tokenauth.Fetched{}, nil
		}})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := source.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Stop: %v, want the deadline", err)
		}
		stop(t, source)
	})
}

func TestStopBeforeStart(t *testing.T) {
	source, err := tokenauth.NewSource(tokenauth.SourceConfig{Fetch: newService().fetch})
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Renew(t.Context()); !errors.Is(err, tokenauth.ErrNotRunning) {
		t.Errorf("Renew before Start: %v", err)
	}
	stop(t, source)
	stop(t, source)
	if err := source.Start(t.Context()); !errors.Is(err, tokenauth.ErrNotRunning) {
		t.Errorf("Start after Stop: %v", err)
	}
	if _, err := source.Wait(t.Context()); !errors.Is(err, tokenauth.ErrNotRunning) {
		t.Errorf("Wait after Stop: %v", err)
	}
}

type contextKey struct{}

// A start's context is often one with a deadline for starting.
func TestStartsContextIsNotTheSourcesLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		source, err := tokenauth.NewSource(tokenauth.SourceConfig{Fetch: func(ctx context.Context) (tokenauth.Fetched, error) {
			if ctx.Value(contextKey{}) != "value" {
				t.Error("the values of Start's context are lost")
			}
			return s.fetch(ctx)
		}})
		if err != nil {
			t.Fatal(err)
		}
		waited := make(chan error)
		go func() {
			_, err := source.Wait(t.Context()) // before Start
			waited <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "value"))
		for range 2 {
			if err := source.Start(ctx); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		if err := <-waited; err != nil {
			t.Errorf("Wait: %v", err)
		}
		time.Sleep(30 * time.Second)
		wantAsked(t, s, 0, 25*time.Second)
		stop(t, source)
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.away = true
		source := start(t, tokenauth.SourceConfig{Fetch: s.fetch})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := source.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: %v, want the deadline", err)
		}
	})
}

// The source against a real issuer whose answer names no issue time.
func TestSourceReadsTheIssueTimeFromTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := tokenauthtest.NewClock(tokenauthtest.Start())
		issuer, verifier := tokenauthtest.NewIssuer(t, clock.Now), tokenauthtest.NewVerifier(t, clock.Now)
		source := start(t, tokenauth.SourceConfig{Fetch: func(context.Context) (tokenauth.Fetched, error) {
			token, err := issuer.Issue(tokenauth.IssueRequest{Subject: "s"})
			return tokenauth.Fetched{Raw: token.Raw, ExpiresIn: token.TTL}, err
		}})
		cred, err := source.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(12 * time.Second)
		at := cred.Time(time.Now())
		if want := tokenauthtest.Start().Add(12 * time.Second); !at.Equal(want) {
			t.Errorf("time %s, want %s", at, want)
		}
		clock.Advance(time.Hour)
		if _, err := verifier.VerifyAt(cred.Raw, at); err != nil {
			t.Errorf("a message made in time is refused an hour later: %v", err)
		}
	})
}

func TestSourceConfigIsChecked(t *testing.T) {
	fetch := newService().fetch
	for name, cfg := range map[string]tokenauth.SourceConfig{
		"no fetch":         {},
		"negative renewal": {Fetch: fetch, RenewAfter: -1},
		"negative timeout": {Fetch: fetch, FetchTimeout: -1},
		"max below min":    {Fetch: fetch, RetryMin: time.Second, RetryMax: time.Millisecond},
	} {
		if _, err := tokenauth.NewSource(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := tokenauth.NewSource(tokenauth.SourceConfig{Fetch: fetch, RetryMin: time.Minute}); err != nil {
		t.Errorf("a long RetryMin alone: %v", err)
	}
}

// Any run of outages, paces and calls keeps the promises.
func TestSourceKeepsItsPromises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// rapid asks a *testing.T for its deadline, which a bubble forbids.
		rapid.Check(struct{ *testing.T }{t}, func(rt *rapid.T) {
			s := newService()
			var told atomic.Pointer[tokenauth.Credential]
			source, err := tokenauth.NewSource(tokenauth.SourceConfig{
				Fetch:     s.fetch,
				OnRenewed: func(c tokenauth.Credential) { told.Store(&c) },
			})
			if err != nil {
				rt.Fatal(err)
			}
			if err := source.Start(context.Background()); err != nil {
				rt.Fatal(err)
			}
			defer stop(t, source)
			wellSince := time.Now()
			check := func() {
				synctest.Wait()
				cred, ok := source.Current()
				held := told.Load()
				if want := held != nil && held.Valid(time.Now()); ok != want {
					rt.Fatalf("Current says %v, the last token's life says %v", ok, want)
				}
				if ok && cred != *held {
					rt.Fatalf("serves %v, the last was %v", cred, *held)
				}
				// A well service gives a token within a failed request under way,
				// the longest wait and one request.
				away, most := s.seen()
				if !away && !ok && time.Since(wellSince) > 15*time.Second {
					rt.Fatalf("no token though the service is well for %s", time.Since(wellSince))
				}
				if most > 1 {
					rt.Fatalf("%d requests at once", most)
				}
			}
			rt.Repeat(map[string]func(*rapid.T){
				"": func(*rapid.T) { check() },
				"pass time": func(rt *rapid.T) {
					time.Sleep(time.Duration(rapid.IntRange(1, 20_000).Draw(rt, "ms")) * time.Millisecond)
				},
				"service": func(rt *rapid.T) {
					away, latency := rapid.Bool().Draw(rt, "away"), time.Duration(rapid.IntRange(0, 4000).Draw(rt, "latency ms"))*time.Millisecond
					s.set(func(s *service) {
						if s.away && !away {
							wellSince = time.Now()
						}
						s.away, s.latency = away, latency
					})
				},
				"pace": func(rt *rapid.T) {
					source.SetPace(time.Duration(rapid.IntRange(0, 40).Draw(rt, "seconds")) * time.Second)
				},
				"renew": func(rt *rapid.T) {
					before := told.Load()
					err := source.Renew(context.Background())
					if renewed := told.Load() != before; renewed != (err == nil) {
						rt.Fatalf("Renew says %v, a new token came: %v", err, renewed)
					}
				},
			})
		})
	})
}

// Real time, real goroutines: for the race detector.
func TestSourceStartStopStress(t *testing.T) {
	for range 200 {
		var mu sync.Mutex
		var flying int
		source, err := tokenauth.NewSource(tokenauth.SourceConfig{Fetch: func(context.Context) (tokenauth.Fetched, error) {
			if !mu.TryLock() {
				t.Error("two requests at once")
				return tokenauth.Fetched{}, errAway
			}
			defer mu.Unlock()
			if flying++; flying%3 == 0 {
				return tokenauth.Fetched{}, errAway
			}
			return tokenauth.Fetched{Raw: "x", ExpiresIn: time.Minute, IssuedAt: time.Unix(1, 0)}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				switch i {
				case 0:
					stop(t, source)
				case 1, 2:
					if err := source.Start(t.Context()); err != nil && !errors.Is(err, tokenauth.ErrNotRunning) {
						t.Error(err)
					}
				case 3:
					source.SetPace(time.Millisecond)
					source.Current()
				case 4:
					if _, err := source.Wait(t.Context()); err != nil && !errors.Is(err, tokenauth.ErrNotRunning) {
						t.Error(err)
					}
				default:
					err := source.Renew(t.Context())
					if err != nil && !errors.Is(err, tokenauth.ErrNotRunning) && !errors.Is(err, errAway) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if err := source.Start(t.Context()); !errors.Is(err, tokenauth.ErrNotRunning) {
			t.Errorf("Start after Stop: %v", err)
		}
	}
}
