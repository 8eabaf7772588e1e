package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/commander/internal/setaside"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

func (s *testServer) refuse(reason, body string) {
	s.t.Helper()
	all := topology.Default()
	c := s.broker.Connect(membroker.Config{Topology: &all})
	defer func() { _ = c.Close(context.Background()) }()
	if err := c.Publish(s.t.Context(), topology.StatusRefused, broker.Message{
		Type: "status", Body: []byte(body), Headers: map[string]string{"reason": reason, "queue": topology.Status},
	}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *testServer) setAside(query string) setaside.Listing {
	s.t.Helper()
	a := s.do("GET", "/set-aside"+query, "")
	var l setaside.Listing
	if err := decodeJSON(a.body, &l); err != nil || a.status != http.StatusOK {
		s.t.Fatalf("%d %s (%v)", a.status, a.body, err)
	}
	return l
}

func TestSetAside(t *testing.T) {
	s := newTestServer(t, Config{})
	if l := s.setAside(""); len(l.Messages) > 0 || !l.Complete {
		t.Errorf("at first %+v", l)
	}
	s.refuse("expired", `{"token":"t","v":1}`)
	s.refuse("expired", `no json`)
	s.refuse("superseded", `{"a":"<b>"}`)
	s.refuse("superseded", `{"a":"c"}`)
	if l := s.setAside("?limit=1&queue=status_refused_queue"); len(l.Messages) != 1 || l.Complete || len(l.Counts) != 2 {
		t.Errorf("one of them: %+v", l)
	}
	l := s.setAside("?reason=superseded")
	if len(l.Messages) != 2 || string(l.Messages[0].Body) != `{"a":"<b>"}` {
		t.Fatalf("listed %+v", l)
	}
	for path, method := range map[string]string{
		"/set-aside/" + l.Messages[0].ID + "/resend": "POST", "/set-aside/" + l.Messages[1].ID: "DELETE",
	} {
		if a := s.do(method, path, ""); a.status != http.StatusOK || string(a.body) != `{"messages":1,"skipped":0,"complete":true}`+"\n" {
			t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
		}
		if a := s.do(method, path, ""); a.status != http.StatusNotFound {
			t.Errorf("again: %d %s", a.status, a.body)
		}
	}
	if a := s.do("POST", "/set-aside/resend?queue=status_refused_queue&reason=none", ""); a.status != http.StatusOK {
		t.Errorf("none of a reason: %d %s", a.status, a.body)
	}
	if a := s.do("DELETE", "/set-aside?queue=status_refused_queue", ""); a.status != http.StatusOK || string(a.body) != `{"messages":2,"skipped":0,"complete":true}`+"\n" {
		t.Errorf("drop: %d %s", a.status, a.body)
	}
	if l := s.setAside(""); len(l.Messages) > 0 {
		t.Errorf("at last %+v", l)
	}
}

// TestSetAsideBlamesTheBroker and not the store, whatever the time ran out for.
func TestSetAsideBlamesTheBroker(t *testing.T) {
	for _, err := range []error{setaside.ErrBusy, setaside.ErrUnavailable} {
		r := refusalOf(fmt.Errorf("list: %w: %w", err, context.DeadlineExceeded))
		if r.status != http.StatusServiceUnavailable || r.code != "broker_unavailable" || strings.Contains(r.detail, "Redis") {
			t.Errorf("%v: %+v", err, r)
		}
	}
}

func TestSetAsideRefuses(t *testing.T) {
	s := newTestServer(t, Config{APIKey: apiKey})
	key := with{"Authorization", "Bearer " + apiKey}
	s.refuse("expired", "x")
	for _, c := range []struct {
		method, path string
		status       int
		headers      []with
	}{
		{"GET", "/set-aside", http.StatusUnauthorized, nil}, {"DELETE", "/set-aside?queue=status_refused_queue", http.StatusUnauthorized, nil},
		{"DELETE", "/set-aside?queue=status_refused_queue", http.StatusForbidden, []with{key, {"Origin", "https://evil.example"}}},
		{"DELETE", "/set-aside", http.StatusUnprocessableEntity, []with{key}},
		{"POST", "/set-aside/resend?reason=expired", http.StatusUnprocessableEntity, []with{key}},
		{"GET", "/set-aside?queue=status_queue", http.StatusUnprocessableEntity, []with{key}},
		{"GET", "/set-aside?limit=201", http.StatusUnprocessableEntity, []with{key}},
		{"GET", "/set-aside?reason=", http.StatusUnprocessableEntity, []with{key}},
		{"DELETE", "/set-aside/..%2f", http.StatusNotFound, []with{key}},
		{"POST", "/set-aside/0123/resend", http.StatusNotFound, []with{key}},
	} {
		if a := s.do(c.method, c.path, "", append(c.headers, with{beyondContract, "yes"})...); a.status != c.status {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.path, a.status, a.body, c.status)
		}
	}
	s.broker.Down()
	if a := s.do("GET", "/set-aside", "", key); a.status != http.StatusServiceUnavailable || a.problem(t).Code != "broker_unavailable" {
		t.Errorf("without RabbitMQ: %d %s", a.status, a.body)
	}
	s.broker.Up()
	if a := s.do("GET", "/set-aside", "", key); a.status != http.StatusOK {
		t.Errorf("and then: %d %s", a.status, a.body)
	}
}
