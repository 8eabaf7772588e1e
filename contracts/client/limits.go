package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mission-control-dev/mission-control/contracts"
)

// ConcurrencyKey is a concurrency key as it is now.
type ConcurrencyKey struct {
	Key string `json:"key"`
	contracts.Limit
	// Default: nobody set the limit.
	Default bool `json:"default,omitempty"`
	// Admitted missions have a place: they run, or are ordered. Waiting ones wait for one.
	Admitted int `json:"admitted"`
	Waiting  int `json:"waiting"`
}

// Limits returns the concurrency keys whose limit is set, in the order of their names.
func (c *Client) Limits(ctx context.Context) ([]ConcurrencyKey, error) {
	var l struct {
		Limits []ConcurrencyKey `json:"limits"`
	}
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/limits", into: &l}); err != nil {
		return nil, fmt.Errorf("listing limits: %w", err)
	}
	return l.Limits, nil
}

// Limit returns one key, also one that nobody set or used.
func (c *Client) Limit(ctx context.Context, key string) (ConcurrencyKey, error) {
	return c.limit(ctx, call{method: http.MethodGet}, key)
}

// SetLimit says how many missions of a key may run at once, and start in a while. A raised limit starts more of those who wait
// at once; a lower one ends nothing.
func (c *Client) SetLimit(ctx context.Context, key string, l contracts.Limit) (ConcurrencyKey, error) {
	body, err := encode(l)
	if err != nil {
		return ConcurrencyKey{}, fmt.Errorf("encoding the limit: %w", err)
	}
	return c.limit(ctx, call{method: http.MethodPut, body: body}, key)
}

// RemoveLimit makes the limit of a key contracts.DefaultLimit again.
func (c *Client) RemoveLimit(ctx context.Context, key string) (ConcurrencyKey, error) {
	return c.limit(ctx, call{method: http.MethodDelete}, key)
}

// limit does something with a key. Doing it twice is doing it once.
func (c *Client) limit(ctx context.Context, k call, key string) (ConcurrencyKey, error) {
	var got ConcurrencyKey
	k.path, k.into = "/limits/"+url.PathEscape(key), &got
	if _, err := c.do(ctx, k); err != nil {
		return ConcurrencyKey{}, fmt.Errorf("limit of concurrency key %q: %w", key, err)
	}
	return got, nil
}
