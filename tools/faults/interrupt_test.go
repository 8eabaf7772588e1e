package faults

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/tools/internal/faults"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

// needServers skips the test where a server is missing, and fails it with CI=true.
func needServers(t *testing.T) {
	t.Helper()
	_, err := rabbitserver.Find()
	if err == nil {
		_, err = redisserver.Find()
	}
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// TestAnInterruptedDrillLeavesNothing interrupts a drill while soldiers are frozen and links are cut.
func TestAnInterruptedDrillLeavesNothing(t *testing.T) {
	needServers(t)
	bin, dir := t.TempDir(), t.TempDir()
	build(t, "soldier", bin, "")
	build(t, "commander", bin, "")
	ctx, interrupt := context.WithTimeout(t.Context(), 2*time.Minute)
	defer interrupt()
	out, err := faults.Run(ctx, faults.Config{
		Schedule: schedule.Config{Seed: 1, Length: time.Minute, Only: []schedule.Kind{schedule.PauseSoldier, schedule.Isolate}},
		BinDir:   bin, Dir: dir,
		Log: func(format string, args ...any) {
			t.Logf(format, args...)
			if strings.Contains(format, " for ") { // something is being broken
				interrupt()
			}
		},
	})
	if err != nil || !out.Interrupted {
		t.Errorf("got %+v, %v", out, err)
	}
	nothingIsLeft(t, dir)
}

// nothingIsLeft looks for processes of a drill in this folder: ours, the servers', and RabbitMQ's epmd.
func nothingIsLeft(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("skipped: needs Linux's /proc to look for processes")
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		env, _ := os.ReadFile(filepath.Join(p, "environ")) // other people's can't be read
		cwd, _ := os.Readlink(filepath.Join(p, "cwd"))
		if strings.Contains(string(env), dir) || strings.HasPrefix(cwd, dir) {
			line, _ := os.ReadFile(filepath.Join(p, "cmdline"))
			t.Errorf("%s is left", strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
}
