package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultBaseURL is where a commander listens unless told otherwise.
const DefaultBaseURL = "http://127.0.0.1:8080"

const (
	// DefaultTimeout bounds one try of one call, except those that a commander may take longer for.
	DefaultTimeout = 15 * time.Second
	// DefaultLongTimeout bounds one try of the calls about what is set aside, which a commander gives up after 60 s, and of
	// a batch of missions, which it gives up after 45 s.
	DefaultLongTimeout = 75 * time.Second
)

// maxAnswer bounds what is read of one answer, in bytes: more than the largest page of missions.
const maxAnswer = 64 << 20

// Config says whom to call, and how.
type Config struct {
	// BaseURL is the commander's address, http or https, with a path where a proxy adds one (the dashboard's server:
	// http://127.0.0.1:3000/api). Default DefaultBaseURL. Errors show it without a password that it may have.
	BaseURL string
	// APIKey is sent as Bearer where it is not empty. A commander off loopback asks for it (COMMANDER_API_KEY).
	APIKey string
	// HTTPClient makes the requests. Its Timeout would cut Events; leave it 0. Without a CheckRedirect of its own it
	// follows redirects that keep the method alone: a POST that became a GET would be answered with something else.
	// Default: a client of its own with no proxy surprises beyond HTTP_PROXY and NO_PROXY.
	HTTPClient *http.Client
	// UserAgent names the caller in the commander's logs. Default "mission-control-client".
	UserAgent string
	// Timeout bounds one try of one call, from the dial to the last byte of the answer; Events excepted. Default
	// DefaultTimeout, and DefaultLongTimeout for batches and what is set aside; where it is set it is for all. The context
	// bounds the call with all its tries.
	Timeout time.Duration
	// Retry says how often and how far apart a call is tried.
	Retry Retry
}

// Client calls one commander.
type Client struct {
	base      string
	shown     string // base without a password
	key       string
	http      *http.Client
	userAgent string
	timeout   time.Duration
	long      time.Duration // the timeout of calls that may take long
	retry     Retry
}

// New returns a Client. It fails where BaseURL is no address, or the key can't be sent; it does not connect.
func New(cfg Config) (*Client, error) {
	if cfg.BaseURL == "" {
		cfg.BaseURL = DefaultBaseURL
	}
	u, err := url.Parse(cfg.BaseURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the commander's URL must look like %s, got %q", DefaultBaseURL, cfg.BaseURL)
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Transport: newTransport()}
	}
	if cfg.HTTPClient.CheckRedirect == nil {
		own := *cfg.HTTPClient
		own.CheckRedirect = keepMethod
		cfg.HTTPClient = &own
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "mission-control-client"
	}
	cfg.APIKey = strings.TrimSpace(cfg.APIKey)
	if !headerValue(cfg.APIKey) || !headerValue(cfg.UserAgent) {
		return nil, errors.New("the API key and the user agent must be one line without control characters")
	}
	long := cfg.Timeout
	if cfg.Timeout <= 0 {
		cfg.Timeout, long = DefaultTimeout, DefaultLongTimeout
	}
	return &Client{
		base:      strings.TrimRight(cfg.BaseURL, "/"),
		shown:     strings.TrimRight(u.Redacted(), "/"),
		key:       cfg.APIKey,
		http:      cfg.HTTPClient,
		userAgent: cfg.UserAgent,
		timeout:   cfg.Timeout,
		long:      long,
		retry:     cfg.Retry.withDefaults(),
	}, nil
}

// newTransport keeps more idle connections to the one commander than Go's default of 2, so that callers with many
// goroutines don't open a connection for each call.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     30 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
	}
}

// BaseURL returns the address that the client calls, without a slash at its end and without a password.
func (c *Client) BaseURL() string { return c.shown }

// CloseIdleConnections closes connections that no call uses.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// call is one request and where its answer goes.
type call struct {
	method string
	path   string // starts with a slash, already escaped
	query  url.Values
	body   []byte // JSON; nil sends none
	key    string // Idempotency-Key
	long   bool   // a commander may take long
	// accept lists statuses past 2xx whose body is an answer.
	accept []int
	into   any // nil: there is nothing to read
}

// once makes one try.
func (c *Client) once(ctx context.Context, k call) error {
	if err := checkPath(k.path); err != nil {
		return err
	}
	limit := c.timeout
	if k.long {
		limit = c.long
	}
	tryCtx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := c.request(tryCtx, k)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(ctx, err)
	}
	defer res.Body.Close()
	return c.read(ctx, res, k)
}

func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
	target := c.base + k.path
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	var body io.Reader
	if k.body != nil {
		body = bytes.NewReader(k.body)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	req.Header.Set("User-Agent", c.userAgent)
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if k.key != "" {
		req.Header.Set("Idempotency-Key", k.key)
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	return req, nil
}

// read turns a response into k.into or an error.
func (c *Client) read(ctx context.Context, res *http.Response, k call) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return c.unreachable(ctx, fmt.Errorf("the answer was cut off: %w", err))
	}
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	answer := res.StatusCode/100 == 2
	for _, s := range k.accept {
		answer = answer || res.StatusCode == s && media == "application/json"
	}
	if !answer {
		return c.refusal(res, media, body)
	}
	if k.into == nil {
		return nil
	}
	if err := json.Unmarshal(body, k.into); err != nil {
		return &UnexpectedError{URL: c.shown, Status: res.StatusCode, ContentType: media, Err: err}
	}
	if m, ok := k.into.(*Mission); ok && m.MissionID == "" {
		return &UnexpectedError{URL: c.shown, Status: res.StatusCode, ContentType: media, Err: errNoMission}
	}
	return nil
}

// errNoMission: JSON, but of something else. A caller that took it for the mission would go on with an empty id.
var errNoMission = errors.New("the answer has no mission_id")

// refusal reads a status past 2xx.
func (c *Client) refusal(res *http.Response, media string, body []byte) error {
	p := &Problem{Status: res.StatusCode, RetryAfter: retryAfter(res.Header)}
	if media == "application/problem+json" || media == "application/json" {
		var wire problemWire
		if err := json.Unmarshal(body, &wire); err == nil {
			p.Code, p.Title, p.Detail, p.Errors, p.MissionID = wire.Code, wire.Title, wire.Detail, wire.Errors, wire.MissionID
			return p
		}
	}
	// What answers may be a proxy in front of a commander that is away: those statuses are worth another try.
	if p.temporary() {
		return p
	}
	e := &UnexpectedError{URL: c.shown, Status: res.StatusCode, ContentType: media}
	if to := res.Header.Get("Location"); to != "" {
		e.Err = fmt.Errorf("it redirects to %s", to)
	}
	return e
}

// keepMethod follows redirects that ask the same question elsewhere.
func keepMethod(req *http.Request, via []*http.Request) error {
	switch {
	case req.Method != via[0].Method:
		return http.ErrUseLastResponse
	case len(via) >= 10:
		return errors.New("stopped after 10 redirects")
	}
	return nil
}

// headerValue tells whether s can be sent in a header. What can't would fail again and again, like an absent commander.
func headerValue(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}

// checkPath refuses a path with an id that makes it another one: an empty id asks for the list.
func checkPath(path string) error {
	for part := range strings.SplitSeq(path[1:], "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("an id or a name is missing: nothing can be asked of %s", path)
		}
	}
	return nil
}
