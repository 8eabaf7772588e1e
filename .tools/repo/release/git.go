package release

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// command runs a program in a folder and returns its standard output without the last newline. The error has the last
// words of what it wrote.
func command(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, env
	// Asked to stop, go and npm end what they started; then it is not waited for what holds on to the output.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, tail(out.String()+log.String(), 60))
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

// tail returns the last n lines of s.
func tail(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// git is the repository or worktree at a folder.
type git struct{ dir string }

// gitEnv is the environment without what points git at another repository, as it does in hooks.
func gitEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return name == "GIT_DIR" || name == "GIT_WORK_TREE" || name == "GIT_INDEX_FILE" || name == "GIT_COMMON_DIR"
	})
}

// run runs git without hooks: they are for people's commits.
func (g git) run(ctx context.Context, args ...string) (string, error) {
	return command(ctx, g.dir, gitEnv(), "git", append([]string{"-c", "core.hooksPath=" + os.DevNull}, args...)...)
}

// lines runs git and returns the lines that it printed.
func (g git) lines(ctx context.Context, args ...string) ([]string, error) {
	out, err := g.run(ctx, args...)
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(out, "\n"), nil
}
