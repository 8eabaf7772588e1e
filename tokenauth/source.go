package tokenauth

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Defaults of a source, made for tokens of 30 s.
const (
	DefaultRenewAfter   = 25 * time.Second
	DefaultFetchTimeout = 5 * time.Second
	DefaultRetryMin     = 200 * time.Millisecond
	DefaultRetryMax     = 5 * time.Second
)

// SourceConfig says how a source gets its tokens, and when.
type SourceConfig struct {
	// Fetch asks the service for a token. Required. It must return soon after
	// its context ends; it is never called twice at once.
	Fetch func(ctx context.Context) (Fetched, error)
	// RenewAfter is the age, counted from when the request was sent, at which
	// the next token is asked for: 25 s by default. A token that lives less
	// than 6/5 of it is renewed after 5/6 of its life instead.
	RenewAfter time.Duration
	// FetchTimeout ends one request: 5 s by default.
	FetchTimeout time.Duration
	// RetryMin and RetryMax bound the wait after a failed request, which
	// doubles from one to the other: 200 ms and 5 s by default.
	RetryMin, RetryMax time.Duration
	// Rand gives numbers in [0, 1) that shorten each such wait by up to half,
	// so that a fleet doesn't return in step: math/rand by default.
	Rand func() float64
	// OnRenewed is told each new token, OnError each failed request, one after
	// the other and before Renew returns. Optional. They must return soon and
	// must not call Renew, Wait or Stop, which would wait for them.
	OnRenewed func(Credential)
	OnError   func(error)
}

// Source holds a client's token and renews it ahead of its end. One goroutine
// makes all requests, so there is never more than one in flight. It is safe for
// concurrent use.
//
//	asked      25 s        30 s
//	  |---------|-----------|
//	  token 1   ask again   token 1 ends
//	            |- token 2 ...
//
// While requests fail the old token is served until it ends. Requests go on
// until Stop.
type Source struct {
	cfg  SourceConfig
	wake chan struct{} // of size 1: something that decides the next request changed
	gone chan struct{} // closed when stopped

	mu      sync.Mutex
	state   sourceState
	cancel  context.CancelFunc
	pace    time.Duration // 0: renewAfter
	cred    Credential
	changed chan struct{} // closed and replaced with each new credential
	asked   *request      // wanted or in flight
	retries int           // failed requests since the last good one
	retryAt time.Time     // when the next is due, while retries > 0
	failed  time.Time     // when the last failed
}

type sourceState int

const (
	sourceNew sourceState = iota
	sourceRunning
	sourceStopped
)

// request is one request to the service and those who wait for it. err may be
// read once done is closed.
type request struct {
	done chan struct{}
	err  error
}

// NewSource checks the configuration. Nothing is asked for before Start.
func NewSource(cfg SourceConfig) (*Source, error) {
	if cfg.Fetch == nil {
		return nil, errors.New("token source has no way to ask: set SourceConfig.Fetch")
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{
		{"RenewAfter", &cfg.RenewAfter, DefaultRenewAfter},
		{"FetchTimeout", &cfg.FetchTimeout, DefaultFetchTimeout},
		{"RetryMin", &cfg.RetryMin, DefaultRetryMin},
		{"RetryMax", &cfg.RetryMax, max(DefaultRetryMax, cfg.RetryMin)},
	} {
		if *d.value < 0 {
			return nil, fmt.Errorf("SourceConfig.%s is %s: give a time over 0, or 0 for %s", d.name, *d.value, d.def)
		}
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	if cfg.RetryMax < cfg.RetryMin {
		return nil, fmt.Errorf("SourceConfig.RetryMax %s is below RetryMin %s", cfg.RetryMax, cfg.RetryMin)
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.OnRenewed == nil {
		cfg.OnRenewed = func(Credential) {}
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	return &Source{
		cfg:     cfg,
		wake:    make(chan struct{}, 1),
		gone:    make(chan struct{}),
		changed: make(chan struct{}),
	}, nil
}

// Start asks for the first token and goes on until Stop; it returns at once.
// The end of ctx does not end the source; its values reach Fetch. A second
// Start does nothing; after Stop it is ErrNotRunning.
func (s *Source) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.state {
	case sourceRunning:
		return nil
	case sourceStopped:
		return ErrNotRunning
	}
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.state = sourceRunning
	s.want()
	go s.run(ctx)
	return nil
}

// Stop ends the request in flight and all waiting, and waits for the goroutine
// to end, or for ctx, whose error it then returns. The last token stays
// readable until its end. A second Stop waits as well.
func (s *Source) Stop(ctx context.Context) error {
	s.mu.Lock()
	switch s.state {
	case sourceNew:
		s.state = sourceStopped
		close(s.gone)
	case sourceRunning:
		s.cancel()
	}
	s.mu.Unlock()
	select {
	case <-s.gone:
		return nil
	default:
	}
	select {
	case <-s.gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stopping the token source: %w", ctx.Err())
	}
}

// Current gives the newest token while it lives; false if there is none.
func (s *Source) Current() (Credential, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.cred.Valid(time.Now()) {
		return Credential{}, false
	}
	return s.cred, true
}

// Wait gives the newest token as soon as there is one that lives. It ends with
// ctx's error, or with ErrNotRunning when the source is stopped. Before Start
// it waits for that too.
func (s *Source) Wait(ctx context.Context) (Credential, error) {
	for {
		s.mu.Lock()
		cred, changed := s.cred, s.changed
		s.mu.Unlock()
		if cred.Valid(time.Now()) {
			return cred, nil
		}
		select {
		case <-changed:
		case <-s.gone:
			return Credential{}, ErrNotRunning
		case <-ctx.Done():
			return Credential{}, fmt.Errorf("waiting for a token: %w", ctx.Err())
		}
	}
}

// Renew asks for a token now, or joins the request in flight, and waits for the
// answer to that one request. Its error is the request's; the source goes on
// by itself. It is ErrNotRunning before Start and after Stop. A request that
// was joined may have been sent before Renew was called.
func (s *Source) Renew(ctx context.Context) error {
	s.mu.Lock()
	if s.state != sourceRunning {
		s.mu.Unlock()
		return ErrNotRunning
	}
	r := s.want()
	s.mu.Unlock()
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("waiting for the token's renewal: %w", ctx.Err())
	}
}

// SetPace makes the source renew every d, counted from when the last request
// was sent, until it is changed again; 0 (or less) is RenewAfter again, and so
// is anything longer. It also bounds the wait after a failed request. A pace
// that is due already is acted on at once.
func (s *Source) SetPace(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pace = max(d, 0)
	s.nudge()
}

// want gives the request wanted or in flight, or a new one. s.mu is held.
func (s *Source) want() *request {
	if s.asked == nil {
		s.asked = &request{done: make(chan struct{})}
		s.nudge()
	}
	return s.asked
}

func (s *Source) nudge() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}
