package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

// TestArgumentsThatCannotBeSent are told as such, at once: none looks like a commander that is away, or asks for something else.
func TestArgumentsThatCannotBeSent(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, 200, map[string]any{"missions": []any{}})
	})
	cl := c.client(t)
	ctx := t.Context()
	submit := func(key string) error {
		_, err := cl.Submit(ctx, contracts.MissionRequest{Name: "recon"}, client.SubmitOptions{IdempotencyKey: key})
		return err
	}
	for name, call := range map[string]func() error{
		"get nothing":     func() error { _, err := cl.Get(ctx, ""); return err },
		"get a folder":    func() error { _, err := cl.Get(ctx, ".."); return err },
		"history":         func() error { _, err := cl.History(ctx, ""); return err },
		"cancel":          func() error { _, err := cl.Cancel(ctx, "."); return err },
		"retry":           func() error { _, err := cl.Retry(ctx, ""); return err },
		"drain":           func() error { _, err := cl.Drain(ctx, ""); return err },
		"limit":           func() error { _, err := cl.Limit(ctx, ""); return err },
		"schedule":        func() error { return cl.DeleteSchedule(ctx, "") },
		"drop":            func() error { _, err := cl.DropSetAside(ctx, ""); return err },
		"resend":          func() error { _, err := cl.ResendSetAside(ctx, ""); return err },
		"wait":            func() error { _, err := cl.Wait(ctx, ".."); return err },
		"key of lines":    func() error { return submit("a\nb") },
		"key of spaces":   func() error { return submit("a b") },
		"key too long":    func() error { return submit(strings.Repeat("k", 256)) },
		"resume from two": func() error { return lastError(ctx, cl, client.EventsOptions{LastEventID: "1\r\n2"}) },
	} {
		t.Run(name, func(t *testing.T) {
			before := len(c.requests())
			err := call()
			if err == nil || client.Temporary(err) {
				t.Errorf("got %v", err)
			}
			for _, r := range c.requests()[before:] {
				if r.target != "/events?mission_id=.." { // a wait follows before it reads
					t.Errorf("asked for %s %s", r.method, r.target)
				}
			}
		})
	}
}

func lastError(ctx context.Context, cl *client.Client, o client.EventsOptions) (last error) {
	for _, err := range cl.Events(ctx, o) {
		last = err
	}
	return last
}

func TestKeysThatCannotBeSent(t *testing.T) {
	for _, cfg := range []client.Config{{APIKey: "a\nb"}, {UserAgent: "a\x00b"}} {
		if _, err := client.New(cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}

// TestRedirects keep the method, or are refused: a POST that became a GET would be answered with the list.
func TestRedirects(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			writeJSON(w, 200, map[string]any{"missions": []any{}})
			return
		}
		writeJSON(w, 202, mission(contracts.StatusQueued, 1))
	})
	for status, wantErr := range map[int]bool{301: true, 302: true, 303: true, 307: false, 308: false} {
		front := httptest.NewServer(http.RedirectHandler(c.URL+"/missions", status))
		cl := c.client(t, func(cfg *client.Config) { cfg.BaseURL = front.URL })
		m, err := cl.Submit(t.Context(), contracts.MissionRequest{Name: "recon"}, client.SubmitOptions{})
		front.Close()
		if (err != nil) != wantErr || err == nil && m.MissionID != missionID || err != nil && !strings.Contains(err.Error(), "redirects to "+c.URL) {
			t.Errorf("%d: %+v, %v", status, m.Mission, err)
		}
	}
	for _, r := range c.requests() {
		if r.method != http.MethodPost || !strings.Contains(r.body, "recon") {
			t.Errorf("asked %+v", r)
		}
	}
}

// TestJSONOfSomethingElse must not become a mission without an id.
func TestJSONOfSomethingElse(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, map[string]any{"ok": true}) })
	if m, err := c.client(t).Get(t.Context(), missionID); err == nil || client.Temporary(err) {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestAPasswordIsNotShown(t *testing.T) {
	cl, err := client.New(client.Config{BaseURL: "http://me:hush@127.0.0.1:1", Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = cl.Get(t.Context(), missionID); err == nil || strings.Contains(err.Error(), "hush") || strings.Contains(cl.BaseURL(), "hush") {
		t.Errorf("got %v, base %s", err, cl.BaseURL())
	}
}

func TestEventsAreRead(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		write := sse(w)
		write("event: stats\ndata: {\"counts\":{\"QUEUED\":3},\"degraded\":true}\n\n")
		write("event: soldiers\ndata: {\"soldiers\":[{\"soldier_id\":\"s1\"}]}\n\n")
		write("event: health\ndata: {\"status\":\"degraded\"}\n\n")
		write("event: health\ndata: [\n\n")
		<-r.Context().Done()
	})
	var got []any
	for e, err := range c.client(t).Events(t.Context(), client.EventsOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		switch e.Type {
		case client.EventStats:
			s, err := e.Stats()
			got = append(got, s.Counts[contracts.StatusQueued], s.Degraded, err)
		case client.EventSoldiers:
			f, err := e.Soldiers()
			got = append(got, f.Soldiers[0].SoldierID, err)
		case client.EventHealth:
			h, err := e.Health()
			got = append(got, h.Status, err == nil)
		}
		if len(got) == 9 {
			break
		}
	}
	want := []any{int64(3), true, nil, "s1", nil, client.HealthDegraded, true, client.HealthStatus(""), false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
