package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

func TestBulkJobs(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch {
		case n == 0:
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
		case r.URL.Path == "/bulk/preview":
			writeJSON(w, http.StatusOK, map[string]any{"matched": 7, "complete": true, "sample": []any{}})
		case r.URL.Path == "/bulk" && r.Method == http.MethodPost && n < 4:
			writeJSON(w, http.StatusAccepted, map[string]any{"id": "j", "action": "retry", "filter": map[string]any{"kind": "a"}, "state": "running"})
		case r.URL.Path == "/bulk" && r.Method == http.MethodPost:
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
		case r.URL.Path == "/bulk":
			writeJSON(w, http.StatusOK, map[string]any{"jobs": []any{map[string]any{"id": "j"}}, "degraded": true})
		default:
			writeJSON(w, http.StatusOK, map[string]any{"id": "j", "state": "done", "changed": 7, "skipped": map[string]any{"gone": 2}})
		}
	})
	cl := c.client(t)
	q := contracts.BulkRequest{Action: contracts.BulkRetry, Filter: contracts.BulkFilter{Kind: "a"}}
	if p, err := cl.PreviewBulk(t.Context(), q); err != nil || p.Matched != 7 || !p.Complete {
		t.Errorf("%+v, %v", p, err)
	}
	if j, err := cl.OrderBulk(t.Context(), q); err != nil || j.ID != "j" || j.Filter.Kind != "a" || j.State != contracts.BulkRunning {
		t.Errorf("%+v, %v", j, err)
	}
	if l, err := cl.ListBulk(t.Context()); err != nil || len(l.Jobs) != 1 || !l.Degraded {
		t.Errorf("%+v, %v", l, err)
	}
	if j, err := cl.GetBulk(t.Context(), "j"); err != nil || j.Changed != 7 || j.Skipped[contracts.BulkSkippedGone] != 2 {
		t.Errorf("%+v, %v", j, err)
	}
	if j, err := cl.StopBulk(t.Context(), "a/b"); err != nil || j.State != contracts.BulkDone {
		t.Errorf("%+v, %v", j, err)
	}
	if _, err := cl.OrderBulk(t.Context(), contracts.BulkRequest{Action: contracts.BulkCancel, All: true}); err == nil {
		t.Error("it is ordered")
	}
	var got []string
	for _, r := range c.requests() {
		got = append(got, r.method+" "+r.target)
	}
	want := []string{"POST /bulk/preview", "POST /bulk/preview", "POST /bulk", "GET /bulk", "GET /bulk/j", "POST /bulk/a%2Fb/stop", "POST /bulk"} // once
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("requests %v, want %v", got, want)
	}
	if body := c.requests()[2].body; body != `{"action":"retry","filter":{"kind":"a"}}` {
		t.Errorf("sent %s", body)
	}
	if body := c.requests()[6].body; body != `{"action":"cancel","all":true}` {
		t.Errorf("sent %s", body)
	}
}

// TestPurge: a try whose answer was lost may have done it.
func TestPurge(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0:
			w.WriteHeader(http.StatusNoContent)
		case 1:
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
		default:
			writeProblem(w, http.StatusNotFound, "not_found", "There is no mission with that id.")
		}
	})
	cl := c.client(t)
	for _, want := range []bool{true, true, false} {
		if err := cl.Purge(t.Context(), "m"); (err == nil) != want {
			t.Errorf("%v, want it done: %v", err, want)
		}
	}
}

func TestExport(t *testing.T) {
	line := func(id string) string {
		b, err := json.Marshal(contracts.Mission{MissionID: id, Payload: json.RawMessage(`{"a":1}`), Error: &contracts.MissionError{Code: "failed"}})
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	const last = `{"error":{"status":503,"code":"store_unavailable","detail":"Redis is away."}}` + "\n"
	for name, k := range map[string]struct {
		body  string
		broke bool
		want  int
		err   string
	}{
		"whole":                   {line("a") + line("b"), false, 2, ""},
		"nothing":                 {"", false, 0, ""},
		"with its reason":         {line("a") + last, true, 1, "Redis is away"},
		"its reason is the end":   {line("a") + last, false, 1, "Redis is away"},
		"broken off":              {line("a") + line("b"), true, 2, "not whole"},
		"broken off in a mission": {line("a") + `{"mission_id":"b"`, true, 1, "no mission"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/x-ndjson")
				fmt.Fprint(w, k.body)
				if k.broke {
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				}
			})
			n := 0
			var failed error
			for m, err := range c.client(t).Export(t.Context(), client.ListOptions{Status: contracts.StatusFailed, Search: "n", PageSize: 3, Cursor: "c"}) {
				if failed = err; err == nil {
					n++
					if string(m.Payload) != `{"a":1}` || m.Error == nil {
						t.Errorf("%+v", m)
					}
				}
			}
			if n != k.want || (failed == nil) != (k.err == "") || failed != nil && !strings.Contains(failed.Error(), k.err) {
				t.Errorf("%d missions, %v", n, failed)
			}
			if got := c.requests()[0].target; got != "/missions/export?q=n&status=FAILED" {
				t.Errorf("asked for %s", got)
			}
		})
	}
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
	})
	for _, err := range c.client(t).Export(t.Context(), client.ListOptions{}) {
		var p *client.Problem
		if !errors.As(err, &p) || p.Code != "store_unavailable" {
			t.Errorf("refused: %v", err)
		}
	}
}
