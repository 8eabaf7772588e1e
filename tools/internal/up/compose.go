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
	// CommanderPort and DashboardPort are where they are published on 127.0.0.1.
	CommanderPort, DashboardPort string
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
		if err := compose(ctx, cfg, out, "down", "--volumes"); err != nil {
			return err
		}
		if err := os.RemoveAll(journals(cfg)); err != nil {
			return fmt.Errorf("removing the journals of earlier runs: %w", err)
		}
	}
	// Made by us, so that it is not root's: Docker makes what is missing of a mount.
	if err := os.MkdirAll(journals(cfg), 0o755); err != nil { //nolint:gosec // containers with another user write here
		return fmt.Errorf("making the journals' folder: %w", err)
	}
	screen.say("compose", "building the images and starting (the first time takes some minutes)")
	if err := compose(ctx, cfg, out, "up", "--build", "--detach", "--wait"); err != nil {
		if ctx.Err() == nil {
			_ = compose(ctx, cfg, out, "ps", "--all")
			screen.text("Their logs: docker compose logs\n")
		}
		return errors.Join(unlessInterrupted(ctx, err), composeDown(cfg, screen, out))
	}
	screen.text("%s", composePlaces(cfg, time.Since(began)))
	<-ctx.Done()
	return composeDown(cfg, screen, out)
}

// journals is where compose.yaml lets the soldiers write theirs.
func journals(cfg ComposeConfig) string {
	return filepath.Join(cfg.ProjectDir, ".local", "compose", "journals")
}

func composePlaces(cfg ComposeConfig, took time.Duration) string {
	commander := "http://localhost:" + cfg.CommanderPort
	return fmt.Sprintf(`
Mission Control is up after %s.

  dashboard   http://localhost:%s
  API         %s   (health: %s/health)
  containers  docker compose ps
  logs        docker compose logs --follow
  journals    %s

Try next: open the dashboard, or
  curl -s %s/missions -H 'Content-Type: application/json' -d '{"name": "hello"}'

Ctrl-C stops everything; the data stays in named volumes for the next time (--fresh starts anew).

`, seconds(took), cfg.DashboardPort, commander, commander, short(journals(cfg)), commander)
}

// unlessInterrupted drops the error of a command that was ended because the person wants to stop.
func unlessInterrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// composeDown stops the containers, each within its own stop_grace_period in compose.yaml.
func composeDown(cfg ComposeConfig, screen *screen, out io.Writer) error {
	screen.text("\nStopping everything\n")
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := compose(ctx, cfg, out, "down"); err != nil {
		return err
	}
	screen.text("Everything has stopped after %s.\n", seconds(time.Since(began)))
	return nil
}

func compose(ctx context.Context, cfg ComposeConfig, out io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, "docker", append([]string{"compose"}, args...)...)
	cmd.Dir = cfg.ProjectDir
	cmd.Env = append(os.Environ(), "COMMANDER_PORT="+cfg.CommanderPort, "DASHBOARD_PORT="+cfg.DashboardPort)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("docker compose %s: %w", args[0], err)
	}
	return nil
}
