package faults

import (
	"bufio"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/faults"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

// shifts are by how much the wall clocks of the drill's programs are off: each sees two others off by as much as 40 s,
// longer than a token lives.
func shifts() map[string]time.Duration {
	const off = 20 * time.Second
	return map[string]time.Duration{
		"commander-a": off, "commander-b": -off,
		"soldier-1": off, "soldier-2": -off, "soldier-3": 0,
	}
}

// shiftVar, with a part's name behind it, is by how much the part's wall clock is off.
const shiftVar = "MISSION_CONTROL_CLOCK_SHIFT_"

// shifted are the edits that make programs whose wall clock is off: time.Now itself, so that no source of wall time is
// missed, and the monotonic clock is untouched. Only the soldiers' journals are evidence, and tell the true time.
func shifted(t *testing.T) []edit {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	return []edit{
		{filepath.Join(folder, "time.go"), `	sec, nsec, mono := runtimeNow()
	if mono == 0 {
`, `	sec, nsec, mono := runtimeNow()
	sec += wallShift
	if mono == 0 {
`},
		{file: filepath.Join(folder, "wall_shift.go"), with: `package time

import "syscall"

// wallShift is by how many seconds the wall clock is off.
var wallShift = func() int64 {
	part, _ := syscall.Getenv("MISSION_CONTROL_PART")
	text, _ := syscall.Getenv("` + shiftVar + `" + part)
	d, _ := ParseDuration(text)
	return int64(d / Second)
}()

// Unshifted is Now on a clock that is right.
func Unshifted() Time { return Now().Add(-Duration(wallShift) * Second) }
`},
		{"../soldier/internal/journal/journal.go", `time.Now().UTC()`, `time.Unshifted().UTC()`},
	}
}

// TestTheShiftFits: each line that shifts a clock stands once in its file, also in this Go's package time. Whether the
// result can be built only TestWrongWallClocks tells.
func TestTheShiftFits(t *testing.T) { overlay(t, shifted(t)) }

// TestWrongWallClocks holds a drill with programs whose wall clocks are 20 s ahead, 20 s behind, and right. No promise
// depends on them.
func TestWrongWallClocks(t *testing.T) {
	if os.Getenv("MISSION_CONTROL_FAULTS") == "" {
		t.Skip("skipped: it takes minutes; ./task test:faults:clocks runs it")
	}
	needServers(t)
	bin, dir := t.TempDir(), t.TempDir()
	wrong := overlay(t, shifted(t))
	build(t, "soldier", bin, wrong)
	build(t, "commander", bin, wrong)
	for part, by := range shifts() {
		t.Setenv(shiftVar+part, by.String())
	}
	out, err := faults.Run(t.Context(), faults.Config{
		Schedule: schedule.Config{Seed: 1, Length: 2 * time.Minute}, BinDir: bin, Dir: dir, Log: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range slices.Sorted(maps.Keys(shifts())) {
		seen := offBy(t, filepath.Join(dir, "logs", part+".log"))
		t.Logf("%s was off by %v", part, seen)
		if (seen - shifts()[part]).Abs() > 5*time.Second {
			t.Errorf("the clock of %s was off by %v, not by %v", part, seen, shifts()[part])
		}
	}
	t.Logf("%d faults: %+v", len(out.Recoveries), out.Counts)
	for _, v := range out.Violations {
		t.Errorf("%s: mission %s: %s", v.Code, v.MissionID, v.Text)
	}
}

// offBy compares the time that a program wrote in the last line of its log with when that was written.
func offBy(t *testing.T, path string) time.Duration {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	const layout = "15:04:05.000"
	var last time.Time
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if at, err := time.Parse(layout, line[:min(len(line), len(layout))]); err == nil {
			last = at
		}
	}
	if last.IsZero() {
		t.Fatalf("%s has no line with a time", path)
	}
	written, err := time.Parse(layout, info.ModTime().Local().Format(layout))
	if err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	return (last.Sub(written)+day+day/2)%day - day/2
}
