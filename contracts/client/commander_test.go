package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

const missionID = "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b"

// quick are retries that cost a test nothing.
var quick = client.Retry{Attempts: 4, FirstDelay: time.Millisecond, MaxDelay: 2 * time.Millisecond}

// commander is a stand-in that answers as each test says, and remembers what it was asked.
type commander struct {
	*httptest.Server

	mu   sync.Mutex
	seen []seen
}

type seen struct {
	method, target, body string
	header               http.Header
}

// answer serves the n-th request, counted from 0.
func newCommander(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *commander {
	t.Helper()
	c := &commander{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		n := len(c.seen)
		c.seen = append(c.seen, seen{r.Method, r.URL.RequestURI(), string(body), r.Header.Clone()})
		c.mu.Unlock()
		answer(n, w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *commander) requests() []seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]seen(nil), c.seen...)
}

// client returns a Client for the stand-in.
func (c *commander) client(t *testing.T, edit ...func(*client.Config)) *client.Client {
	t.Helper()
	cfg := client.Config{BaseURL: c.URL, Retry: quick}
	for _, e := range edit {
		e(&cfg)
	}
	cl, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.CloseIdleConnections)
	return cl
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func writeProblem(w http.ResponseWriter, status int, code, detail string, fields ...contracts.FieldError) {
	w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail, "code": code,
		"errors": fields,
	})
}

func mission(status contracts.Status, version int64) contracts.Mission {
	return contracts.Mission{MissionID: missionID, Name: "recon", Kind: "simulate", Status: status, Version: version}
}

// sse starts a stream, and returns how to write to it.
func sse(w http.ResponseWriter) func(format string, args ...any) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	write := func(format string, args ...any) {
		fmt.Fprintf(w, format, args...)
		w.(http.Flusher).Flush()
	}
	write(": hello\n\n")
	return write
}

func eventOf(m contracts.Mission) string {
	b, _ := json.Marshal(m.Brief())
	return string(b)
}
