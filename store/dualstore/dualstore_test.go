package dualstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/dualstore"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
	"github.com/mission-control-dev/mission-control/store/storetest"
	"github.com/redis/rueidis"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(redistest.Main(m)) }

// tb is a test, or one sequence of a property.
type tb interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Cleanup(fn func())
}

type lifeCycle interface {
	Start(context.Context) error
	Stop(context.Context) error
}

// begin starts a part, which ends with the test.
func begin(t tb, part lifeCycle) {
	t.Helper()
	if err := part.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := part.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
}

// over returns a started store over a primary. Its reads wait long, so that a busy machine makes none degraded.
func over(t tb, primary store.Store) *dualstore.Store {
	t.Helper()
	return start(t, dualstore.Config{Primary: primary, ReadTimeout: 10 * time.Second})
}

func start(t tb, cfg dualstore.Config) *dualstore.Store {
	t.Helper()
	s, err := dualstore.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	begin(t, s)
	return s
}

// redis returns a started redisstore on a server.
func redis(t tb, server *redisserver.Server) *redisstore.Store {
	t.Helper()
	return redisOf(t, redisstore.Config{URL: server.URL()})
}

// patientRedis is redis for a busy machine.
func patientRedis(t tb, server *redisserver.Server) *redisstore.Store {
	t.Helper()
	return redisOf(t, redisstore.Config{URL: server.URL(), Timeout: 10 * time.Second})
}

func redisOf(t tb, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	s, err := redisstore.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	begin(t, s)
	return s
}

// empty drops all data of a server.
func empty(t testing.TB, server *redisserver.Server) {
	t.Helper()
	option, err := rueidis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	option.DisableCache, option.ForceSingleClient = true, true
	c, err := rueidis.NewClient(option)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Do(context.Background(), c.B().Flushall().Build()).Error(); err != nil {
		t.Fatal(err)
	}
}

func TestConformanceOverMemstore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return over(t, memstore.New(memstore.Config{})) })
}

func TestGatesOverMemstore(t *testing.T) {
	storetest.RunGates(t, func(t *testing.T) store.Store { return over(t, memstore.New(memstore.Config{})) })
}

func TestConformanceOverRedis(t *testing.T) {
	server := redistest.Shared(t) // skips once, not in each test of the suite
	storetest.Run(t, func(t *testing.T) store.Store {
		empty(t, server)
		return over(t, patientRedis(t, server))
	})
}

func TestConformanceAfterRedisWasAway(t *testing.T) {
	server := redistest.Start(t)
	storetest.Run(t, func(t *testing.T) store.Store {
		empty(t, server)
		s := over(t, patientRedis(t, server))
		await(t, "redis is there", func() bool { return !degraded(t, s) })
		kill(t, server)
		await(t, "redis is away", func() bool { return degraded(t, s) })
		restart(t, server)
		await(t, "redis is back", func() bool { return !degraded(t, s) })
		return s
	})
}

func kill(t testing.TB, server *redisserver.Server) {
	t.Helper()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
}

func restart(t testing.TB, server *redisserver.Server) {
	t.Helper()
	if err := server.Restart(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// degraded tells whether counts come from memory.
func degraded(t tb, s store.Store) bool {
	t.Helper()
	c, err := s.Counts(context.Background())
	return err != nil || c.Source.Degraded
}

// await looks until something is so, for half a minute.
func await(t tb, what string, is func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for !is() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-late:
			t.Fatalf("waited half a minute for: %s", what)
		}
	}
}
