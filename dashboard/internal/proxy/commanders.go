package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

const (
	// awayFor is how long a commander that failed is asked last.
	awayFor = 5 * time.Second
	// keptBody is how much of a body is kept to be sent again. It is the commander's
	// limit for one mission; a batch that is larger goes to one commander only.
	keptBody = 1 << 20
)

var (
	errBody = errors.New("read the request's body")
	// errMaybeTaken marks a failure after which the request may have been carried out.
	errMaybeTaken = errors.New("the commander may have taken the request")
)

// commanders is a transport that sends each request to a commander that answers.
//
//	one answers     requests stay with it: what was just written is read back where it was written
//	it fails        the request goes to the next, and so do all after it; the failed one comes last for 5 s
//	all fail        each request tries all of them, so the first that is back serves it
//
// Failing is to give no answer; an answer of 503 is one. A request goes to a second
// commander only where the first can't have acted on it: no connection came about,
// it changes nothing, or it carries an Idempotency-Key. An event stream ends with
// its commander, and the browser's next one, which goes to another, resumes where
// it was: event ids are the same at all of them.
type commanders struct {
	all       []*commander
	current   atomic.Int64 // index of the one that answered last
	transport http.RoundTripper
	log       *zap.Logger
}

type commander struct {
	url  *url.URL
	away atomic.Pointer[time.Time] // when it failed last; nil once it answers
}

func newCommanders(urls []*url.URL, transport http.RoundTripper, log *zap.Logger) *commanders {
	c := &commanders{transport: transport, log: log}
	for _, u := range urls {
		c.all = append(c.all, &commander{url: u})
	}
	return c
}

// RoundTrip implements http.RoundTripper.
func (c *commanders) RoundTrip(r *http.Request) (*http.Response, error) {
	r, whole, err := keepBody(r)
	if err != nil {
		return nil, err
	}
	current := c.current.Load()
	var errs []error
	for _, i := range c.order(int(current)) {
		res, sent, err := c.send(r, c.all[i].url)
		if err == nil {
			c.answered(c.all[i])
			c.current.CompareAndSwap(current, int64(i))
			return res, nil
		}
		if r.Context().Err() != nil {
			return nil, err
		}
		c.failed(c.all[i], err)
		if sent && !repeatable(r) {
			return nil, errors.Join(errMaybeTaken, err)
		}
		errs = append(errs, err)
		if !whole {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// order is all commanders, beginning with the current one; those that failed of late come last.
func (c *commanders) order(current int) []int {
	order := make([]int, len(c.all))
	for i := range order {
		order[i] = (current + i) % len(c.all)
	}
	slices.SortStableFunc(order, func(a, b int) int { return c.all[a].rank() - c.all[b].rank() })
	return order
}

func (c *commander) rank() int {
	if since := c.away.Load(); since != nil && time.Since(*since) < awayFor {
		return 1
	}
	return 0
}

// send tells beside the answer whether the commander may have seen anything of the request.
func (c *commanders) send(r *http.Request, to *url.URL) (res *http.Response, sent bool, err error) {
	var connected atomic.Bool
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		// The transport looks for a second connection only after it wrote nothing to the first, or may repeat.
		GetConn: func(string) { connected.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	out := r.Clone(ctx)
	if r.GetBody != nil {
		if out.Body, err = r.GetBody(); err != nil {
			return nil, false, err
		}
	}
	(&httputil.ProxyRequest{In: r, Out: out}).SetURL(to) // also makes the upstream's own name the Host
	res, err = c.transport.RoundTrip(out)
	return res, connected.Load(), err
}

func (c *commanders) answered(one *commander) {
	if one.away.Swap(nil) != nil {
		c.log.Info("commander answers again", zap.String("commander", one.url.Redacted()))
	}
}

// failed logs when it begins, and not for each request after that.
func (c *commanders) failed(one *commander, err error) {
	now := time.Now()
	if one.away.Swap(&now) == nil {
		c.log.Warn("commander is unreachable", zap.String("commander", one.url.Redacted()), zap.Error(err))
	}
}

// repeatable requests may be carried out twice.
func repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return r.Header.Get("Idempotency-Key") != ""
}

// keepBody makes the body one that can be read again, unless it is too large for
// that; then whole is false and the request can be sent once.
func keepBody(r *http.Request) (kept *http.Request, whole bool, err error) {
	if r.Body == nil || r.Body == http.NoBody {
		return r, true, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, keptBody+1))
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", errBody, err)
	}
	kept = r.WithContext(r.Context()) // a transport must not change the request it was given
	if len(body) > keptBody {
		kept.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
		return kept, false, nil
	}
	_ = r.Body.Close() // read to its end: nothing is lost
	kept.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return kept, true, nil
}
