package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

var began = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// mission is one that changed so many seconds after the test began.
func mission(n int, status contracts.Status, after int) contracts.Mission {
	at := contracts.At(began.Add(time.Duration(after) * time.Second))
	m := contracts.Mission{
		MissionID: fmt.Sprintf("0193a5b0-7c1e-7d7a-9c3b-%012d", n), Name: fmt.Sprint("mission ", n), Kind: "echo",
		Status: status, Attempt: 1, MaxAttempts: 1, UpdatedAt: at, Version: 1,
	}
	if status == contracts.StatusFailed {
		m.FinishedAt, m.Error = at, &contracts.MissionError{Code: "asked_to_fail", Message: "no such cover"}
	}
	return m
}

// commander is a stand-in: it streams what a connection is to see, and lists the failed.
type commander struct {
	*httptest.Server

	mu      sync.Mutex
	streams []string            // what each connection gets; after the last one they stay open
	resumed []string            // the Last-Event-ID of each connection
	failed  []contracts.Mission // newest first
	refuse  bool
}

func newCommander(t *testing.T, streams ...string) *commander {
	t.Helper()
	c := &commander{streams: streams}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.Close)
	return c
}

func (c *commander) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	refuse, failed := c.refuse, c.failed
	c.mu.Unlock()
	if refuse {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code":"unauthorized","detail":"Send the API key."}`)
		return
	}
	if r.URL.Path == "/missions" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"missions": failed, "next_cursor": nil, "complete": true, "degraded": false})
		return
	}
	c.mu.Lock()
	c.resumed = append(c.resumed, r.Header.Get("Last-Event-ID"))
	var stream string
	last := len(c.streams) == 0
	if !last {
		stream, c.streams = c.streams[0], c.streams[1:]
		last = len(c.streams) == 0
	}
	c.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "retry: 1\n\n"+stream)
	w.(http.Flusher).Flush()
	if last {
		<-r.Context().Done()
	}
}

func (c *commander) resumes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.resumed)
}

// event is a mission event as it goes over the wire.
func event(id int, m contracts.Mission) string {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("id: %d\nevent: mission\ndata: %s\n\n", id, b)
}

// book is a sink that remembers, and that may refuse.
type book struct {
	mu      sync.Mutex
	names   []string
	refuse  int // so many more times
	written chan struct{}
}

func (b *book) Failed(_ context.Context, m contracts.Mission) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse > 0 {
		b.refuse--
		return errors.New("not now")
	}
	b.names = append(b.names, m.Name)
	b.written <- struct{}{}
	return nil
}

// read runs a reader until the book has so many entries more and the rest was passed, and returns all entries.
func read(t *testing.T, c *commander, b *book, path string, entries int, lastID string) []string {
	t.Helper()
	st, err := openState(path, began)
	if err != nil {
		t.Fatal(err)
	}
	cl, err := client.New(client.Config{BaseURL: c.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	b.written = make(chan struct{}, 100)
	events := passing{cl, lastID, make(chan struct{})}
	r := &reader{
		missions: events, sink: b, state: st, firstDelay: time.Millisecond, maxDelay: 2 * time.Millisecond,
		log: log.New(io.Discard, "", 0),
	}
	go func() { ended <- r.run(ctx) }()
	for range entries {
		select {
		case <-b.written:
		case err := <-ended:
			t.Fatalf("ended early: %v", err)
		}
	}
	select {
	case <-events.passed:
	case err := <-ended:
		t.Fatalf("ended early: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.names)
}

// passing tells when the reader came back for more after the event with the last id.
type passing struct {
	*client.Client
	lastID string
	passed chan struct{}
}

func (p passing) Events(ctx context.Context, o client.EventsOptions) iter.Seq2[client.Event, error] {
	return func(yield func(client.Event, error) bool) {
		var once sync.Once
		for e, err := range p.Client.Events(ctx, o) {
			if !yield(e, err) {
				return
			}
			if e.ID == p.lastID {
				once.Do(func() { close(p.passed) })
			}
		}
	}
}

func wantEntries(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("told of %q, want %q", got, want)
	}
}

func TestFailuresAreToldOnce(t *testing.T) {
	again := mission(2, contracts.StatusFailed, 2)
	again.Version = 2 // a refused update: it changed, and did not fail again
	retried := mission(2, contracts.StatusFailed, 9)
	c := newCommander(t, event(1, mission(1, contracts.StatusCompleted, 1))+event(2, mission(2, contracts.StatusFailed, 2))+
		"event: stats\ndata: {}\n\n"+event(3, again)+event(4, mission(3, contracts.StatusFailed, 4))+event(5, retried))
	wantEntries(t, read(t, c, &book{}, "", 3, "5"), "mission 2", "mission 3", "mission 2")
}

func TestSinkIsWaitedFor(t *testing.T) {
	c := newCommander(t, event(1, mission(1, contracts.StatusFailed, 1))+event(2, mission(2, contracts.StatusFailed, 2)))
	wantEntries(t, read(t, c, &book{refuse: 5}, "", 2, "2"), "mission 1", "mission 2")
}

// TestResumesAfterARestart: the second life begins behind what the first told, and tells nothing twice, even if the
// commander sends it again.
func TestResumesAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	first, second := event(7, mission(1, contracts.StatusFailed, 1)), event(8, mission(2, contracts.StatusFailed, 2))
	b := &book{}
	c := newCommander(t, first)
	read(t, c, b, path, 1, "7")
	c = newCommander(t, first+second)
	wantEntries(t, read(t, c, b, path, 1, "8"), "mission 1", "mission 2")
	if got := c.resumes(); got[0] != "7" {
		t.Errorf("resumed behind %q, want 7", got)
	}
}

// TestReconnects: a stream that breaks is taken up behind the last event.
func TestReconnects(t *testing.T) {
	c := newCommander(t, event(1, mission(1, contracts.StatusFailed, 1)), event(2, mission(2, contracts.StatusFailed, 2)))
	wantEntries(t, read(t, c, &book{}, "", 2, "2"), "mission 1", "mission 2")
	if got := c.resumes(); !slices.Equal(got, []string{"", "1"}) {
		t.Errorf("resumed behind %q", got)
	}
}

// TestResetLooksForWhatWasMissed: what failed since the last event, and nothing that failed long before.
func TestResetLooksForWhatWasMissed(t *testing.T) {
	c := newCommander(t, event(1, mission(1, contracts.StatusFailed, 100))+
		"id: 50\nevent: reset\ndata: {\"reason\":\"trimmed\"}\n\n"+event(51, mission(5, contracts.StatusFailed, 300)))
	c.failed = []contracts.Mission{
		mission(4, contracts.StatusFailed, 200), mission(3, contracts.StatusFailed, 190),
		mission(1, contracts.StatusFailed, 100), mission(2, contracts.StatusFailed, -3600),
	}
	wantEntries(t, read(t, c, &book{}, "", 4, "51"), "mission 1", "mission 3", "mission 4", "mission 5")
}

func TestRefusedForGood(t *testing.T) {
	c := newCommander(t)
	c.refuse = true
	err := follow(t.Context(), c.URL, "", "", log.New(io.Discard, "", 0))
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "unauthorized" {
		t.Errorf("ended with %v", err)
	}
}

func TestWrongSettings(t *testing.T) {
	quiet := log.New(io.Discard, "", 0)
	for name, c := range map[string]struct{ url, hook, want string }{
		"address": {"nowhere", "", "http://127.0.0.1:8080"},
		"webhook": {client.DefaultBaseURL, "example.org", "-webhook must look like"},
	} {
		if err := follow(t.Context(), c.url, c.hook, "", quiet); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWebhook(t *testing.T) {
	var keys []string
	var body struct {
		Text    string
		Mission contracts.Mission
	}
	status := http.StatusServiceUnavailable
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
	}))
	defer hook.Close()
	w := webhook{hook.URL, hook.Client()}
	m := mission(1, contracts.StatusFailed, 1)
	if err := w.Failed(t.Context(), m); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("a refusal is %v", err)
	}
	status = http.StatusNoContent
	if err := w.Failed(t.Context(), m); err != nil {
		t.Error(err)
	}
	if body.Mission.MissionID != m.MissionID || body.Text != `Mission "mission 1" failed: no such cover (asked_to_fail)` {
		t.Errorf("posted %+v", body)
	}
	if len(keys) != 2 || keys[0] == "" || keys[0] != keys[1] {
		t.Errorf("keys %q: the same failure must have the same key", keys)
	}
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	if err := (lines{&out}).Failed(t.Context(), mission(1, contracts.StatusFailed, 1)); err != nil {
		t.Fatal(err)
	}
	want := `2026-11-23T09:30:01.000Z 0193a5b0-7c1e-7d7a-9c3b-000000000001 "mission 1" (kind echo, attempt 1 of 1) FAILED asked_to_fail: no such cover` + "\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// TestStateForgetsTheOldest: the file does not grow for ever.
func TestStateForgetsTheOldest(t *testing.T) {
	s, err := openState("", began)
	if err != nil {
		t.Fatal(err)
	}
	for n := range keep + 10 {
		s.saw(mission(n, contracts.StatusFailed, n))
	}
	if len(s.Told) != keep || len(s.known) != keep || s.told(mission(9, contracts.StatusFailed, 9)) || !s.told(mission(10, contracts.StatusFailed, 10)) {
		t.Errorf("%d told, %d known", len(s.Told), len(s.known))
	}
}
