package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/servers"
	"github.com/mission-control-dev/mission-control/tools/internal/up"
)

// until is a screen that ends the run once it shows a text.
type until struct {
	bytes.Buffer
	text string
	end  context.CancelFunc
}

func (u *until) Write(b []byte) (int, error) {
	n, err := u.Buffer.Write(b)
	if strings.Contains(u.String(), u.text) {
		u.end()
	}
	return n, err
}

// runUntil runs a command line until its output has the text, and returns all of it.
func runUntil(t *testing.T, text string, args ...string) (string, int) {
	t.Helper()
	t.Setenv("LOG_LEVEL", "error") // that there is no web app in a test is no news
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	screen := &until{text: text, end: cancel}
	code := run(ctx, args, cliout.Streams{In: strings.NewReader(""), Out: screen, Err: screen})
	return screen.String(), code
}

func TestDemoLeavesNothingBehind(t *testing.T) {
	t.Chdir(t.TempDir())
	out, code := runUntil(t, "Mission Control is up", "demo", "--commander-addr", "127.0.0.1:0", "--dashboard-addr", "127.0.0.1:0")
	if code != 0 || !strings.Contains(out, "only as long as it does") || !strings.Contains(out, "Everything has stopped") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDemoNamesTheSettingOfATakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	t.Setenv("COMMANDER_ADDR", taken.Addr().String())
	t.Setenv("DASHBOARD_ADDR", "127.0.0.1:0")
	out, code := runUntil(t, "never shown", "demo")
	if code != cliout.ExitFailure || !strings.Contains(out, "choose another with COMMANDER_ADDR") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

func TestUpOnTheEmbeddedGround(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "of an earlier run")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := runUntil(t, "Mission Control is up", "up", "--ground", "embedded", "--fresh", "--state-dir", dir,
		"--commander-addr", "127.0.0.1:0", "--dashboard-addr", "127.0.0.1:0")
	if code != 0 || !strings.Contains(out, "GROUND=embedded asks for it") || strings.Contains(out, servers.Advice) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("--fresh left the data of an earlier run: %v", err)
	}
}

// Only a want of servers leads to the embedded ground.
func TestBriefIsOfMissingServersOnly(t *testing.T) {
	missing := &servers.MissingError{Packages: []string{"redis-server"}, Reason: "installing needs root"}
	for want, err := range map[string]error{
		"redis-server is missing, and installing needs root": fmt.Errorf("starting: %w", missing),
		"": io.EOF,
	} {
		if got := brief(err); got != want {
			t.Errorf("%v: got %q", err, got)
		}
	}
	if got := brief(nil); got != "" {
		t.Errorf("no error: got %q", got)
	}
	if len(servers.Missing()) == 0 && lacking(up.NeverInstall)() != "" {
		t.Error("servers that are there are lacking")
	}
}

func TestDemoInterruptedAtOnce(t *testing.T) {
	out, code := runUntil(t, "embedded in this one process", "demo", "--commander-addr", "127.0.0.1:0", "--dashboard-addr", "127.0.0.1:0")
	if strings.Contains(out, "is up") || strings.Contains(out, "context canceled") || code == cliout.ExitFailure {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}
