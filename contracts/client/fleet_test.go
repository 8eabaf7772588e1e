package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts/client"
)

// TestDrain: asking twice does no harm, so it is tried again.
func TestDrain(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0:
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
		case 1:
			writeJSON(w, http.StatusAccepted, map[string]any{"soldier_id": "s1", "state": client.SoldierLive, "draining": true})
		default:
			writeProblem(w, http.StatusNotFound, "not_found", "No soldier of that name lives.")
		}
	})
	cl := c.client(t)
	if s, err := cl.Drain(t.Context(), "s1"); err != nil || s.SoldierID != "s1" || !s.Draining {
		t.Errorf("got %+v, %v", s, err)
	}
	_, err := cl.Drain(t.Context(), "a/b")
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "not_found" {
		t.Errorf("got %v", err)
	}
	var got []string
	for _, r := range c.requests() {
		got = append(got, r.method+" "+r.target)
	}
	if want := []string{"POST /soldiers/s1/drain", "POST /soldiers/s1/drain", "POST /soldiers/a%2Fb/drain"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("requests %v, want %v", got, want)
	}
}
