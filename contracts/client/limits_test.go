package client_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

func TestLimits(t *testing.T) {
	one := map[string]any{"key": "a/b c", "max_running": 2, "rate": map[string]any{"starts": 5, "period_seconds": 1}, "admitted": 2, "waiting": 7}
	c := newCommander(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch {
		case n == 0:
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
		case r.URL.Path == "/limits":
			writeJSON(w, http.StatusOK, map[string]any{"limits": []any{one}})
		default:
			writeJSON(w, http.StatusOK, one)
		}
	})
	cl, ctx := c.client(t), t.Context()
	limit := contracts.Limit{MaxRunning: 2, Rate: &contracts.Rate{Starts: 5, PeriodSeconds: 1}}
	check := func(got client.ConcurrencyKey, err error) {
		t.Helper()
		if err != nil || got.Key != "a/b c" || got.MaxRunning != 2 || *got.Rate != *limit.Rate || got.Admitted != 2 || got.Waiting != 7 || got.Default {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	all, err := cl.Limits(ctx)
	if len(all) != 1 {
		t.Fatalf("got %+v, %v", all, err)
	}
	check(all[0], err)
	check(cl.SetLimit(ctx, "a/b c", limit))
	check(cl.Limit(ctx, "a/b c"))
	check(cl.RemoveLimit(ctx, "a/b c"))
	var got []string
	for _, r := range c.requests() {
		got = append(got, r.method+" "+r.target+" "+r.body)
	}
	want := []string{
		"GET /limits ", "GET /limits ", `PUT /limits/a%2Fb%20c {"max_running":2,"rate":{"starts":5,"period_seconds":1}}`,
		"GET /limits/a%2Fb%20c ", "DELETE /limits/a%2Fb%20c ",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("requests\n%q, want\n%q", got, want)
	}
}
