package main

import (
	"bytes"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/commander/commanderfx"
)

func TestWhatItSaysAndExitsWith(t *testing.T) {
	for _, test := range []struct {
		name  string
		args  []string
		code  int
		wants string
	}{
		{"version", []string{"--version"}, 0, commanderfx.Version()},
		{"help", []string{"--help"}, 0, "-version"},
		{"argument", []string{"serve"}, 2, `takes no arguments, got ["serve"]`},
		{"flag", []string{"--what"}, 2, "what"},
		{"no secrets", nil, 2, "COMMANDER_MASTER_SECRET"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("COMMANDER_MASTER_SECRET", "")
			t.Setenv("COMMANDER_MASTER_SECRET_FILE", "")
			var out, errs bytes.Buffer
			if code := run(test.args, &out, &errs); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if said := out.String() + errs.String(); !strings.Contains(said, test.wants) {
				t.Errorf("said %q, want %q in it", said, test.wants)
			}
		})
	}
}

func TestGOGCWins(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(70))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	for _, tt := range []struct {
		gogc string
		want int
	}{{"70", 70}, {"off", 70}, {"", gcPercent}} {
		t.Setenv("GOGC", tt.gogc)
		limitMemory()
		if got := debug.SetGCPercent(70); got != tt.want {
			t.Errorf("GOGC=%q: %d, want %d", tt.gogc, got, tt.want)
		}
	}
}

func TestGOMEMLIMITWins(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	for _, tt := range []struct {
		limit string
		want  int64
	}{{"1GiB", 1 << 30}, {"", memoryLimit}} {
		debug.SetMemoryLimit(1 << 30) // what the runtime made of the variable
		t.Setenv("GOMEMLIMIT", tt.limit)
		limitMemory()
		if got := debug.SetMemoryLimit(-1); got != tt.want {
			t.Errorf("GOMEMLIMIT=%q: %d, want %d", tt.limit, got, tt.want)
		}
	}
}
