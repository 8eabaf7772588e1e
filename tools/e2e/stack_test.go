package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/freeport"
	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
	"github.com/mission-control-dev/mission-control/tools/internal/supervise"
)

// binDir is where programs builds to. TestMain makes it, and removes it when all tests are done.
var binDir string //nolint:gochecknoglobals // one for all tests

// programs builds commander, soldier and dashboard once, for the first test that needs them.
var programs = sync.OnceValue(func() error { //nolint:gochecknoglobals // once for all tests
	for _, name := range []string{"commander", "soldier", "dashboard"} {
		build := exec.Command("go", "build", "-o", binDir+"/", "./cmd/"+name) //nolint:noctx // ends with go test
		build.Dir = filepath.Join("..", "..", name)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return err
		}
	}
	return nil
})

func TestMain(m *testing.M) {
	var err error
	if binDir, err = os.MkdirTemp("", "mission-control-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(binDir)
	os.Exit(code)
}

// need skips the test for want of something, and fails it with CI=true.
func need(t *testing.T, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// stack is a running local stack and a client of it.
type stack struct {
	*localstack.Stack
	*client.Client
	t *testing.T
}

// prepare makes a stack of three soldiers that does not run yet.
func prepare(t *testing.T, change func(*localstack.Config)) *stack {
	t.Helper()
	_, err := rabbitserver.Find()
	need(t, err)
	_, err = redisserver.Find()
	need(t, err)
	if err := programs(); err != nil {
		t.Fatalf("build the programs: %v", err)
	}
	cfg := localstack.Config{
		StateDir: t.TempDir(), BinDir: binDir, Soldiers: 3, Headless: true, ServerSchedulers: 1,
		Warning: func(part, line string) {
			if part != localstack.RabbitMQ {
				t.Logf("%s | %s", part, line)
			}
		},
	}
	if change != nil {
		change(&cfg)
	}
	s, err := localstack.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // soldiers drain, servers write what they have
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Errorf("stop the stack: %v", err)
		}
	})
	c, err := client.New(client.Config{BaseURL: s.CommanderURL()})
	if err != nil {
		t.Fatal(err)
	}
	return &stack{Stack: s, Client: c, t: t}
}

// run makes a stack and waits until all is well.
func run(t *testing.T, change func(*localstack.Config)) *stack {
	t.Helper()
	s := prepare(t, change)
	s.start()
	return s
}

// start starts all parts and waits until all is well.
func (s *stack) start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	if err := s.Start(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.awaitOK()
}

func (s *stack) awaitOK() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if err := s.AwaitOK(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// submit orders a simulated mission of so many seconds that does not fail.
func (s *stack) submit(name, seconds string) string {
	s.t.Helper()
	m, err := s.Submit(s.t.Context(), contracts.MissionRequest{
		Name:    name,
		Payload: []byte(`{"min_seconds":` + seconds + `,"max_seconds":` + seconds + `,"failure_rate":0}`),
	}, client.SubmitOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return m.MissionID
}

// ends waits for the mission's end and wants it to have this status.
func (s *stack) ends(id string, want contracts.Status) client.Mission {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 3*time.Minute)
	defer cancel()
	m, err := s.Wait(ctx, id)
	if err != nil {
		s.t.Fatal(err)
	}
	if m.Status != want {
		s.t.Fatalf("mission %s ended %s, want %s: %+v", id, m.Status, want, m.Error)
	}
	return m
}

// refused counts the refused lines of a mission's history.
func (s *stack) refused(id string) int {
	s.t.Helper()
	h, err := s.History(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, l := range h.Lines {
		if l.Refused {
			n++
		}
	}
	return n
}

// eventually asks until it holds.
func (s *stack) eventually(within time.Duration, what string, holds func() bool) {
	s.t.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			s.t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// second starts another commander of the stack, and returns a client of it.
func (s *stack) second() (*supervise.Part, *client.Client) {
	s.t.Helper()
	addr, err := freeport.TakeAddr()
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := client.New(client.Config{BaseURL: "http://" + addr})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.CloseIdleConnections)
	part := supervise.NewPart(supervise.Config{
		Name: "commander-2", ReadyWithin: time.Minute, Grace: 30 * time.Second, Report: func(supervise.Event) {},
		Service: supervise.NewProgram(supervise.ProgramConfig{
			Path: filepath.Join(binDir, "commander"),
			Env: append(os.Environ(), "COMMANDER_ADDR="+addr, "REDIS_URL="+s.RedisURL(), "RABBITMQ_URL="+s.RabbitMQURL(), "MISSION_CONTROL_GROUND=local",
				"COMMANDER_MASTER_SECRET_FILE="+s.Secrets().MasterSecret, "COMMANDER_ENROLLMENT_KEY_FILE="+s.Secrets().EnrollmentKey),
			Ready: func(ctx context.Context) error {
				_, err := c.Health(ctx)
				return err
			},
		}),
	})
	if err := part.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := part.Stop(ctx); err != nil {
			s.t.Error(err)
		}
	})
	return part, c
}
