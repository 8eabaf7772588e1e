package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

func TestTrends(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch {
		case n == 0:
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
		case r.URL.Query().Get("range") == "1y":
			writeProblem(w, http.StatusUnprocessableEntity, "invalid", "range must be one of 1h, 24h.")
		case r.URL.Path == "/failures":
			writeJSON(w, http.StatusOK, map[string]any{"range": "24h", "groups": []any{map[string]any{"kind": "mail", "count": 37}}, "others": 2})
		default:
			writeJSON(w, http.StatusOK, map[string]any{"range": "1h", "step_seconds": 10, "degraded": true, "points": []any{
				map[string]any{"at": "2026-11-29T12:00:00.000Z", "created": 4, "wait_ms": map[string]any{"p50": 1, "p95": 2, "p99": 3}},
				map[string]any{"at": "2026-11-29T12:00:10.000Z", "created": 1, "queued": 9, "slots": 4},
			}})
		}
	})
	cl := c.client(t)
	h, err := cl.StatsHistory(t.Context(), "")
	if err != nil || len(h.Points) != 2 || !h.Degraded || h.StepSeconds != 10 {
		t.Fatalf("got %+v, %v", h, err)
	}
	if p := h.Points[0]; p.Created != 4 || p.Wait == nil || p.Wait.P99 != 3 || p.Run != nil || p.TrendGauges != nil {
		t.Errorf("got %+v", p)
	}
	if p := h.Points[1]; p.Wait != nil || p.TrendGauges == nil || p.Queued != 9 || p.Slots != 4 {
		t.Errorf("got %+v", p)
	}
	l, err := cl.Failures(t.Context(), contracts.RangeDay)
	if err != nil || l.Range != contracts.RangeDay || len(l.Groups) != 1 || l.Groups[0].Count != 37 || l.Others != 2 {
		t.Errorf("got %+v, %v", l, err)
	}
	_, err = cl.Failures(t.Context(), "1y")
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "invalid" {
		t.Errorf("got %v", err)
	}
	var got []string
	for _, r := range c.requests() {
		got = append(got, r.method+" "+r.target)
	}
	want := []string{"GET /stats/history", "GET /stats/history", "GET /failures?range=24h", "GET /failures?range=1y"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("requests %v, want %v", got, want)
	}
}
