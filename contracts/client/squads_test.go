package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts/client"
)

// TestSquads: a pause is tried again, as it does no harm twice; a removal is not.
func TestSquads(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch {
		case n == 0 || r.Method == http.MethodDelete && r.URL.Path != "/squads/gpu/limits":
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
		case r.URL.Path == "/squads":
			writeJSON(w, http.StatusOK, map[string]any{"squads": []any{map[string]any{"name": "gpu", "ready": 3}}, "degraded": true})
		default:
			writeJSON(w, http.StatusOK, map[string]any{"name": "gpu", "paused": true, "soldiers": 2, "slots": 8, "limits": map[string]any{"max_running": 4, "admitted": 4, "waiting": 9}})
		}
	})
	cl := c.client(t)
	list, err := cl.Squads(t.Context())
	if err != nil || len(list.Squads) != 1 || list.Squads[0].Ready == nil || *list.Squads[0].Ready != 3 || !list.Degraded {
		t.Errorf("got %+v, %v", list, err)
	}
	for name, call := range map[string]func(context.Context, string) (client.Squad, error){
		"get": cl.Squad, "pause": cl.PauseSquad, "resume": cl.ResumeSquad, "unlimit": cl.UnlimitSquad,
		"limit": func(ctx context.Context, name string) (client.Squad, error) { return cl.LimitSquad(ctx, name, 4) },
	} {
		s, err := call(t.Context(), "gpu")
		if err != nil || s.Name != "gpu" || !s.Paused || s.Slots != 8 || s.Ready != nil || s.Limits == nil || *s.Limits != (client.SquadLimits{MaxRunning: 4, Admitted: 4, Waiting: 9}) {
			t.Errorf("%s: got %+v, %v", name, s, err)
		}
	}
	_, err = cl.RemoveSquad(t.Context(), "a/b")
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "store_unavailable" {
		t.Errorf("got %v", err)
	}
	got := map[string]int{}
	for _, r := range c.requests() {
		if r.method == http.MethodPut && r.body != `{"max_running":4}` {
			t.Errorf("put %s", r.body)
		}
		got[r.method+" "+r.target]++
	}
	want := map[string]int{"GET /squads": 2, "GET /squads/gpu": 1, "POST /squads/gpu/pause": 1, "POST /squads/gpu/resume": 1, "PUT /squads/gpu/limits": 1, "DELETE /squads/gpu/limits": 1, "DELETE /squads/a%2Fb": 1}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("requests %v, want %v", got, want)
	}
}
