package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

func TestSubmitRetriesUnderOneKey(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0:
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
		case 1: // the answer is lost
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
		case 2: // a proxy before a commander that restarts
			w.WriteHeader(http.StatusBadGateway)
		default:
			writeJSON(w, http.StatusAccepted, mission(contracts.StatusQueued, 1))
		}
	})
	m, err := c.client(t).Submit(t.Context(), contracts.MissionRequest{Name: "recon"}, client.SubmitOptions{})
	if err != nil || m.MissionID != missionID {
		t.Fatalf("got %v, %v", m, err)
	}
	keys := map[string]bool{}
	for _, r := range c.requests() {
		keys[r.header.Get("Idempotency-Key")] = true
		if r.body != `{"name":"recon"}` || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("request %+v", r)
		}
	}
	if len(c.requests()) != 4 || len(keys) != 1 || keys[""] {
		t.Errorf("%d requests under keys %v, want 4 under one", len(c.requests()), keys)
	}
}

func TestSubmitKeys(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusAccepted, mission(contracts.StatusQueued, 1))
	})
	cl := c.client(t)
	for _, o := range []client.SubmitOptions{{}, {}, {IdempotencyKey: "mine"}} {
		if _, err := cl.Submit(t.Context(), contracts.MissionRequest{Name: "recon"}, o); err != nil {
			t.Fatal(err)
		}
	}
	r := c.requests()
	a, b, own := r[0].header.Get("Idempotency-Key"), r[1].header.Get("Idempotency-Key"), r[2].header.Get("Idempotency-Key")
	if a == "" || a == b || own != "mine" {
		t.Errorf("keys %q, %q, %q", a, b, own)
	}
}

// TestAPayloadIsSentAsItIs: escaped, a payload of 256 KiB could be six times as large.
func TestAPayloadIsSentAsItIs(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusAccepted, mission(contracts.StatusQueued, 1))
	})
	r := contracts.MissionRequest{Name: "a & b", Payload: json.RawMessage(`{"html":"<b>&</b>"}`)}
	if _, err := c.client(t).Submit(t.Context(), r, client.SubmitOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, want := c.requests()[0].body, `{"name":"a & b","payload":{"html":"<b>&</b>"}}`; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
}

// TestSubmitWithoutKey: nothing is tried twice that could be done twice.
func TestSubmitWithoutKey(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Both are away.")
			return
		}
		writeJSON(w, http.StatusAccepted, map[string]any{"mission_id": missionID, "status": "QUEUED", "durable": "broker"})
	})
	cl, r := c.client(t), contracts.MissionRequest{Name: "recon"}
	if m, err := cl.Submit(t.Context(), r, client.SubmitOptions{NoKey: true}); err != nil || m.Durable != client.DurableBroker {
		t.Errorf("got %+v, %v", m, err)
	}
	if _, err := cl.Submit(t.Context(), r, client.SubmitOptions{NoKey: true}); !client.Temporary(err) {
		t.Errorf("got %v", err)
	}
	if _, err := cl.Submit(t.Context(), r, client.SubmitOptions{NoKey: true, IdempotencyKey: "k"}); err == nil {
		t.Error("a key and none were taken together")
	}
	for _, got := range c.requests() {
		if _, sent := got.header["Idempotency-Key"]; sent {
			t.Errorf("a key was sent: %v", got.header)
		}
	}
	if n := len(c.requests()); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestSubmitBatchRetriesUnderOneKey(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 { // the answer is lost
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
			return
		}
		writeJSON(w, http.StatusAccepted, map[string]any{"missions": []contracts.Mission{{MissionID: "a"}, {MissionID: "b"}}, "durable": "broker"})
	})
	b, err := c.client(t).SubmitBatch(t.Context(), []contracts.MissionRequest{
		{Name: "a", Labels: map[string]string{"team": "blue"}}, {Name: "b"},
	}, client.SubmitOptions{})
	if err != nil || len(b.Missions) != 2 || b.Missions[0].MissionID != "a" || b.Missions[1].MissionID != "b" || b.Durable != client.DurableBroker {
		t.Fatalf("got %+v, %v", b, err)
	}
	r := c.requests()
	if len(r) != 2 || r[0].header.Get("Idempotency-Key") == "" || r[0].header.Get("Idempotency-Key") != r[1].header.Get("Idempotency-Key") {
		t.Errorf("requests %+v", r)
	}
	if r[1].method != "POST" || r[1].target != "/missions/batch" || r[1].body != `{"missions":[{"name":"a","labels":{"team":"blue"}},{"name":"b"}]}` {
		t.Errorf("request %+v", r[1])
	}
}

func TestRetryIsTriedOnce(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			writeJSON(w, http.StatusAccepted, mission(contracts.StatusQueued, 5))
			return
		}
		writeProblem(w, http.StatusServiceUnavailable, "store_unavailable", "Redis is away.")
	})
	cl := c.client(t)
	if m, err := cl.Retry(t.Context(), missionID); err != nil || m.Version != 5 {
		t.Errorf("got %v, %v", m, err)
	}
	if _, err := cl.Retry(t.Context(), missionID); !client.Temporary(err) {
		t.Errorf("got %v", err)
	}
	if r := c.requests(); len(r) != 2 || r[0].method != "POST" || r[0].target != "/missions/"+missionID+"/retry" {
		t.Errorf("requests %+v", r)
	}
}

func TestListByLabelAndSearch(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, 200, map[string]any{"missions": []contracts.Mission{}, "next_cursor": nil, "complete": true, "searched": 10000})
	})
	p, err := c.client(t).ListPage(t.Context(), client.ListOptions{Label: contracts.Label{Key: "url", Value: "a:b&c"}, Search: "recon 7"})
	if err != nil || p.Searched != 10000 {
		t.Errorf("got %+v, %v", p, err)
	}
	if got := c.requests()[0].target; got != "/missions?label=url%3Aa%3Ab%26c&q=recon+7" {
		t.Errorf("asked %s", got)
	}
}

func TestRefusals(t *testing.T) {
	field := contracts.FieldError{Field: "name", Code: "required", Message: "must have 1 to 200 characters"}
	for _, tc := range []struct {
		name     string
		answer   func(w http.ResponseWriter)
		tries    int
		says     string
		code     string
		passable bool
	}{
		{"invalid", func(w http.ResponseWriter) {
			writeProblem(w, 422, "invalid", "The request is outside the limits.", field)
		}, 1, "The request is outside the limits: name: must have 1 to 200 characters (invalid, HTTP 422)", "invalid", false},
		{"no key", func(w http.ResponseWriter) { writeProblem(w, 401, "unauthorized", "") },
			1, "COMMANDER_API_KEY", "unauthorized", false},
		{"unknown", func(w http.ResponseWriter) { writeProblem(w, 404, "not_found", "There is no such mission.") },
			1, "There is no such mission (not_found, HTTP 404)", "not_found", false},
		{"our fault", func(w http.ResponseWriter) { writeProblem(w, 500, "internal", "Quote this.") },
			1, "Quote this (internal, HTTP 500)", "internal", false},
		{"away", func(w http.ResponseWriter) { writeProblem(w, 503, "store_unavailable", "Redis is away.") },
			4, "Redis is away (store_unavailable, HTTP 503)", "store_unavailable", true},
		{"proxy", func(w http.ResponseWriter) { w.WriteHeader(http.StatusGatewayTimeout) }, 4, "try again", "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) { tc.answer(w) })
			_, err := c.client(t).Get(t.Context(), missionID)
			var p *client.Problem
			if !errors.As(err, &p) || p.Code != tc.code || client.Temporary(err) != tc.passable {
				t.Fatalf("got %#v, temporary %v", err, client.Temporary(err))
			}
			if !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("says %q, want %q in it", err, tc.says)
			}
			if got := len(c.requests()); got != tc.tries {
				t.Errorf("%d tries, want %d", got, tc.tries)
			}
		})
	}
}

func TestNotACommander(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path != "/stats" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte("<html>"))
	})
	_, getErr := c.client(t).Get(t.Context(), missionID)
	_, statsErr := c.client(t).Stats(t.Context())
	for _, err := range []error{getErr, statsErr} {
		var u *client.UnexpectedError
		if !errors.As(err, &u) || client.Temporary(err) || !strings.Contains(err.Error(), c.URL) {
			t.Errorf("got %v", err)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	const url = "http://127.0.0.1:1"
	cl, err := client.New(client.Config{BaseURL: url, Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	_, err = cl.Health(t.Context())
	if !client.Temporary(err) || !strings.Contains(err.Error(), url) || !strings.Contains(err.Error(), "./task up") {
		t.Errorf("got %v", err)
	}
}

func TestEndedContextIsNotTemporary(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.client(t).Get(ctx, missionID)
	if !errors.Is(err, context.Canceled) || client.Temporary(err) {
		t.Errorf("got %v", err)
	}
}

func TestListFollowsCursors(t *testing.T) {
	id := func(s string) contracts.Mission { return contracts.Mission{MissionID: s} }
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		page := []map[string]any{
			{"missions": []contracts.Mission{id("d"), id("c")}, "next_cursor": "x y", "complete": true, "degraded": false},
			{"missions": []contracts.Mission{}, "next_cursor": "z", "complete": true, "degraded": false},
			{"missions": []contracts.Mission{id("b")}, "next_cursor": nil, "complete": true, "degraded": false},
		}[n]
		writeJSON(w, 200, page)
	})
	var got []string
	for m, err := range c.client(t).List(t.Context(), client.ListOptions{
		Status: contracts.StatusQueued, Kind: "simulate", PageSize: 2,
	}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m.MissionID)
	}
	if diff := cmp.Diff([]string{"d", "c", "b"}, got); diff != "" {
		t.Error(diff)
	}
	var targets []string
	for _, r := range c.requests() {
		targets = append(targets, r.target)
	}
	want := []string{
		"/missions?kind=simulate&limit=2&status=QUEUED",
		"/missions?cursor=x+y&kind=simulate&limit=2&status=QUEUED",
		"/missions?cursor=z&kind=simulate&limit=2&status=QUEUED",
	}
	if diff := cmp.Diff(want, targets); diff != "" {
		t.Error(diff)
	}
}

func TestListStopsWhenTheReaderDoes(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, 200, map[string]any{"missions": []contracts.Mission{{MissionID: "a"}}, "next_cursor": "more"})
	})
	for range c.client(t).List(t.Context(), client.ListOptions{}) {
		break
	}
	if n := len(c.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestCancelWhoseAnswerWasLost(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0:
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
		case 1:
			writeProblem(w, http.StatusConflict, "wrong_status", "It is CANCELLED.")
		default:
			writeJSON(w, 200, mission(contracts.StatusCancelled, 2))
		}
	})
	m, err := c.client(t).Cancel(t.Context(), missionID)
	if err != nil || m.Status != contracts.StatusCancelled {
		t.Errorf("got %v, %v", m.Status, err)
	}
}

func TestCancelOfAnEndedMission(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, http.StatusConflict, "wrong_status", "It is COMPLETED.")
	})
	_, err := c.client(t).Cancel(t.Context(), missionID)
	var p *client.Problem
	if !errors.As(err, &p) || p.Status != http.StatusConflict || len(c.requests()) != 1 {
		t.Errorf("got %v after %d requests", err, len(c.requests()))
	}
}

func TestReadsAndHeaders(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/health":
			writeJSON(w, http.StatusServiceUnavailable, map[string]any{
				"status": "down", "ground": "local", "version": "v0.1.0",
				"checks": map[string]any{"redis": map[string]any{"status": "down", "latency_ms": 0, "error": "refused"}},
			})
		case "/api/stats":
			writeJSON(w, 200, map[string]any{"counts": map[string]int{"QUEUED": 3}, "degraded": true, "as_of": "2026-11-23T09:30:00.000Z"})
		case "/api/soldiers":
			writeJSON(w, 200, map[string]any{"soldiers": []map[string]any{{"soldier_id": "s1", "state": "live"}}})
		default:
			writeJSON(w, 200, map[string]any{"history": []map[string]any{
				{"made_at": nil, "recorded_at": "2026-11-23T09:30:00.000Z", "status": "QUEUED", "attempt": 1, "run": 0},
			}, "dropped": 7})
		}
	})
	cl := c.client(t, func(cfg *client.Config) {
		cfg.BaseURL += "/api/"
		cfg.APIKey = " secret\n"
		cfg.UserAgent = "test"
	})
	h, err := cl.Health(t.Context())
	if err != nil || h.Status != client.HealthDown || h.Checks["redis"].Error != "refused" {
		t.Errorf("health %+v, %v", h, err)
	}
	s, err := cl.Stats(t.Context())
	if err != nil || s.Counts[contracts.StatusQueued] != 3 || !s.Degraded || s.AsOf.IsZero() {
		t.Errorf("stats %+v, %v", s, err)
	}
	f, err := cl.Soldiers(t.Context())
	if err != nil || len(f.Soldiers) != 1 || f.Soldiers[0].SoldierID != "s1" {
		t.Errorf("soldiers %+v, %v", f, err)
	}
	hist, err := cl.History(t.Context(), missionID)
	if err != nil || len(hist.Lines) != 1 || hist.Dropped != 7 || !hist.Lines[0].MadeAt.IsZero() {
		t.Errorf("history %+v, %v", hist, err)
	}
	for _, r := range c.requests() {
		if r.header.Get("Authorization") != "Bearer secret" || r.header.Get("User-Agent") != "test" {
			t.Errorf("%s: headers %v", r.target, r.header)
		}
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	for _, url := range []string{"127.0.0.1:8080", "localhost", "ftp://x", "http://", "http://x?y=z", "http://x/#f", ":"} {
		if _, err := client.New(client.Config{BaseURL: url}); err == nil {
			t.Errorf("%q was taken", url)
		}
	}
}
