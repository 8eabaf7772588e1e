package up

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/ground"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// downWithin is how long a run of `up` gets to stop everything; it promises ten seconds, and containers may need more.
const downWithin = 60 * time.Second

// Down ends the run of `up` that owns the state folder, and containers of the project that are up without one.
func Down(ctx context.Context, stateDir, projectDir string, out io.Writer) error {
	pid, err := localstack.Owner(stateDir)
	if err != nil {
		return err
	}
	if pid != 0 {
		fmt.Fprintf(out, "stopping `missionctl up` (pid %d)\n", pid)
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stopping pid %d: %w", pid, err)
		}
		if err := awaitNoOwner(ctx, stateDir); err != nil {
			return err
		}
		fmt.Fprintln(out, "everything has stopped")
		return nil
	}
	if _, err := os.Stat(filepath.Join(projectDir, "compose.yaml")); err == nil && composeRuns(ctx, projectDir) {
		fmt.Fprintln(out, "stopping the containers")
		return compose(ctx, ComposeConfig{ProjectDir: projectDir}, out, "down")
	}
	fmt.Fprintln(out, "nothing is running")
	return nil
}

func composeRuns(ctx context.Context, projectDir string) bool {
	chosen, _, err := ground.Choose(ctx, "", ground.Exec, func() string { return "" })
	if err != nil || chosen != ground.Compose {
		return false
	}
	out, err := ground.Exec(ctx, "docker", "compose", "--project-directory", projectDir, "ps", "--quiet")
	return err == nil && len(out) > 0
}

func awaitNoOwner(ctx context.Context, stateDir string) error {
	ctx, cancel := context.WithTimeout(ctx, downWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		pid, err := localstack.Owner(stateDir)
		if pid == 0 || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("`missionctl up` (pid %d) has not ended: %w", pid, ctx.Err())
		case <-tick.C:
		}
	}
}
