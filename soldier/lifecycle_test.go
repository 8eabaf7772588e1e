package soldier_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier"
)

// roundTripper answers requests in place of a network.
func roundTripper(f func(*roundTrip)) http.RoundTripper { return tripFunc(f) }

type tripFunc func(*roundTrip)

type roundTrip struct {
	req  *http.Request
	host string
	res  *http.Response
	err  error
}

func (r *roundTrip) reply(c *fakeCommander) { r.res, r.err = c.RoundTrip(r.req) }

func (f tripFunc) RoundTrip(req *http.Request) (*http.Response, error) {
	r := &roundTrip{req: req, host: req.URL.Host}
	f(r)
	return r.res, r.err
}

func TestStartAndStopTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(newFakeBroker())
		defer l.cut()
		cfg := soldier.Config{ID: "s", EnrollmentKey: "k", Broker: l, HTTPClient: &http.Client{
			Transport: roundTripper(func(r *roundTrip) { r.err = errors.New("nobody there") }),
		}}
		s, err := soldier.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err == nil {
			t.Error("started without a handler")
		}
		soldier.Handle(s, "work", worker)
		for range 2 {
			if err := s.Start(t.Context()); err != nil {
				t.Errorf("start: %v", err)
			}
		}
		for range 2 {
			if err := s.Stop(t.Context()); err != nil {
				t.Errorf("stop: %v", err)
			}
		}
		if err := s.Start(t.Context()); err == nil {
			t.Error("started after Stop")
		}
		never, err := soldier.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := never.Stop(t.Context()); err != nil {
				t.Errorf("stop before start: %v", err)
			}
		}
	})
}

func TestStartStopStress(t *testing.T) {
	for i := range 50 {
		inWorld(t, func(w *world) {
			w.cfg.DrainTimeout = time.Second
			w.start()
			for range 8 {
				w.c.submit("work", `{"seconds":0.05}`)
			}
			time.Sleep(time.Duration(i) * 3 * time.Millisecond)
			if err := w.s.Stop(w.t.Context()); err != nil {
				t.Errorf("stop: %v", err)
			}
			w.pass(time.Second) // the commander records what the broker has confirmed
			for id := range w.c.missions {
				if m := w.c.mission(id); m.Status != contracts.StatusCompleted && m.Status != contracts.StatusQueued {
					t.Errorf("mission is %s after a clean stop", m.Status)
				}
			}
		})
	}
}

func TestConfigErrors(t *testing.T) {
	for field, cfg := range map[string]soldier.Config{
		"ID":            {EnrollmentKey: "k"},
		"EnrollmentKey": {ID: "s"},
		"Slots":         {ID: "s", EnrollmentKey: "k", Slots: -1},
		"Squads":        {ID: "s", EnrollmentKey: "k", Squads: []string{"a", "a"}},
		"CommanderURLs": {ID: "s", EnrollmentKey: "k", CommanderURLs: []string{"localhost:8080"}},
		"RabbitMQURL":   {ID: "s", EnrollmentKey: "k", RabbitMQURL: "http://guest:secret@nowhere"},
		"Version":       {ID: "s", EnrollmentKey: "k", Version: strings.Repeat("v", 101)},
	} {
		_, err := soldier.New(cfg)
		var c *soldier.ConfigError
		if !errors.As(err, &c) || c.Field != field || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestMisuseOfHandlePanics(t *testing.T) {
	s, err := soldier.New(soldier.Config{ID: "s", EnrollmentKey: "k", Broker: newLink(newFakeBroker())})
	if err != nil {
		t.Fatal(err)
	}
	h := func(context.Context, soldier.Mission[work]) (done, error) { return done{}, nil }
	soldier.Handle(s, "once", h)
	for name, misuse := range map[string]func(){
		"kind":  func() { soldier.Handle(s, "Not A Kind", h) },
		"twice": func() { soldier.Handle(s, "once", h) },
		"nil":   func() { soldier.Handle[work, done](s, "nil", nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			misuse()
		}()
	}
}
