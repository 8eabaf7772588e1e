package client

import (
	"context"
	"fmt"
	"net/http"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Attention returns what needs somebody's attention, the worst first: what is wrong, why that is thought, and what can be done. No
// items mean that the commander knows of nothing. The texts are for people; a program goes by an item's Code and fields.
func (c *Client) Attention(ctx context.Context) (contracts.Attention, error) {
	var a contracts.Attention
	if _, err := c.do(ctx, call{method: http.MethodGet, path: "/attention", into: &a}); err != nil {
		return contracts.Attention{}, fmt.Errorf("asking what needs attention: %w", err)
	}
	return a, nil
}
