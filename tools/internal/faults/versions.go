package faults

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

// Versions are what a drill ran on; what can't be found out is "unknown".
type Versions struct {
	// Commit is what missionctl was built from, as far as can be told, with "+" where the working tree had changes.
	Commit   string `json:"commit"`
	RabbitMQ string `json:"rabbitmq"`
	Redis    string `json:"redis"`
	Go       string `json:"go"`
	System   string `json:"system"`
}

const unknown = "unknown"

// versions is to be asked for once the stack runs, while RabbitMQ's first words are still in its log.
func (s *stack) versions(ctx context.Context) Versions {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	v := Versions{
		Commit: commit(ctx), RabbitMQ: unknown, Redis: unknown, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
	}
	// Its log says it at once; rabbitmqctl needs many seconds on a busy machine, and starts an epmd where none runs.
	if text, err := os.ReadFile(s.logPath(schedule.RabbitMQ)); err == nil {
		if banner := regexp.MustCompile(`Starting RabbitMQ (\S+) on Erlang (\S+)`).FindSubmatch(text); banner != nil {
			v.RabbitMQ = fmt.Sprintf("%s (Erlang %s)", banner[1], banner[2])
		}
	}
	if program, err := redisserver.Find(); err == nil {
		text, err := exec.CommandContext(ctx, program, "--version").Output()
		if _, rest, found := strings.Cut(string(text), "v="); err == nil && found {
			v.Redis, _, _ = strings.Cut(rest, " ")
		}
	}
	return v
}

// commit is what go wrote into missionctl, or else that of the working tree that missionctl lies in.
func commit(ctx context.Context) string {
	revision, changed := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && len(s.Value) >= 12:
				revision = s.Value[:12]
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = "+"
			}
		}
	}
	if revision != "" {
		return revision + changed
	}
	program, err := os.Executable()
	if err != nil {
		return unknown
	}
	text, err := exec.CommandContext(ctx, "git", "-C", filepath.Dir(program), "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=+").Output()
	if err != nil {
		return unknown
	}
	return strings.TrimSpace(string(text))
}
