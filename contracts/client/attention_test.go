package client_test

import (
	"net/http"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

func TestAttention(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Nothing was looked at yet.")
			return
		}
		writeJSON(w, http.StatusOK, map[string]any{"checked_at": "2026-01-02T03:04:05.000Z", "items": []any{map[string]any{
			"id": "squad_unserved:mail", "code": "squad_unserved", "severity": "warning", "title": "No soldier serves squad mail",
			"since": "2026-01-02T03:04:00.000Z", "count": 3, "squad": "mail", "new": true,
		}}})
	})
	got, err := c.client(t).Attention(t.Context())
	if err != nil || len(got.Items) != 1 || got.CheckedAt.IsZero() {
		t.Fatalf("got %+v, %v", got, err)
	}
	item := got.Items[0]
	if item.Code != contracts.AttentionSquadUnserved || item.Severity != contracts.SeverityWarning || item.Count != 3 || item.Squad != "mail" || item.Since.IsZero() {
		t.Errorf("got %+v", item)
	}
	e := client.Event{Type: client.EventAttention, Data: []byte(`{"items":[{"id":"redis_away","code":"redis_away"}]}`)}
	if a, err := e.Attention(); err != nil || len(a.Items) != 1 || a.Items[0].Code != contracts.AttentionRedisAway {
		t.Errorf("read %+v, %v", a, err)
	}
	for _, r := range c.requests() {
		if r.method != http.MethodGet || r.target != "/attention" {
			t.Errorf("asked %s %s", r.method, r.target)
		}
	}
}
