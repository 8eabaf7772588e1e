package health

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/contracts/broker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a Redis and a RabbitMQ that do as they are told.
type world struct {
	mu      sync.Mutex
	redis   error
	warning string
	slow    time.Duration // of Redis
	deaf    bool          // Redis ignores the context while it is slow
	asked   int
	rabbit  error
	health  broker.Health
}

func (w *world) set(edit func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	edit()
}

func (w *world) Check(ctx context.Context) (string, error) {
	w.mu.Lock()
	w.asked++
	slow, deaf, warning, err := w.slow, w.deaf, w.warning, w.redis
	w.mu.Unlock()
	if deaf {
		time.Sleep(slow)
		return warning, err
	}
	select {
	case <-time.After(slow):
		return warning, err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (w *world) Ping(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rabbit
}

func (w *world) Health() broker.Health {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.health
}

// run calls a test with a checker under fake time.
func run(t *testing.T, cfg Config, test func(c *Checker, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{health: broker.Health{Connected: true}, slow: 3 * time.Millisecond}
		c := New(cfg, w, w)
		if got := c.Report(); got.Status != Down || got.Checks.Redis.Error != "not checked yet" {
			t.Errorf("before Start: %+v", got)
		}
		for range 2 {
			if err := c.Start(t.Context()); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(10 * time.Millisecond)
		test(c, w)
		for range 2 {
			if err := c.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
}

func expect(t *testing.T, c *Checker, status Status, redis, rabbit CheckStatus) Report {
	t.Helper()
	r := c.Report()
	if r.Status != status || r.Checks.Redis.Status != redis || r.Checks.RabbitMQ.Status != rabbit {
		t.Errorf("%s: redis %+v, rabbitmq %+v; want %s, %s, %s", r.Status, r.Checks.Redis, r.Checks.RabbitMQ, status, redis, rabbit)
	}
	return r
}

// TestABrokerWithAWarningDegrades: what is wrong with it has orders lost.
func TestABrokerWithAWarningDegrades(t *testing.T) {
	var warning atomic.Pointer[string]
	say := func(text string) { warning.Store(&text); time.Sleep(2 * time.Second) }
	none := ""
	warning.Store(&none)
	run(t, Config{BrokerWarning: func() string { return *warning.Load() }}, func(c *Checker, w *world) {
		expect(t, c, OK, CheckUp, CheckUp)
		say("two brokers")
		if r := expect(t, c, Degraded, CheckUp, CheckWarn); r.Checks.RabbitMQ.Warning != "two brokers" {
			t.Errorf("warning %q", r.Checks.RabbitMQ.Warning)
		}
		w.set(func() { w.health.Warning = "an older queue" })
		time.Sleep(2 * time.Second)
		if r := expect(t, c, Degraded, CheckUp, CheckWarn); r.Checks.RabbitMQ.Warning != "two brokers; an older queue" {
			t.Errorf("warning %q", r.Checks.RabbitMQ.Warning)
		}
		say("")
		if r := expect(t, c, Degraded, CheckUp, CheckWarn); r.Checks.RabbitMQ.Warning != "an older queue" {
			t.Errorf("warning %q", r.Checks.RabbitMQ.Warning)
		}
		w.set(func() { w.health.Warning = "" })
		w.set(func() { w.rabbit = errors.New("away") })
		time.Sleep(2 * time.Second)
		expect(t, c, Degraded, CheckUp, CheckDown)
		w.set(func() { w.rabbit = nil })
		say("")
		expect(t, c, OK, CheckUp, CheckUp)
	})
}

func TestReportFollowsTheServers(t *testing.T) {
	run(t, Config{Ground: "local", Version: "v1"}, func(c *Checker, w *world) {
		r := expect(t, c, OK, CheckUp, CheckUp)
		if r.Ground != "local" || r.Version != "v1" || r.Checks.Redis.LatencyMS != 3 || r.Checks.Redis.CheckedAt.IsZero() {
			t.Errorf("report %+v", r)
		}
		away := errors.New("connection refused")
		w.set(func() { w.redis = away })
		time.Sleep(2 * time.Second)
		if r := expect(t, c, Degraded, CheckDown, CheckUp); r.Checks.Redis.Error != "connection refused" || r.Checks.Redis.LatencyMS != 0 {
			t.Errorf("report %+v", r)
		}
		w.set(func() { w.rabbit = broker.ErrUnavailable })
		time.Sleep(2 * time.Second)
		expect(t, c, Down, CheckDown, CheckDown)
		w.set(func() { w.redis = nil })
		time.Sleep(2 * time.Second)
		expect(t, c, Degraded, CheckUp, CheckDown)
		w.set(func() { w.rabbit, w.warning = nil, "appendfsync is everysec" })
		time.Sleep(2 * time.Second)
		if r := expect(t, c, OK, CheckWarn, CheckUp); r.Checks.Redis.Warning != "appendfsync is everysec" {
			t.Errorf("report %+v", r)
		}
	})
}

// TestSinceIsWhenTheStatusChanged: other news of the same status leave it as it is, and the essence has it.
func TestSinceIsWhenTheStatusChanged(t *testing.T) {
	run(t, Config{}, func(c *Checker, w *world) {
		since := func() time.Time { return c.Report().Essence().Checks.Redis.Since.Time }
		up := since()
		if age := time.Since(up); age < 0 || age > 10*time.Millisecond {
			t.Errorf("up since %v, %s ago", up, age)
		}
		time.Sleep(time.Minute)
		if got := since(); !got.Equal(up) {
			t.Errorf("up since %v, was %v", got, up)
		}
		away := time.Now()
		w.set(func() { w.redis = errors.New("connection refused") })
		time.Sleep(time.Minute)
		down := since()
		if after := down.Sub(away); after < 0 || after > every+patience {
			t.Errorf("down since %v, %s after it went away", down, after)
		}
		w.set(func() { w.redis = errors.New("no route to host") })
		time.Sleep(time.Minute)
		if got := since(); !got.Equal(down) {
			t.Errorf("down since %v, was %v", got, down)
		}
		w.set(func() { w.redis = nil })
		time.Sleep(2 * time.Second)
		if got := since(); got.Sub(down) < 2*time.Minute-every-patience {
			t.Errorf("up since %v, was down since %v", got, down)
		}
	})
	// What is believed no more is down since then, and up since it was seen again.
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(func(context.Context) (string, error) { return "", nil })
		if got := p.last(); !got.Since.IsZero() {
			t.Errorf("before the first round trip: %+v", got)
		}
		p.once(t.Context())
		time.Sleep(time.Hour)
		if got := time.Since(p.last().Since.Time); got != time.Hour-oldest {
			t.Errorf("down for %s", got)
		}
		p.once(t.Context())
		if got := time.Since(p.last().Since.Time); got != 0 {
			t.Errorf("up for %s", got)
		}
	})
}

func TestHangingServerIsDownWithinASecond(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		run(t, Config{}, func(c *Checker, w *world) {
			w.set(func() { w.slow, w.deaf, w.asked = 30*time.Second, deaf, 0 })
			time.Sleep(every + patience)
			r := expect(t, c, Degraded, CheckDown, CheckUp)
			if !strings.Contains(r.Checks.Redis.Error, "within 1s") {
				t.Errorf("report %+v", r)
			}
			time.Sleep(20 * time.Second)
			w.set(func() {
				if deaf && w.asked != 1 {
					t.Errorf("%d round trips to a deaf server at once", w.asked)
				}
				w.slow = 0
			})
			time.Sleep(12 * time.Second)
			expect(t, c, OK, CheckUp, CheckUp)
		})
	}
}

func TestRabbitMQMustBeUsable(t *testing.T) {
	excused := Config{Excused: func(queue string) bool { return queue == "status_queue" }}
	for name, c := range map[string]struct {
		cfg    Config
		health broker.Health
		want   string // in the error; empty is up
	}{
		"blocked":              {Config{}, broker.Health{Connected: true, Blocked: "low on disk"}, "low on disk"},
		"unsubscribed":         {Config{}, broker.Health{Connected: true, Unsubscribed: []string{"status_queue"}}, "not subscribed to status_queue"},
		"excused":              {excused, broker.Health{Connected: true, Unsubscribed: []string{"status_queue"}}, ""},
		"another is missing":   {excused, broker.Health{Connected: true, Unsubscribed: []string{"status_queue", "inbox"}}, "not subscribed to inbox"},
		"half connected":       {Config{}, broker.Health{Err: errors.New("no route")}, "no route"},
		"two ways, both gone":  {Config{}, broker.Health{Err: errors.Join(errors.New("no route"), errors.New("no host"))}, "no route; no host"},
		"half connected, mute": {Config{}, broker.Health{}, "not connected"},
	} {
		run(t, c.cfg, func(ch *Checker, w *world) {
			w.set(func() { w.health = c.health })
			time.Sleep(2 * time.Second)
			r := ch.Report().Checks.RabbitMQ
			if up := r.Status == CheckUp; up != (c.want == "") || !strings.Contains(r.Error, c.want) {
				t.Errorf("%s: %+v", name, r)
			}
		})
	}
}

func TestServersThatAreNotUsed(t *testing.T) {
	run(t, Config{Ground: "embedded", InProcess: true}, func(c *Checker, w *world) {
		r := expect(t, c, OK, CheckNotUsed, CheckNotUsed)
		if r.Checks.Redis != (Check{Status: CheckNotUsed, Since: r.Checks.Redis.Since}) || r.Checks.Redis.Since.IsZero() {
			t.Errorf("a round trip to nothing: %+v", r.Checks.Redis)
		}
		// What stands in for them can fail no less, and hiding that would help nobody.
		w.set(func() { w.health.Unsubscribed = []string{"status_queue"} })
		time.Sleep(2 * time.Second)
		if r := expect(t, c, Degraded, CheckNotUsed, CheckDown); !strings.Contains(r.Checks.RabbitMQ.Error, "not subscribed") {
			t.Errorf("report %+v", r)
		}
	})
}

func TestEssenceIsWhatDoesNotPass(t *testing.T) {
	run(t, Config{}, func(c *Checker, w *world) {
		first := c.Report()
		w.set(func() { w.slow = 5 * time.Millisecond })
		time.Sleep(3 * time.Second)
		second := c.Report()
		if first == second || first.Essence() != second.Essence() {
			t.Errorf("%+v and %+v", first, second)
		}
	})
}

func TestReportIsNeverOlderThanTwoSeconds(t *testing.T) {
	run(t, Config{}, func(c *Checker, w *world) {
		for range 50 {
			time.Sleep(100 * time.Millisecond)
			if age := time.Since(c.Report().Checks.Redis.CheckedAt.Time); age > every+patience {
				t.Errorf("%s old", age)
			}
		}
	})
	// A process that was stopped: nothing is believed that was not just seen.
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(func(context.Context) (string, error) { return "", nil })
		p.once(t.Context())
		time.Sleep(oldest + time.Second)
		if got := p.last(); got.Status != CheckDown || !strings.Contains(got.Error, "ago") {
			t.Errorf("after a gap: %+v", got)
		}
	})
}

func TestStopDoesNotWaitBeyondItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{slow: time.Minute, deaf: true}
		c := New(Config{}, w, w)
		_ = c.Start(t.Context())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stop: %v", err)
		}
		if err := c.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}
