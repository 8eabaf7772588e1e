package supervise_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/tools/internal/supervise"
)

// The test binary plays the parts: FAKE_PART says how it behaves.
func TestMain(m *testing.M) {
	switch os.Getenv("FAKE_PART") {
	case "":
		goleak.VerifyTestMain(m)
	case "obeys":
		fmt.Println("at work")
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		ready()
		<-stop
		fmt.Println("bye")
	case "ignores":
		signal.Ignore(syscall.SIGTERM)
		ready()
		<-time.After(10 * time.Minute) // with nothing to wait for, the runtime would call it a deadlock
	case "dies":
		for i := range 30 {
			fmt.Println("line", i)
		}
		fmt.Fprintln(os.Stderr, "the setting X is wrong")
		os.Exit(3)
	case "parent": // of a child that obeys, for the test that kills it
		child := supervise.NewProgram(supervise.ProgramConfig{Path: os.Args[0], Env: []string{"FAKE_PART=obeys"}})
		if err := child.Restart(context.Background()); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(child.PID())
		select {}
	}
}

// ready tells the test through a file that the part has set up its signals.
func ready() {
	if path := os.Getenv("FAKE_READY"); path != "" {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			panic(err)
		}
	}
}

// fake returns a program that behaves so, ready when its signals are set up.
func fake(t *testing.T, behaviour string) *supervise.Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ready")
	return supervise.NewProgram(supervise.ProgramConfig{
		Path: os.Args[0],
		Env:  []string{"FAKE_PART=" + behaviour, "FAKE_READY=" + path},
		Ready: func(context.Context) error {
			_, err := os.Stat(path)
			return err
		},
	})
}

// events gathers what is reported and lets a test wait for a kind.
type events struct {
	mu  sync.Mutex
	all []supervise.Event
	any chan struct{}
}

func newEvents() *events { return &events{any: make(chan struct{}, 1000)} }

func (e *events) report(event supervise.Event) {
	e.mu.Lock()
	e.all = append(e.all, event)
	e.mu.Unlock()
	e.any <- struct{}{}
}

// await returns the nth event of the kind, counted from 1.
func (e *events) await(t *testing.T, kind supervise.Kind, nth int) supervise.Event {
	t.Helper()
	ctx := within(t, 20*time.Second)
	for {
		e.mu.Lock()
		seen := 0
		for _, event := range e.all {
			if event.Kind == kind {
				if seen++; seen == nth {
					e.mu.Unlock()
					return event
				}
			}
		}
		e.mu.Unlock()
		select {
		case <-e.any:
		case <-ctx.Done():
			t.Fatalf("no %d. event %q in %+v", nth, kind, e.all)
		}
	}
}

func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

func newPart(t *testing.T, service supervise.Service, seen *events) *supervise.Part {
	t.Helper()
	part := supervise.NewPart(supervise.Config{
		Name: "fake", Service: service, Grace: 10 * time.Second,
		FirstBackoff: 10 * time.Millisecond, MostBackoff: 40 * time.Millisecond, Report: seen.report,
	})
	t.Cleanup(func() { _ = part.KillAndHold() })
	return part
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestAPartThatIsKilledIsStartedAgain(t *testing.T) {
	seen := newEvents()
	part := newPart(t, fake(t, "obeys"), seen)
	if err := part.Start(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	first := part.PID()
	if err := part.Kill(); err != nil {
		t.Fatal(err)
	}
	died := seen.await(t, supervise.Died, 1)
	if died.Reason != "signal: killed" || died.LastWords != "at work" || died.Again != 10*time.Millisecond {
		t.Fatalf("got %+v", died)
	}
	seen.await(t, supervise.Ready, 2)
	if second := part.PID(); second == 0 || second == first {
		t.Fatalf("pid %d after %d", second, first)
	}
	pid := part.PID()
	if err := part.Stop(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if alive(pid) || part.PID() != 0 {
		t.Fatal("the process outlived Stop")
	}
	if err := part.Stop(within(t, time.Second)); err != nil {
		t.Fatalf("second Stop: %v", err)
	}
	if err := part.Start(within(t, 10*time.Second)); err != nil || part.PID() == 0 {
		t.Fatalf("start after stop: %v", err)
	}
}

func TestAFirstStartThatFailsTellsTheLastWords(t *testing.T) {
	part := newPart(t, fake(t, "dies"), newEvents())
	err := part.Start(within(t, 10*time.Second))
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.HasSuffix(err.Error(), "the setting X is wrong") {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), "line 5\n") || !strings.Contains(err.Error(), "line 29\n") {
		t.Fatalf("the last 20 lines are wanted: %v", err)
	}
}

func TestAPartThatDiesAgainAndAgainIsTriedMoreSlowly(t *testing.T) {
	seen := newEvents()
	part := newPart(t, supervise.NewProgram(supervise.ProgramConfig{Path: os.Args[0], Env: []string{"FAKE_PART=dies"}}), seen)
	if err := part.Start(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	for n := 1; n <= 4; n++ {
		waits = append(waits, seen.await(t, supervise.Died, n).Again)
	}
	want := []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond, 40 * time.Millisecond}
	if fmt.Sprint(waits) != fmt.Sprint(want) {
		t.Fatalf("waits %v, want %v", waits, want)
	}
	if err := part.Stop(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
}

func TestAPartThatIgnoresSIGTERMIsKilled(t *testing.T) {
	seen := newEvents()
	part := newPart(t, fake(t, "ignores"), seen)
	if err := part.Start(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	pid := part.PID()
	if err := part.Stop(within(t, 100*time.Millisecond)); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Fatalf("got %v", err)
	}
	if alive(pid) {
		t.Fatal("the process outlived Stop")
	}
	if stopped := seen.await(t, supervise.Stopped, 1); stopped.Reason == "" {
		t.Fatal("the event must tell that it was killed")
	}
}

func TestAPausedPartCanBeStopped(t *testing.T) {
	part := newPart(t, fake(t, "obeys"), newEvents())
	if err := part.Start(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := part.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := part.Stop(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
}

func TestKillAndHoldStaysDownUntilStart(t *testing.T) {
	seen := newEvents()
	part := newPart(t, fake(t, "obeys"), seen)
	if err := part.Start(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := part.KillAndHold(); err != nil {
		t.Fatal(err)
	}
	seen.await(t, supervise.Stopped, 1)
	if err := part.Kill(); err == nil {
		t.Fatal("a held part has no process to kill")
	}
	if err := part.Start(within(t, 10*time.Second)); err != nil || part.PID() == 0 {
		t.Fatalf("start: %v", err)
	}
}

func TestStopWhileItDiesAndIsStarted(t *testing.T) {
	for range 30 {
		program := supervise.NewProgram(supervise.ProgramConfig{Path: "/bin/true"})
		part := supervise.NewPart(supervise.Config{Name: "true", Service: program, FirstBackoff: time.Microsecond, MostBackoff: time.Microsecond})
		if err := part.Start(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := part.Stop(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		if part.PID() != 0 {
			t.Fatal("a process was started after Stop")
		}
	}
}

func TestChildrenDieWithTheSupervisor(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("skipped: needs Linux's parent-death signal")
	}
	parent := exec.Command(os.Args[0])
	parent.Env = []string{"FAKE_PART=parent"}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Fscan(out, &child); err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// The child holds its end of nothing of ours; its end shows in /proc.
	_, _ = io.Copy(io.Discard, out)
	_ = parent.Wait()
	ctx := within(t, 10*time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for alive(child) && !zombie(child) {
		select {
		case <-ctx.Done():
			t.Fatal("the child outlived its supervisor")
		case <-tick.C:
		}
	}
}

// zombie: dead, but whoever adopted it has not looked yet.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}
