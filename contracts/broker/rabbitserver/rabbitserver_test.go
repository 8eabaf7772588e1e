package rabbitserver_test

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

	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver/rabbittest"
)

func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// processesOf lists processes whose environment names the folder: the node, its ports' helpers, epmd, started scripts.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("skipped: needs Linux's /proc")
	}
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		pid := filepath.Base(filepath.Dir(file))
		environ, err := os.ReadFile(file)
		if err != nil || pid == strconv.Itoa(os.Getpid()) || !bytes.Contains(environ, []byte("RABBITMQ_MNESIA_BASE="+dir)) {
			continue
		}
		cmdline, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		found = append(found, pid+" "+string(bytes.ReplaceAll(cmdline, []byte{0}, []byte{' '})))
	}
	return found
}

// awaitNoProcess gives helpers of the node the moment that they need to see its end.
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

// start starts a node in a folder that the test knows.
func start(t *testing.T, cfg rabbitserver.Config) *rabbitserver.Server {
	t.Helper()
	cfg.Schedulers = 1
	server, err := rabbitserver.Start(within(t, 2*time.Minute), cfg)
	if errors.Is(err, rabbitserver.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(within(t, 20*time.Second)) })
	return server
}

func TestLifeOfANode(t *testing.T) {
	dir := t.TempDir()
	var log syncBuffer
	server := start(t, rabbitserver.Config{Dir: dir, User: "who", Password: "p-w_d.~1", Log: &log})
	first := server.PID()
	if comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", first)); len(comm) > 0 && string(comm) != "beam.smp\n" {
		t.Fatalf("PID is %s, not the node", comm)
	}
	out, err := server.Ctl(within(t, time.Minute), "authenticate_user", "who", "p-w_d.~1")
	if err != nil {
		t.Fatalf("the configured user must be able to log in: %v", err)
	}
	if strings.Contains(out, "Error") {
		t.Fatal(out)
	}
	if _, err := server.Ctl(within(t, time.Minute), "add_vhost", "kept"); err != nil {
		t.Fatal(err)
	}

	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if server.PID() != 0 || server.Wait() == nil {
		t.Fatalf("after Kill: pid %d, wait %v", server.PID(), server.Wait())
	}
	if err := server.Pause(); !errors.Is(err, rabbitserver.ErrNotRunning) {
		t.Fatalf("Pause of a dead node: %v", err)
	}
	if err := server.Restart(within(t, time.Minute)); err != nil {
		t.Fatal(err)
	}
	if server.PID() == first {
		t.Fatal("the node was not started again")
	}
	if out, err = server.Ctl(within(t, time.Minute), "list_vhosts", "--silent"); err != nil || !strings.Contains(out, "kept") {
		t.Fatalf("the data must last over Kill and Restart: %q, %v", out, err)
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
	if _, err := server.Ctl(within(t, time.Minute), "version"); !errors.Is(err, rabbitserver.ErrNotRunning) {
		t.Fatalf("Ctl without a node: %v", err)
	}
	awaitNoProcess(t, dir) // rabbitmqctl would have started an epmd
	if err := server.Stop(within(t, time.Second)); err != nil {
		t.Fatalf("second Stop: %v", err)
	}
	if !strings.Contains(log.String(), "Starting RabbitMQ") || server.LastWords(3) == "" {
		t.Fatal("the node's output did not reach the log")
	}
}

// TestAServerOnPATHIsTaken: another version is chosen by PATH, also where the system has one of its own.
func TestAServerOnPATHIsTaken(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"rabbitmq-server", "rabbitmqctl", "epmd"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	got, err := rabbitserver.Find()
	want := rabbitserver.Installation{
		Server: filepath.Join(dir, "rabbitmq-server"), Ctl: filepath.Join(dir, "rabbitmqctl"), Epmd: filepath.Join(dir, "epmd"),
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAPausedNodeIsSilentAndCanBeStopped(t *testing.T) {
	dir := t.TempDir()
	server := start(t, rabbitserver.Config{Dir: dir})
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	if got := firstByte(t, server.Addr(), 300*time.Millisecond); got != 0 {
		t.Fatal("a paused node answered")
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	if got := firstByte(t, server.Addr(), 10*time.Second); got != 1 {
		t.Fatal("a resumed node must answer")
	}
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(within(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	awaitNoProcess(t, dir)
}

// firstByte says AMQP's header and returns the first byte of the answer, 0 for none.
func firstByte(t *testing.T, addr string, wait time.Duration) byte {
	t.Helper()
	conn, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(wait))
	_, _ = io.WriteString(conn, "AMQP\x00\x00\x09\x01")
	answer := make([]byte, 1)
	_, _ = conn.Read(answer)
	return answer[0]
}

func TestBeforeTheFirstStart(t *testing.T) {
	server, err := rabbitserver.New(rabbitserver.Config{Dir: t.TempDir()})
	if err != nil && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	if err := server.Wait(); !errors.Is(err, rabbitserver.ErrNotRunning) {
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
	if _, err := rabbitserver.Find(); err != nil && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	for field, cfg := range map[string]rabbitserver.Config{
		"Port": {Port: port}, "DistPort": {DistPort: port}, "EpmdPort": {EpmdPort: port},
	} {
		cfg.Dir = t.TempDir()
		_, err := rabbitserver.Start(within(t, time.Minute), cfg)
		var taken *rabbitserver.PortTakenError
		if !errors.As(err, &taken) || taken.Field != field || taken.Port != port {
			t.Errorf("%s: got %v", field, err)
		}
		awaitNoProcess(t, cfg.Dir)
	}
}

func TestUserAndPasswordThatWouldNeedQuotingAreRefused(t *testing.T) {
	for _, password := range []string{"a b", "a#b", "a\nb", "a'b", "ä"} {
		cfg := rabbitserver.Config{Dir: t.TempDir(), Password: password, Installation: rabbitserver.Installation{Server: "none"}}
		if _, err := rabbitserver.Start(within(t, time.Second), cfg); err == nil || !strings.Contains(err.Error(), "Password") {
			t.Errorf("%q: got %v", password, err)
		}
	}
}

func TestAFailedStartLeavesNothingAndTellsItsLastWords(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "advanced.config"), []byte("[{rabbit,"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := rabbitserver.Start(within(t, time.Minute), rabbitserver.Config{Dir: dir, Schedulers: 1})
	if errors.Is(err, rabbitserver.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "last lines") {
		t.Fatalf("got %v", err)
	}
	awaitNoProcess(t, dir)
}

// script makes a program of a folder's, for a test.
func script(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return path
}

func TestDataOfAnOlderReleaseIsNamed(t *testing.T) {
	installed, err := rabbitserver.Find()
	if err != nil && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	// What 4.0 says of 3.10's data, and more after it than is kept.
	installed.Server = script(t, t.TempDir(), "rabbitmq-server", `
echo 'Feature flags: `+"`stream_single_active_consumer`"+`: required feature flag not enabled! It must be enabled before upgrading RabbitMQ.'
i=0
while [ $i -lt 200 ]; do echo '[error] <0.215.0>     crash report'; i=$((i+1)); done
exit 1
`)
	dir := t.TempDir()
	_, err = rabbitserver.Start(within(t, time.Minute), rabbitserver.Config{Dir: dir, Installation: installed})
	if !errors.Is(err, rabbitserver.ErrOlderData) || !strings.Contains(err.Error(), filepath.Join(dir, "mnesia")) {
		t.Fatalf("got %v", err)
	}
	awaitNoProcess(t, dir)
}

func TestAnInstallationOfOnesOwnOnPATHIsPreferred(t *testing.T) {
	dir := t.TempDir()
	want := rabbitserver.Installation{
		Server: script(t, dir, "rabbitmq-server", ""), Ctl: script(t, dir, "rabbitmqctl", ""), Epmd: script(t, dir, "epmd", ""),
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	if got, err := rabbitserver.Find(); err != nil || got != want {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestAStartThatIsGivenUpLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	_, err := rabbitserver.Start(within(t, time.Second), rabbitserver.Config{Dir: dir, Schedulers: 1})
	if errors.Is(err, rabbitserver.ErrNotInstalled) && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	awaitNoProcess(t, dir)
}

// TestMain also plays the parent that is killed: see TestServersDieWithTheirParent.
func TestMain(m *testing.M) {
	if dir := os.Getenv("RABBITSERVER_TEST_PARENT"); dir != "" {
		if _, err := rabbitserver.Start(context.Background(), rabbitserver.Config{Dir: dir, Schedulers: 1}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("ready")
		select {}
	}
	os.Exit(rabbittest.Main(m).Run())
}

func TestServersDieWithTheirParent(t *testing.T) {
	dir := t.TempDir()
	processesOf(t, dir) // skips where this can't be seen
	if _, err := rabbitserver.Find(); err != nil && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "RABBITSERVER_TEST_PARENT="+dir)
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
	if len(processesOf(t, dir)) < 2 {
		t.Fatal("the node and epmd must be visible while they run")
	}
	if err := parent.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	awaitNoProcess(t, dir)
}

func TestSharedIsOneServerAndNamesAreUnique(t *testing.T) {
	a, b := rabbittest.Shared(t), rabbittest.Shared(t)
	if a != b || a.PID() == 0 {
		t.Fatal("Shared must return one running server")
	}
	first, second := rabbittest.Name(t, "orders"), rabbittest.Name(t, "orders")
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
