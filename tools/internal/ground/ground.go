// Package ground decides what a stack stands on: containers, processes of this machine, or one process without servers.
//
// A person decides with GROUND. Otherwise containers are taken where they can be used at once, that is where a Docker
// engine answers and has Compose; nothing is installed for it. Else servers of this machine are, where they are installed
// or can be. The embedded ground is the last resort, for trying out. Choose says why it chose, in words for people.
package ground

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Ground is what a stack stands on.
type Ground string

// The grounds.
const (
	Compose  Ground = "compose"
	Local    Ground = "local"
	Embedded Ground = "embedded"
)

// Timeout is how long a Docker engine may take to answer.
const Timeout = 3 * time.Second

// Run runs a command and returns its output; exec.CommandContext's shape, so that tests need no engine.
type Run func(ctx context.Context, name string, args ...string) ([]byte, error)

// Exec is the Run that starts real commands.
func Exec(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = 100 * time.Millisecond
	return cmd.CombinedOutput()
}

// Choose takes what was asked for ("" leaves it to us) and returns the ground and the reason. lacking is asked why
// this machine has no servers and can't get them; empty means that it has, or can. Errors: an unknown ground, or compose asked
// for where it can't be.
func Choose(ctx context.Context, wanted string, run Run, lacking func() string) (Ground, string, error) {
	switch Ground(wanted) {
	case Embedded:
		return Embedded, "GROUND=embedded asks for it", nil
	case Local:
		return Local, "GROUND=local asks for it", nil
	case Compose:
		if why := missing(ctx, run); why != "" {
			return "", "", fmt.Errorf("GROUND=compose asks for containers, but %s: start Docker, or use GROUND=local", why)
		}
		return Compose, "GROUND=compose asks for it", nil
	case "":
		if why := missing(ctx, run); why != "" {
			if servers := lacking(); servers != "" {
				return Embedded, why + ", and " + servers, nil
			}
			return Local, why, nil
		}
		return Compose, "a Docker engine with Compose answers", nil
	default:
		return "", "", fmt.Errorf("GROUND is %q: it may be compose, local, embedded or empty", wanted)
	}
}

// missing says what keeps us from using Compose, "" for nothing.
func missing(ctx context.Context, run Run) string {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	// docker info exits with 0 on old versions even where no server answers; this format needs the server.
	out, err := run(ctx, "docker", "info", "--format", "{{.ServerVersion}}")
	if err != nil || strings.TrimSpace(string(out)) == "" {
		return "no Docker engine answers"
	}
	if _, err := run(ctx, "docker", "compose", "version"); err != nil {
		return "the Docker engine has no Compose"
	}
	return ""
}
