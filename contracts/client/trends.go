package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mission-control-dev/mission-control/contracts"
)

// StatsHistory returns the numbers over time, for one of contracts.HistoryRanges. Empty is the shortest.
func (c *Client) StatsHistory(ctx context.Context, r contracts.Range) (contracts.StatsHistory, error) {
	var h contracts.StatsHistory
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/stats/history", query: rangeQuery(r), into: &h}); err != nil {
		return contracts.StatsHistory{}, fmt.Errorf("reading numbers over time: %w", err)
	}
	return h, nil
}

// Failures returns what attempts failed with of late, the most frequent first, for one of contracts.FailureRanges. Empty is the
// shortest.
func (c *Client) Failures(ctx context.Context, r contracts.Range) (contracts.FailureList, error) {
	var l contracts.FailureList
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/failures", query: rangeQuery(r), into: &l}); err != nil {
		return contracts.FailureList{}, fmt.Errorf("reading failures: %w", err)
	}
	return l, nil
}

func rangeQuery(r contracts.Range) url.Values {
	if r == "" {
		return nil
	}
	return url.Values{"range": {string(r)}}
}
