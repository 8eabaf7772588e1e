package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

// roundTrip is a commander without a network, so that time can be a test's own.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newTimed(t *testing.T, f roundTrip) *client.Client {
	t.Helper()
	cl, err := client.New(client.Config{HTTPClient: &http.Client{Transport: f}})
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

func response(status int, media, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {media}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for _, tc := range []struct {
		after string
		tries int
		least time.Duration
		most  time.Duration
	}{
		{"", 4, 700 * time.Millisecond, 2300 * time.Millisecond}, // 0.1-0.3, 0.2-0.6, 0.4-1.2
		{"7", 4, 21 * time.Second, 22 * time.Second},
		{"60", 1, 0, 0}, // longer than a caller should hang without a word
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			cl := newTimed(t, func(*http.Request) (*http.Response, error) {
				tries++
				res := response(503, "application/problem+json", `{"code":"store_unavailable"}`)
				res.Header.Set("Retry-After", tc.after)
				return res, nil
			})
			began := time.Now()
			_, err := cl.Get(t.Context(), missionID)
			if took := time.Since(began); took < tc.least || took > tc.most || tries != tc.tries || err == nil {
				t.Errorf("Retry-After %q: %d tries in %s, %v", tc.after, tries, took, err)
			}
		})
	}
}

func TestTheWaitBetweenTriesEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cl := newTimed(t, func(*http.Request) (*http.Response, error) {
			res := response(503, "application/problem+json", `{"code":"store_unavailable","detail":"Redis is away."}`)
			res.Header.Set("Retry-After", "20")
			return res, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := cl.Get(ctx, missionID)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "Redis is away") || client.Temporary(err) {
			t.Errorf("got %v", err)
		}
	})
}

// TestAnEndTellsTheFailureBefore: that nobody listened says more than that the time was over.
func TestAnEndTellsTheFailureBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		cl := newTimed(t, func(r *http.Request) (*http.Response, error) {
			if tries++; tries == 1 {
				return nil, syscall.ECONNREFUSED
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := cl.Get(ctx, missionID)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no commander listens") || client.Temporary(err) || tries != 2 {
			t.Errorf("got %v after %d tries", err, tries)
		}
	})
}

func TestATryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		cl := newTimed(t, func(r *http.Request) (*http.Response, error) {
			if tries++; tries == 1 {
				<-r.Context().Done() // a commander that hangs
				return nil, r.Context().Err()
			}
			return response(200, "application/json", `{"mission_id":"`+missionID+`","status":"QUEUED"}`), nil
		})
		began := time.Now()
		if _, err := cl.Get(t.Context(), missionID); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < client.DefaultTimeout || took > client.DefaultTimeout+time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// TestLongCalls get more time than a commander takes, unless the caller said how long a try may take.
func TestLongCalls(t *testing.T) {
	const patience = 60 * time.Second // a commander's, for what is set aside
	for timeout, long := range map[time.Duration]time.Duration{0: client.DefaultLongTimeout, 5 * time.Second: 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			hangs := roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			cl, err := client.New(client.Config{HTTPClient: &http.Client{Transport: hangs}, Timeout: timeout, Retry: client.Retry{Attempts: 1}})
			if err != nil {
				t.Fatal(err)
			}
			f := client.SetAsideFilter{Queue: "status_refused_queue"}
			for name, call := range map[string]func() error{
				"list":       func() error { _, err := cl.ListSetAside(t.Context(), f, 0); return err },
				"resend":     func() error { _, err := cl.ResendSetAside(t.Context(), "id"); return err },
				"drop":       func() error { _, err := cl.DropSetAside(t.Context(), "id"); return err },
				"resend all": func() error { _, err := cl.ResendAllSetAside(t.Context(), f); return err },
				"drop all":   func() error { _, err := cl.DropAllSetAside(t.Context(), f); return err },
			} {
				began := time.Now()
				if call() == nil {
					t.Errorf("%s: no error", name)
				}
				if took := time.Since(began); took != long {
					t.Errorf("%s took %s, want %s", name, took, long)
				}
			}
		})
	}
	if client.DefaultLongTimeout <= patience {
		t.Errorf("%s is less than a commander takes", client.DefaultLongTimeout)
	}
}

func TestASilentStreamIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connections := 0
		cl := newTimed(t, func(r *http.Request) (*http.Response, error) {
			connections++
			body, w := io.Pipe()
			context.AfterFunc(r.Context(), func() { w.CloseWithError(r.Context().Err()) })
			go func() {
				for range 6 { // heartbeats keep it
					time.Sleep(15 * time.Second)
					if _, err := io.WriteString(w, ":\n\n"); err != nil {
						return
					}
				}
			}()
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: body}, nil
		})
		began := time.Now()
		for e, err := range cl.Events(t.Context(), client.EventsOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Type == client.EventDisconnected {
				break
			}
		}
		if took := time.Since(began); took != 130*time.Second || connections != 1 {
			t.Errorf("left after %s and %d connections, want 90 s of heartbeats and 40 s of silence", took, connections)
		}
	})
}

// Events may all be lost: the safety net still finds the end, and doesn't poll hot.
func TestWaitWithoutEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		began := time.Now()
		cl := newTimed(t, func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/events" {
				return nil, errors.New("no route")
			}
			reads++
			m := contracts.Mission{MissionID: missionID, Status: contracts.StatusInProgress}
			if time.Since(began) > time.Minute {
				m.Status = contracts.StatusFailed
			}
			b, _ := json.Marshal(m)
			return response(200, "application/json", string(b)), nil
		})
		m, err := cl.Wait(t.Context(), missionID)
		if err != nil || m.Status != contracts.StatusFailed {
			t.Fatalf("got %v, %v", m.Status, err)
		}
		if reads > 6 {
			t.Errorf("%d reads in a minute", reads)
		}
	})
}
