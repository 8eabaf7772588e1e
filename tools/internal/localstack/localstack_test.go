package localstack_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
	"github.com/mission-control-dev/mission-control/tools/internal/servers"
	"github.com/mission-control-dev/mission-control/tools/internal/supervise"
)

func needServers(t *testing.T) {
	t.Helper()
	missing := servers.Missing()
	switch {
	case len(missing) == 0:
	case os.Getenv("CI") == "true":
		t.Fatalf("missing: %v", missing)
	default:
		t.Skipf("skipped: apt-get install %s (or ./task deps:servers)", strings.Join(missing, " "))
	}
}

func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

func alive(pid int) bool { return pid != 0 && syscall.Kill(pid, 0) == nil }

func TestLifeOfAStack(t *testing.T) {
	needServers(t)
	var mu sync.Mutex
	var warnings []string
	readyAgain := make(chan string, 100)
	stack, err := localstack.New(localstack.Config{
		StateDir: t.TempDir(), BinDir: bin(t), Soldiers: 2, ServerSchedulers: 1,
		PartEnv: map[string][]string{"soldier-2": {"MASTER=no"}},
		Warning: func(part, line string) {
			mu.Lock()
			defer mu.Unlock()
			warnings = append(warnings, part+": "+line)
		},
		Report: func(e supervise.Event) {
			if e.Kind == supervise.Ready {
				readyAgain <- e.Part
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stack.Stop(within(t, 10*time.Second)) })
	if err := stack.Start(within(t, 2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := stack.AwaitOK(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	want := []string{"redis", "rabbitmq", "commander", "soldier-1", "soldier-2", "dashboard"}
	if diff := cmp.Diff(want, stack.Parts()); diff != "" {
		t.Fatal(diff)
	}
	for range want {
		<-readyAgain
	}

	pids := map[string]int{}
	for _, name := range want {
		pids[name] = stack.Part(name).PID()
		if !alive(pids[name]) {
			t.Errorf("%s does not run", name)
		}
	}
	journal := filepath.Join(stack.JournalDir(), "soldier-2.jsonl")
	if got := awaitFile(t, journal); got != "soldier-2 [soldier --id soldier-2] 65 no  well:true\n" {
		t.Errorf("the soldier's journal: %q", got)
	}

	for _, name := range []string{"commander", "redis"} {
		if err := stack.Part(name).Kill(); err != nil {
			t.Fatal(err)
		}
		if again := <-readyAgain; again != name {
			t.Fatalf("%s came back, not %s", again, name)
		}
		if pid := stack.Part(name).PID(); pid == pids[name] || !alive(pid) {
			t.Errorf("%s was not started again", name)
		}
		pids[name] = stack.Part(name).PID()
	}

	began := time.Now()
	if err := stack.Stop(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the stop took %v", took)
	}
	for name, pid := range pids {
		if alive(pid) {
			t.Errorf("%s outlived the stop", name)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(warnings, "commander: warn  a warning  {}") {
		t.Errorf("warnings: %q", warnings)
	}
	for _, w := range warnings {
		if strings.Contains(w, "serving") {
			t.Errorf("not a warning: %q", w)
		}
	}
	if log, _ := os.ReadFile(filepath.Join(stack.LogDir(), "commander.log")); !strings.Contains(string(log), "serving") {
		t.Errorf("the commander's log: %q", log)
	}
}

func awaitFile(t *testing.T, path string) string {
	t.Helper()
	ctx := within(t, 10*time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		content, err := os.ReadFile(path)
		if err == nil && strings.HasSuffix(string(content), "\n") {
			return string(content)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no %s", path)
		case <-tick.C:
		}
	}
}

func TestAFailedStartLeavesNothing(t *testing.T) {
	needServers(t)
	dir := bin(t)
	if err := os.Remove(filepath.Join(dir, "commander")); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho COMMANDER_ADDR is wrong\nexit 7\n"
	if err := os.WriteFile(filepath.Join(dir, "commander"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	stack, err := localstack.New(localstack.Config{StateDir: t.TempDir(), BinDir: dir, ServerSchedulers: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = stack.Start(within(t, 2*time.Minute))
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "COMMANDER_ADDR is wrong") {
		t.Fatalf("got %v", err)
	}
	for _, name := range stack.Parts() {
		if pid := stack.Part(name).PID(); pid != 0 {
			t.Errorf("%s is left", name)
		}
	}
}

func TestATakenPortNamesItsSetting(t *testing.T) {
	needServers(t)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port, addr := listener.Addr().(*net.TCPAddr).Port, listener.Addr().String()
	programs := bin(t)
	for setting, cfg := range map[string]localstack.Config{
		"MISSIONCTL_REDIS_PORT":    {RedisPort: port},
		"MISSIONCTL_RABBITMQ_PORT": {RabbitMQPort: port},
		"MISSIONCTL_EPMD_PORT":     {EpmdPort: port},
		"MISSIONCTL_DIST_PORT":     {DistPort: port},
		"COMMANDER_ADDR":           {CommanderAddr: addr},
		"DASHBOARD_ADDR":           {DashboardAddr: addr},
	} {
		cfg.StateDir, cfg.BinDir = t.TempDir(), programs
		_, err := localstack.New(cfg)
		var taken *localstack.PortTakenError
		if !errors.As(err, &taken) || taken.Setting != setting || !strings.Contains(err.Error(), addr) {
			t.Errorf("%s: got %v", setting, err)
		}
	}
	_, err = localstack.New(localstack.Config{StateDir: t.TempDir(), BinDir: programs, CommanderAddr: "127.0.0.1:18080", DashboardAddr: "127.0.0.1:18080"})
	if err == nil || !strings.Contains(err.Error(), "COMMANDER_ADDR and DASHBOARD_ADDR both ask for 127.0.0.1:18080") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingProgramIsNamed(t *testing.T) {
	_, err := localstack.New(localstack.Config{StateDir: t.TempDir(), BinDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "./task build") {
		t.Fatalf("got %v", err)
	}
}

func TestOneOwnerAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if pid, err := localstack.Owner(dir); pid != 0 || err != nil {
		t.Fatalf("owner of nothing: %d, %v", pid, err)
	}
	lock, err := localstack.TakeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if pid, err := localstack.Owner(dir); pid != os.Getpid() || err != nil {
		t.Fatalf("owner: %d, %v", pid, err)
	}
	var locked *localstack.LockedError
	if _, err := localstack.TakeLock(dir); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Fatalf("second lock: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := lock.Clear(); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Fatalf("%v is left", entries)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if pid, err := localstack.Owner(dir); pid != 0 || err != nil {
		t.Fatalf("owner after the end: %d, %v", pid, err)
	}
}
