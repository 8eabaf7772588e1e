package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

// TestWaitAll: one has ended, one is unknown, one ends while the stream is away, one ends as the stream says.
func TestWaitAll(t *testing.T) {
	var mu sync.Mutex
	ended := map[string]bool{"past": true}
	streamed := make(chan string) // what a stream says; nothing ends it
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			write := sse(w)
			for {
				select {
				case frames := <-streamed:
					if frames == "" {
						return
					}
					write("%s", frames)
				case <-r.Context().Done():
					return
				}
			}
		}
		m := mission(contracts.StatusInProgress, 1)
		if m.MissionID = path.Base(r.URL.Path); m.MissionID == "unknown" {
			writeProblem(w, 404, "not_found", "There is no such mission.")
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if ended[m.MissionID] {
			m.Status = contracts.StatusCompleted
		}
		writeJSON(w, 200, m)
	})
	end := func(id string) {
		mu.Lock()
		defer mu.Unlock()
		ended[id] = true
	}
	got := map[string]string{}
	for m, err := range c.client(t).WaitAll(t.Context(), "past", "unknown", "away", "told", "told") {
		var p *client.Problem
		switch {
		case errors.As(err, &p):
			got[m.MissionID] = p.Code
		case err != nil:
			t.Fatal(err)
		default:
			got[m.MissionID] = string(m.Status)
		}
		switch len(got) {
		case 2:
			end("away")
			streamed <- ""
		case 3:
			end("told")
			told := mission(contracts.StatusCompleted, 2)
			told.MissionID = "told"
			other := mission(contracts.StatusCompleted, 2)
			streamed <- fmt.Sprintf("event: mission\nid: 1\ndata: %s\n\nevent: mission\nid: 2\ndata: %s\n\n", eventOf(other), eventOf(told))
		}
	}
	want := map[string]string{"past": "COMPLETED", "unknown": "not_found", "away": "COMPLETED", "told": "COMPLETED"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWaitAllEnds(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			sse(w)
			<-r.Context().Done()
			return
		}
		writeJSON(w, 200, mission(contracts.StatusInProgress, 1))
	})
	cl := c.client(t)
	for range cl.WaitAll(t.Context()) {
		t.Error("waited for nothing, and got something")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := 0
	for m, err := range cl.WaitAll(ctx, "a", "b") {
		if n++; !errors.Is(err, context.Canceled) || m.MissionID != "" {
			t.Errorf("got %+v, %v", m, err)
		}
	}
	if n != 1 {
		t.Errorf("%d ends", n)
	}
}

// TestWaitAllWithoutAStream: a wrong API key is told, and once.
func TestWaitAllWithoutAStream(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) { writeProblem(w, 401, "unauthorized", "") })
	n := 0
	for _, err := range c.client(t).WaitAll(t.Context(), "a", "b") {
		var p *client.Problem
		if n++; !errors.As(err, &p) || p.Status != 401 {
			t.Errorf("got %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d ends", n)
	}
}
