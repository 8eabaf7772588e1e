package redisserver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
)

func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// processesOf lists processes that work in the folder: Redis changes to its data folder and writes its own title.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	if _, err := os.Stat("/proc/self/cwd"); err != nil {
		t.Skip("skipped: needs Linux's /proc")
	}
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, dir) {
			found = append(found, link+" "+cwd)
		}
	}
	return found
}

// awaitNoProcess gives the kernel the moment that it needs.
func awaitNoProcess(t *testing.T, dir string) {
	t.Helper()
	ctx := within(t, 10*time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		left := processesOf(t, dir)
		if len(left) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("processes are left:\n%s", strings.Join(left, "\n"))
		case <-tick.C:
		}
	}
}

// start starts a server in a folder that the test knows.
func start(t *testing.T, cfg redisserver.Config) *redisserver.Server {
	t.Helper()
	server, err := redisserver.Start(within(t, 2*time.Minute), cfg)
	if errors.Is(err, redisserver.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(within(t, 20*time.Second)) })
	return server
}

func say(t *testing.T, server *redisserver.Server, line string, wait time.Duration) string {
	t.Helper()
	conn, err := net.Dial("tcp4", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(wait))
	_, _ = io.WriteString(conn, line+"\r\n")
	answer := make([]byte, 256)
	n, _ := conn.Read(answer)
	return string(answer[:n])
}

func TestLifeOfAServer(t *testing.T) {
	dir := t.TempDir()
	var log syncBuffer
	server := start(t, redisserver.Config{Dir: dir, Log: &log})
	first := server.PID()
	if got := say(t, server, "CONFIG GET appendfsync", time.Second); !strings.Contains(got, "always") {
		t.Fatalf("appendfsync: %q", got)
	}
	if got := say(t, server, "SET word kept", time.Second); got != "+OK\r\n" {
		t.Fatalf("SET: %q", got)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if server.PID() != 0 || server.Wait() == nil {
		t.Fatalf("after Kill: pid %d, wait %v", server.PID(), server.Wait())
	}
	if err := server.Pause(); !errors.Is(err, redisserver.ErrNotRunning) {
		t.Fatalf("Pause of a dead server: %v", err)
	}
	if err := server.Restart(within(t, time.Minute)); err != nil {
		t.Fatal(err)
	}
	if server.PID() == first {
		t.Fatal("the server was not started again")
	}
	if got := say(t, server, "GET word", time.Second); !strings.Contains(got, "kept") {
		t.Fatalf("the data must last over Kill and Restart: %q", got)
	}
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	if got := say(t, server, "PING", 200*time.Millisecond); got != "" {
		t.Fatalf("a paused server answered %q", got)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	if got := say(t, server, "PING", 5*time.Second); got != "+PONG\r\n" {
		t.Fatalf("a resumed server answered %q", got)
	}
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	done := server.Done()
	if err := server.Stop(within(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	<-done
	if err := server.Wait(); err != nil {
		t.Fatalf("a graceful stop ended with %v", err)
	}
	awaitNoProcess(t, dir)
	if err := server.Stop(within(t, time.Second)); err != nil {
		t.Fatalf("second Stop: %v", err)
	}
	if !strings.Contains(log.String(), "Ready to accept connections") || server.LastWords(3) == "" {
		t.Fatal("the server's output did not reach the log")
	}
}

func TestBeforeTheFirstStart(t *testing.T) {
	server, err := redisserver.New(redisserver.Config{Dir: t.TempDir()})
	if err != nil && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	if err := server.Wait(); !errors.Is(err, redisserver.ErrNotRunning) {
		t.Fatalf("Wait: %v", err)
	}
	if server.PID() != 0 || server.LastWords(1) != "" {
		t.Fatal("nothing has run yet")
	}
	if err := server.Stop(within(t, time.Second)); err != nil {
		t.Fatalf("Stop: %v", err)
	}
}

func TestATakenPortIsNamed(t *testing.T) {
	server := start(t, redisserver.Config{Dir: t.TempDir()})
	_, text, _ := net.SplitHostPort(server.Addr())
	port, _ := strconv.Atoi(text)
	_, err := redisserver.Start(within(t, time.Minute), redisserver.Config{Dir: t.TempDir(), Port: port})
	var taken *redisserver.PortTakenError
	if !errors.As(err, &taken) || taken.Port != port {
		t.Fatalf("got %v", err)
	}
}

func TestAFailedStartLeavesNothingAndTellsItsLastWords(t *testing.T) {
	start(t, redisserver.Config{Dir: t.TempDir()}) // skips where Redis is missing
	dir := t.TempDir()
	damaged := filepath.Join(dir, "appendonlydir")
	if err := os.MkdirAll(damaged, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(damaged, "appendonly.aof.manifest"), []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := redisserver.Start(within(t, time.Minute), redisserver.Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "last lines") {
		t.Fatalf("got %v", err)
	}
	awaitNoProcess(t, dir)
}

func TestAppendFsyncIsChecked(t *testing.T) {
	_, err := redisserver.Start(within(t, time.Second), redisserver.Config{Dir: t.TempDir(), AppendFsync: "never", Program: "none"})
	if err == nil || !strings.Contains(err.Error(), "AppendFsync") {
		t.Fatalf("got %v", err)
	}
}

// TestMain also plays the parent that is killed: see TestTheServerDiesWithItsParent.
func TestMain(m *testing.M) {
	if dir := os.Getenv("REDISSERVER_TEST_PARENT"); dir != "" {
		if _, err := redisserver.Start(context.Background(), redisserver.Config{Dir: dir}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("ready")
		select {}
	}
	os.Exit(redistest.Main(m).Run())
}

func TestTheServerDiesWithItsParent(t *testing.T) {
	dir := t.TempDir()
	processesOf(t, dir) // skips where this can't be seen
	if _, err := redisserver.Find(); err != nil && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "REDISSERVER_TEST_PARENT="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 6)
	if _, err := io.ReadFull(out, line); err != nil || string(line) != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if len(processesOf(t, dir)) != 1 {
		t.Fatal("the server must be visible while it runs")
	}
	if err := parent.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	awaitNoProcess(t, dir)
}

func TestSharedIsOneServerAndNamesAreUnique(t *testing.T) {
	a, b := redistest.Shared(t), redistest.Shared(t)
	if a != b || a.PID() == 0 {
		t.Fatal("Shared must return one running server")
	}
	first, second := redistest.Name(t, "key"), redistest.Name(t, "key")
	if first == second {
		t.Fatal("names must be unique")
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
