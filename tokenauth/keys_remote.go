package tokenauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Defaults and limits of RemoteKeys.
const (
	DefaultMinRefresh = 5 * time.Second
	DefaultMaxRefresh = 15 * time.Minute
	DefaultMaxStale   = 24 * time.Hour
	// MaxJWKSBytes is the longest JWKS that is read.
	MaxJWKSBytes = 256 << 10
)

// RemoteConfig says where the keys come from, and how fresh they are kept.
type RemoteConfig struct {
	// URL of the JWKS. Required: https, or http to localhost or a loopback
	// address. Redirects are not followed.
	URL string
	// AllowHTTP allows http to any host. Whoever is on the way can then put in
	// keys of his own: for networks that protect the way by other means.
	AllowHTTP bool
	// MinRefresh is the least time between two requests, whatever asks for
	// them: an age, a failure, a key id that is not known. 5 s by default.
	MinRefresh time.Duration
	// MaxRefresh is the longest time after which the set is asked for again:
	// 15 min by default. Within these bounds the answer's Cache-Control
	// (max-age less Age; no-store and no-cache as 0) decides; an answer without
	// one is kept for MaxRefresh. Each wait is shortened by up to a tenth, so
	// that a fleet doesn't ask in step.
	MaxRefresh time.Duration
	// MaxStale is how long the last good set is used while the URL fails: 24 h
	// (or MaxRefresh, if that is longer) by default, counted from the request
	// that gave it. At least MaxRefresh.
	MaxStale time.Duration
	// FetchTimeout ends one request, body included: 5 s by default.
	FetchTimeout time.Duration
	// Client makes the requests; by default one of its own, which heeds the
	// proxy variables of the environment. Its CheckRedirect is not used.
	Client *http.Client
	// Rand gives numbers in [0, 1) for the waits: math/rand by default.
	Rand func() float64
	// OnError is told each failed request. Optional. It must return soon and
	// must not call Refresh, Stop or a verifier, which would wait for it.
	OnError func(error)
}

// RemoteKeys is a KeySet that a verifier fetches from its issuer's JWKS. It
// can't sign.
//
// One goroutine makes all requests, so there is never more than one in flight,
// and no more than one in MinRefresh. An answer that is not a good JWKS (status,
// size, content) changes nothing: the last good set stays for MaxStale, and the
// next request follows after MinRefresh to 1.5 times that. Before the first good
// set, and after MaxStale, nothing is accepted (ErrNoKeys).
//
// A token with a key id that is not in the set makes its verifier wait for one
// new request where MinRefresh allows that, at most FetchTimeout. That helps
// while the URL answers. An issuer that shows each key ahead of signing with it
// (DerivedKeys do, for a period), for longer than its answers are kept and its
// site may be away, needs no such help.
type RemoteKeys struct {
	cfg    RemoteConfig
	client *http.Client
	own    *http.Transport // of the default client; nil for a caller's
	life   *life
	wake   chan struct{} // of size 1: a request is wanted
	first  chan struct{} // closed with the first good set

	mu   sync.Mutex
	keys []Key // replaced, never changed in place
	// asked is when the request that gave keys was sent.
	asked time.Time
	// ended is when the last request ended, good or not.
	ended time.Time
	// next is when the next is due.
	next time.Time
	// wanted is closed when the request wanted or in flight ended; nil if none.
	wanted chan struct{}
}

// NewRemoteKeys checks the configuration. Nothing is fetched before Start.
func NewRemoteKeys(cfg RemoteConfig) (*RemoteKeys, error) {
	if err := checkJWKSURL(cfg.URL, cfg.AllowHTTP); err != nil {
		return nil, err
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"MinRefresh", &cfg.MinRefresh, DefaultMinRefresh},
		{"MaxRefresh", &cfg.MaxRefresh, max(DefaultMaxRefresh, cfg.MinRefresh)},
		{"MaxStale", &cfg.MaxStale, max(DefaultMaxStale, cfg.MaxRefresh, cfg.MinRefresh)},
		{"FetchTimeout", &cfg.FetchTimeout, DefaultFetchTimeout},
	} {
		if *d.value < 0 {
			return nil, fmt.Errorf("RemoteConfig.%s is %s: give a time over 0, or 0 for %s", d.name, *d.value, d.def)
		}
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	if cfg.MinRefresh > cfg.MaxRefresh || cfg.MaxRefresh > cfg.MaxStale {
		return nil, fmt.Errorf("RemoteConfig: MinRefresh %s, MaxRefresh %s and MaxStale %s must not decrease in this order",
			cfg.MinRefresh, cfg.MaxRefresh, cfg.MaxStale)
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	k := &RemoteKeys{cfg: cfg, life: newLife(), wake: make(chan struct{}, 1), first: make(chan struct{})}
	if cfg.Client == nil {
		k.own = &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute,
		}
		cfg.Client = &http.Client{Transport: k.own}
	}
	client := *cfg.Client
	// A redirect would decide anew where keys may come from.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	k.client = &client
	return k, nil
}

func checkJWKSURL(address string, allowHTTP bool) error { //nolint:revive // flag-parameter: a setting that its one caller passes on
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return errors.New("RemoteConfig.URL is no address of a JWKS: give one like https://issuer.example/.well-known/jwks.json")
	}
	if u.User != nil {
		return errors.New("RemoteConfig.URL holds a user name: a JWKS is public; leave it out")
	}
	switch {
	case u.Scheme == "https", u.Scheme == "http" && (allowHTTP || isLoopback(u.Hostname())):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("RemoteConfig.URL %q is http to another machine, where anybody on the way can put in keys: use https, or set AllowHTTP", address)
	default:
		return fmt.Errorf("RemoteConfig.URL %q must be https", address)
	}
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Start asks for the keys and keeps them fresh until Stop; it returns at once.
// The end of ctx does not end it. A second Start does nothing; after Stop it is
// ErrStopped.
func (k *RemoteKeys) Start(ctx context.Context) error { return k.life.start(ctx, k.run) }

// Stop ends the request in flight, and waits for that or for ctx, whose error
// it then returns. The keys stay until MaxStale.
func (k *RemoteKeys) Stop(ctx context.Context) error { return k.life.stop(ctx, "the remote keys") }

// Wait returns when the first good set is there. It ends with ctx's error, or
// with ErrStopped. Before Start it waits for that too.
func (k *RemoteKeys) Wait(ctx context.Context) error {
	select {
	case <-k.first:
		return nil
	default:
	}
	select {
	case <-k.first:
		return nil
	case <-k.life.gone:
		return ErrStopped
	case <-ctx.Done():
		return fmt.Errorf("waiting for the keys from %s: %w", k.cfg.URL, ctx.Err())
	}
}

// Signing is ErrCannotSign: a JWKS has no private keys.
func (k *RemoteKeys) Signing(time.Time) (Key, error) {
	return Key{}, fmt.Errorf("%w: a JWKS holds public keys", ErrCannotSign)
}

// Accepted is the last good set, whatever time is asked for; empty before the
// first, and MaxStale after the last.
func (k *RemoteKeys) Accepted(time.Time) []Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil || time.Since(k.asked) > k.cfg.MaxStale {
		return nil
	}
	return slices.Clone(k.keys)
}

// Refresh waits for the request in flight, or for a new one if none was made
// within MinRefresh, and otherwise returns at once, as it does before Start.
func (k *RemoteKeys) Refresh() {
	if !k.life.running() {
		return
	}
	k.mu.Lock()
	if k.wanted == nil && (k.ended.IsZero() || time.Since(k.ended) >= k.cfg.MinRefresh) {
		k.wanted = make(chan struct{})
		select {
		case k.wake <- struct{}{}:
		default: // it is awake already
		}
	}
	wanted := k.wanted
	k.mu.Unlock()
	if wanted == nil {
		return
	}
	select {
	case <-wanted:
	case <-k.life.gone:
	}
}

// run makes every request, when it is due or wanted, until ctx ends.
func (k *RemoteKeys) run(ctx context.Context) {
	if k.own != nil {
		defer k.own.CloseIdleConnections()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		case <-timer.C:
		}
		if ctx.Err() != nil {
			return
		}
		k.ask(ctx)
		k.mu.Lock()
		timer.Reset(time.Until(k.next))
		k.mu.Unlock()
	}
}

// ask makes one request and keeps its result.
func (k *RemoteKeys) ask(ctx context.Context) {
	k.mu.Lock()
	if k.wanted == nil {
		k.wanted = make(chan struct{})
	}
	k.mu.Unlock()
	asked := time.Now()
	keys, fresh, err := k.fetch(ctx)
	if ctx.Err() != nil {
		return // stopped: those who wait see that
	}
	if err != nil {
		k.cfg.OnError(err)
	}

	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = time.Now()
	if err == nil {
		if k.keys == nil {
			close(k.first)
		}
		k.keys, k.asked = keys, asked
		fresh = min(max(fresh, k.cfg.MinRefresh), k.cfg.MaxRefresh)
		fresh -= time.Duration(k.cfg.Rand() * float64(fresh) / 10)
		k.next = asked.Add(fresh)
	} else {
		k.next = k.ended.Add(k.cfg.MinRefresh + time.Duration(k.cfg.Rand()*float64(k.cfg.MinRefresh)/2))
	}
	if least := k.ended.Add(k.cfg.MinRefresh); k.next.Before(least) {
		k.next = least
	}
	close(k.wanted)
	k.wanted = nil
	select {
	case <-k.wake: // whoever wanted this request has it
	default:
	}
}

// fetch gives the keys and how long the answer says that they are fresh.
func (k *RemoteKeys) fetch(ctx context.Context) ([]Key, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.FetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.cfg.URL, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("fetching the keys: %w", err)
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := k.client.Do(request)
	if err != nil {
		return nil, 0, fmt.Errorf("fetching the keys: %w", err) // it names the URL
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		hint := ""
		if response.StatusCode/100 == 3 {
			hint = "; redirects are not followed: give the address that it leads to"
		}
		return nil, 0, fmt.Errorf("fetching the keys from %s: %w: the answer is %d, not 200%s", k.cfg.URL, ErrKeySet, response.StatusCode, hint)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxJWKSBytes+1))
	if err != nil {
		return nil, 0, fmt.Errorf("reading the keys from %s: %w", k.cfg.URL, err)
	}
	if len(body) > MaxJWKSBytes {
		return nil, 0, fmt.Errorf("reading the keys from %s: %w: the JWKS has more than %d bytes", k.cfg.URL, ErrKeySet, MaxJWKSBytes)
	}
	keys, err := ParseJWKS(body)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the keys from %s: %w", k.cfg.URL, err)
	}
	return keys, freshness(response.Header, k.cfg.MaxRefresh), nil
}
