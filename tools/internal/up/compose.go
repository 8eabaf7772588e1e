package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// ComposeConfig describes a run in containers.
type ComposeConfig struct {
	// ProjectDir is where compose.yaml lies.
	ProjectDir string
	// StateDir is locked, so that `missionctl down` finds this run.
	StateDir string
	// Why says why this ground was taken.
	Why  string
	Data DataPolicy
}

// Compose builds and starts the stack with Docker Compose, follows its warnings, and stops it when the context ends.
// Volumes stay unless the data is to be removed first.
func Compose(ctx context.Context, cfg ComposeConfig, out io.Writer) error {
	screen := newScreen(out)
	screen.text("Mission Control in containers: %s (GROUND=compose|local decides)\n", cfg.Why)
	if _, err := os.Stat(filepath.Join(cfg.ProjectDir, "compose.yaml")); err != nil {
		return fmt.Errorf("compose.yaml is not in %s: run this in Mission Control's root folder, or choose it with --project-dir", cfg.ProjectDir)
	}
	began := time.Now()
	lock, err := localstack.TakeLock(cfg.StateDir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	if cfg.Data == RemoveData {
		screen.say("compose", "removing the data of earlier runs")
		if err := compose(ctx, cfg, out, "down", "--volumes", "--timeout", "8"); err != nil {
			return err
		}
	}
	screen.say("compose", "building the images and starting (the first time takes some minutes)")
	if err := compose(ctx, cfg, out, "up", "--build", "--detach", "--wait"); err != nil {
		if ctx.Err() == nil {
			_ = compose(ctx, cfg, out, "ps", "--all")
			screen.text("Their logs: docker compose logs\n")
		}
		return errors.Join(unlessInterrupted(ctx, err), composeDown(cfg, screen, out))
	}
	screen.text(`
Mission Control is up after %s.

  dashboard   http://localhost:3000
  API         http://localhost:8080   (health: http://localhost:8080/health)
  containers  docker compose ps
  logs        docker compose logs --follow
  journals    docker compose exec soldier-1 cat /var/lib/mission-control/journals/soldier-1.jsonl

Try next: open the dashboard, or
  curl -s http://localhost:8080/missions -H 'Content-Type: application/json' -d '{"name": "hello"}'

Ctrl-C stops everything; the data stays in named volumes for the next time (--fresh starts anew).

`, seconds(time.Since(began)))
	<-ctx.Done()
	return composeDown(cfg, screen, out)
}

// unlessInterrupted drops the error of a command that was ended because the person wants to stop.
func unlessInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func composeDown(cfg ComposeConfig, screen *screen, out io.Writer) error {
	screen.text("\nStopping everything\n")
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := compose(ctx, cfg, out, "down", "--timeout", "8"); err != nil {
		return err
	}
	screen.text("Everything has stopped after %s.\n", seconds(time.Since(began)))
	return nil
}

func compose(ctx context.Context, cfg ComposeConfig, out io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, "docker", append([]string{"compose"}, args...)...)
	cmd.Dir = cfg.ProjectDir
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("docker compose %s: %w", args[0], err)
	}
	return nil
}
