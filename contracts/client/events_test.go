package client_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

// told is what a test compares of an event.
type told struct {
	Type client.EventType
	ID   string
	Data string
}

func collect(t *testing.T, cl *client.Client, o client.EventsOptions, n int) []told {
	t.Helper()
	var got []told
	for e, err := range cl.Events(t.Context(), o) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, told{e.Type, e.ID, string(e.Data)})
		if len(got) == n {
			break
		}
	}
	return got
}

func TestEventsResumeAfterABreak(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, r *http.Request) {
		switch n {
		case 0:
			write := sse(w)
			write("id: 5-0\n\n") // where the stream begins
			write("event: mission\nid: 5-1\ndata: {\"version\":1}\n\n")
			write("event: stats\ndata: {}\n\n")
			write("event: mission\nid: 5-2\ndata: cut o") // and the connection ends
		case 1:
			writeProblem(w, 503, "stopping", "Soon again.")
		case 2:
			w.WriteHeader(http.StatusBadGateway)
		default:
			write := sse(w)
			write("event: reset\nid: 7-0\ndata: {\"reason\":\"trimmed\"}\n\n")
			<-r.Context().Done()
		}
	})
	got := collect(t, c.client(t), client.EventsOptions{MissionID: missionID}, 8)
	want := []told{
		{client.EventConnected, "", ""},
		{client.EventMission, "5-1", `{"version":1}`},
		{client.EventStats, "5-1", `{}`},
		{client.EventDisconnected, "5-1", ""},
		{client.EventDisconnected, "5-1", ""},
		{client.EventDisconnected, "5-1", ""},
		{client.EventConnected, "5-1", ""},
		{client.EventReset, "7-0", `{"reason":"trimmed"}`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var resumed []string
	for _, r := range c.requests() {
		resumed = append(resumed, r.header.Get("Last-Event-ID"))
		if r.target != "/events?mission_id="+missionID {
			t.Errorf("asked for %s", r.target)
		}
	}
	if diff := cmp.Diff([]string{"", "5-1", "5-1", "5-1"}, resumed); diff != "" {
		t.Error(diff)
	}
}

func TestEventsOfABoundedStream(t *testing.T) {
	const other = "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5c"
	c := newCommander(t, func(n int, w http.ResponseWriter, r *http.Request) {
		write := sse(w)
		if n == 0 {
			write("event: mission\ndata: {\"version\":1}\n\nid: 5-1\n\n")
			write("event: more\ndata: {\"missions\":17}\n\nid: 5-9\n\n")
			return // and the connection ends
		}
		write("event: bulk\ndata: {\"jobs\":[]}\n\n")
		<-r.Context().Done()
	})
	o := client.EventsOptions{Watch: []string{missionID, other}, Topics: []client.EventType{client.EventBulk, client.EventHealth}, PerSecond: 50}
	var more []int
	for e, err := range c.client(t).Events(t.Context(), o) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == client.EventMore {
			n, err := e.More()
			if err != nil {
				t.Fatal(err)
			}
			more = append(more, n)
		}
		if e.Type == client.EventBulk {
			if jobs, err := e.Bulk(); err != nil || e.ID != "5-9" {
				t.Errorf("bulk %+v at %s, %v", jobs, e.ID, err)
			}
			break
		}
	}
	if diff := cmp.Diff([]int{17}, more); diff != "" {
		t.Error(diff)
	}
	for i, r := range c.requests() {
		if r.target != "/events?per_second=50&topics=bulk%2Chealth&watch="+missionID+"&watch="+other {
			t.Errorf("asked for %s", r.target)
		}
		if want := []string{"", "5-9"}[i]; r.header.Get("Last-Event-ID") != want {
			t.Errorf("resumed from %q", r.header.Get("Last-Event-ID"))
		}
	}
}

func TestEventsResetWhereNothingCanBeResumed(t *testing.T) {
	c := newCommander(t, func(n int, w http.ResponseWriter, r *http.Request) {
		sse(w)
		if n > 0 {
			<-r.Context().Done()
		}
	})
	got := collect(t, c.client(t), client.EventsOptions{}, 4)
	want := []told{{Type: client.EventConnected}, {Type: client.EventDisconnected}, {Type: client.EventConnected}, {Type: client.EventReset}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEventsEndWhereTheCommanderRefuses(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"key":  func(w http.ResponseWriter) { writeProblem(w, 401, "unauthorized", "") },
		"page": func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/html"); w.WriteHeader(200) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCommander(t, func(_ int, w http.ResponseWriter, _ *http.Request) { answer(w) })
			var last error
			for _, err := range c.client(t).Events(t.Context(), client.EventsOptions{}) {
				last = err
			}
			if last == nil || len(c.requests()) != 1 {
				t.Errorf("got %v after %d requests", last, len(c.requests()))
			}
		})
	}
}

func TestEventsEndWithTheContext(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		sse(w)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for e, err := range c.client(t).Events(ctx, client.EventsOptions{}) {
		if e.Type == client.EventConnected {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("got %v", last)
	}
}

func TestWait(t *testing.T) {
	var completed atomic.Bool
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			write := sse(w)
			write("event: mission\nid: 1\ndata: %s\n\n", eventOf(mission(contracts.StatusInProgress, 2)))
			completed.Store(true)
			write("event: mission\nid: 2\ndata: %s\n\n", eventOf(mission(contracts.StatusCompleted, 3)))
			<-r.Context().Done()
			return
		}
		m := mission(contracts.StatusInProgress, 2)
		if completed.Load() {
			m = mission(contracts.StatusCompleted, 3)
			m.Result = []byte(`{"done":true}`)
		}
		writeJSON(w, 200, m)
	})
	m, err := c.client(t).Wait(t.Context(), missionID)
	if err != nil || m.Status != contracts.StatusCompleted || string(m.Result) != `{"done":true}` {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestWaitForAnUnknownMission(t *testing.T) {
	c := newCommander(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			sse(w)
			<-r.Context().Done()
			return
		}
		writeProblem(w, 404, "not_found", "There is no such mission.")
	})
	_, err := c.client(t).Wait(t.Context(), missionID)
	var p *client.Problem
	if !errors.As(err, &p) || p.Code != "not_found" {
		t.Errorf("got %v", err)
	}
}
