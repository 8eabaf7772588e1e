package soldier_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a commander, a broker and one soldier, in a synctest bubble.
type world struct {
	t   *testing.T
	c   *fakeCommander
	b   *fakeBroker
	l   *link
	s   *soldier.Soldier
	cfg soldier.Config
}

type work struct {
	Seconds float64 `json:"seconds"`
	Do      string  `json:"do"`
}

type done struct {
	Run int64 `json:"run"`
}

// inWorld runs a test with a soldier of four slots, in fake time.
func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newFakeBroker()
		w := &world{t: t, b: b, c: newFakeCommander(t, b), l: newLink(b)}
		ctx, cancel := context.WithCancel(t.Context())
		finished := make(chan struct{})
		go func() { defer close(finished); w.c.run(ctx) }()
		w.cfg = soldier.Config{
			ID: "s1", Slots: 4, Broker: w.l, EnrollmentKey: enrolment,
			HTTPClient: &http.Client{Transport: w.c}, Logger: testLogger(t),
		}
		defer func() {
			if w.s != nil {
				_ = w.s.Stop(t.Context())
			}
			w.l.cut()
			w.c.link.cut()
			cancel()
			<-finished
			synctest.Wait()
			for _, wrong := range w.c.wrongs {
				t.Errorf("soldier did wrong: %s", wrong)
			}
		}()
		test(w)
	})
}

func testLogger(t *testing.T) *zap.Logger {
	if testing.Verbose() {
		return zaptest.NewLogger(t)
	}
	return zap.NewNop()
}

// start starts the soldier with handlers of kinds `work` and those of more.
func (w *world) start(more ...func(*soldier.Soldier)) {
	w.t.Helper()
	s, err := soldier.New(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	soldier.Handle(s, "work", worker)
	for _, f := range more {
		f(s)
	}
	if err := s.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.s = s
}

var errBroken = errors.New("broken")

func worker(ctx context.Context, m soldier.Mission[work]) (done, error) {
	wait := time.NewTimer(time.Duration(m.Payload.Seconds * float64(time.Second)))
	defer wait.Stop()
	switch m.Payload.Do {
	case "panic":
		panic("on purpose")
	case "goexit":
		runtime.Goexit()
	case "fail":
		return done{}, errBroken
	case "code":
		return done{}, &soldier.Error{Code: "no_paper", Message: "the tray is empty"}
	case "ignore":
		<-wait.C
		return done{Run: m.Run}, nil
	}
	select {
	case <-wait.C:
		return done{Run: m.Run}, nil
	case <-ctx.Done():
		if m.Payload.Do == "finish" {
			return done{Run: m.Run}, nil
		}
		return done{}, context.Cause(ctx)
	}
}

// settle lets d pass.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) expect(id string, status contracts.Status, code string) record {
	w.t.Helper()
	m := w.c.mission(id)
	got := ""
	if m.Error != nil {
		got = m.Error.Code
	}
	if m.Status != status || got != code {
		w.t.Fatalf("mission is %s %q, want %s %q (%+v)", m.Status, got, status, code, m.Error)
	}
	return m
}

func (w *world) stats(want soldier.Stats) {
	w.t.Helper()
	if got := w.s.Stats(); got != want {
		w.t.Fatalf("stats are %+v, want %+v", got, want)
	}
}

func TestMissionsEnd(t *testing.T) {
	for _, test := range []struct {
		name, payload, kind string
		status              contracts.Status
		code                string
		message             string
	}{
		{"success", `{"seconds":3}`, "work", contracts.StatusCompleted, "", ""},
		{"no payload", ``, "work", contracts.StatusCompleted, "", ""},
		{"error", `{"do":"fail"}`, "work", contracts.StatusFailed, "failed", "broken"},
		{"error with a code", `{"do":"code"}`, "work", contracts.StatusFailed, "no_paper", "the tray is empty"},
		{"panic", `{"do":"panic"}`, "work", contracts.StatusFailed, "panic", "on purpose"},
		{"goexit", `{"do":"goexit"}`, "work", contracts.StatusFailed, "panic", "Goexit"},
		{"payload of another shape", `{"seconds":"three"}`, "work", contracts.StatusFailed, "invalid_payload", "seconds"},
		{"result too large", `{}`, "large", contracts.StatusFailed, "result_too_large", "262144"},
		{"result that is no JSON", `{}`, "unwritable", contracts.StatusFailed, "invalid_result", "chan"},
		{"long error", `{}`, "verbose", contracts.StatusFailed, "failed", "xäx"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(func(s *soldier.Soldier) {
					soldier.Handle(s, "large", func(context.Context, soldier.Mission[json.RawMessage]) (string, error) {
						return strings.Repeat("x", contracts.MaxResultSize), nil
					})
					soldier.Handle(s, "unwritable", func(context.Context, soldier.Mission[json.RawMessage]) (any, error) {
						return make(chan int), nil
					})
					soldier.Handle(s, "verbose", func(context.Context, soldier.Mission[json.RawMessage]) (any, error) {
						return nil, errors.New(strings.Repeat("xä", contracts.MaxErrorSize))
					})
				})
				id := w.c.submit(test.kind, test.payload)
				w.pass(5 * time.Second)
				m := w.expect(id, test.status, test.code)
				if m.Error != nil && (!strings.Contains(m.Error.Message, test.message) || len(m.Error.Message) > contracts.MaxErrorSize) {
					t.Errorf("message is %.200q", m.Error.Message)
				}
				w.stats(soldier.Stats{})
			})
		})
	}
}

// TestAResultKeepsItsSize: characters that HTML would have escaped count as they are, and a json.RawMessage travels as it is.
func TestAResultKeepsItsSize(t *testing.T) {
	inWorld(t, func(w *world) {
		text := strings.Repeat("<&>", contracts.MaxResultSize/3)[:contracts.MaxResultSize-2]
		w.start(func(s *soldier.Soldier) {
			soldier.Handle(s, "text", func(context.Context, soldier.Mission[json.RawMessage]) (string, error) { return text, nil })
			soldier.Handle(s, "raw", func(context.Context, soldier.Mission[json.RawMessage]) (json.RawMessage, error) {
				return json.RawMessage(`"` + text + `"`), nil
			})
		})
		for _, kind := range []string{"text", "raw"} {
			id := w.c.submit(kind, `{}`)
			w.pass(5 * time.Second)
			m := w.expect(id, contracts.StatusCompleted, "")
			if string(m.Result) != `"`+text+`"` {
				t.Errorf("%s: a result of %d bytes came with %d", kind, contracts.MaxResultSize, len(m.Result))
			}
		}
	})
}

func TestHoursOfRenewals(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		id := w.c.submit("work", `{"seconds":14000}`, func(m *contracts.Mission) { m.TimeoutSeconds = 20000 })
		w.pass(4 * time.Hour)
		w.expect(id, contracts.StatusCompleted, "")
		if n := len(w.c.live()); n != 1 || len(w.c.sessions) != 1 {
			t.Errorf("%d sessions live of %d", n, len(w.c.sessions))
		}
		if w.c.posts < 570 || w.c.posts > 590 {
			t.Errorf("%d renewals in 4 h, want one in 25 s", w.c.posts)
		}
	})
}

func TestSlots(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		var ids []string
		for range 10 {
			ids = append(ids, w.c.submit("work", `{"seconds":10}`))
		}
		w.pass(5 * time.Second)
		if s := w.s.Stats(); s.Running != 4 || s.Slots != 4 {
			t.Errorf("stats are %+v", s)
		}
		if n := w.b.ready(topology.Orders); n != 6 {
			t.Errorf("%d orders wait at the broker, want 6", n)
		}
		w.pass(30 * time.Second)
		for _, id := range ids {
			w.expect(id, contracts.StatusCompleted, "")
		}
	})
}

func TestDuplicateOrders(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		id := w.c.submit("work", `{"seconds":10}`)
		w.c.orderAgain(id)
		w.c.orderAgain(id)
		w.pass(5 * time.Second)
		w.stats(soldier.Stats{Running: 1, Slots: 1})
		w.pass(10 * time.Second)
		if m := w.expect(id, contracts.StatusCompleted, ""); m.Run != 1 || w.c.claims != 3 {
			t.Errorf("run %d, %d claims", m.Run, w.c.claims)
		}
	})
}
