package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Retry says how often a call is tried whose failure may pass (see Temporary).
type Retry struct {
	// Attempts is how often at most, the first included. Default 4; 1 never tries again.
	Attempts int
	// FirstDelay is the wait after the first failure, doubled after each further one and moved by up to half of it to
	// either side, so that many callers don't come back at once. Default 200 ms.
	FirstDelay time.Duration
	// MaxDelay bounds the doubling. Default 5 s.
	MaxDelay time.Duration
}

// maxRetryAfter is the longest Retry-After that is waited for. Where the commander asks for more, the caller gets the
// Problem and decides.
const maxRetryAfter = 30 * time.Second

func (r Retry) withDefaults() Retry {
	if r.Attempts <= 0 {
		r.Attempts = 4
	}
	if r.FirstDelay <= 0 {
		r.FirstDelay = 200 * time.Millisecond
	}
	if r.MaxDelay <= 0 {
		r.MaxDelay = 5 * time.Second
	}
	return r
}

// delay is the wait after the given failure in a row, counted from 1.
func (r Retry) delay(failure int, err error) time.Duration {
	d := r.FirstDelay
	for i := 1; i < failure && d < r.MaxDelay; i++ {
		d *= 2
	}
	d = min(d, r.MaxDelay)
	d = d/2 + rand.N(d+1)
	var p *Problem
	if errors.As(err, &p) && p.RetryAfter > d {
		// Never sooner than asked; the jitter comes on top.
		d = p.RetryAfter + rand.N(r.FirstDelay+1)
	}
	return d
}

// do makes tries until one succeeds, fails for good, or Attempts are used up. It returns the last error, and how many
// tries were made.
func (c *Client) do(ctx context.Context, k call) (tries int, err error) {
	var last error
	for tries = 1; ; tries++ {
		last, err = err, c.once(ctx, k)
		if err != nil && last != nil && ctx.Err() != nil {
			return tries, &endedError{last: last, cause: context.Cause(ctx)}
		}
		if err == nil || tries >= c.retry.Attempts || !Temporary(err) || asksForMore(err) {
			return tries, err
		}
		if !sleep(ctx, c.retry.delay(tries, err)) {
			return tries, &endedError{last: err, cause: context.Cause(ctx)}
		}
	}
}

func asksForMore(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.RetryAfter > maxRetryAfter
}

// endedError is the end of the caller's context after a try that failed. That failure says more than the end.
type endedError struct{ last, cause error }

func (e *endedError) Error() string   { return fmt.Sprintf("%v (gave up: %v)", e.last, e.cause) }
func (e *endedError) Unwrap() []error { return []error{e.last, e.cause} }

// sleep waits for d, and tells whether it could: false when the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// retryAfter reads the header in either of its forms; 0 where there is none.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(v); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 3600)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
