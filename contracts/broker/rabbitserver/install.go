package rabbitserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Installation says where RabbitMQ and Erlang's port mapper are.
type Installation struct {
	// Server is the server script that starts the node as the calling user.
	Server string
	// Ctl is rabbitmqctl from the same folder.
	Ctl string
	// Epmd is Erlang's port mapper daemon.
	Epmd string
}

// Find looks for RabbitMQ on PATH and in the folders where packages put it. Debian's and Fedora's commands in /usr change user, so the
// script behind them is preferred to those. It returns ErrNotInstalled, possibly wrapped with the missing piece.
func Find() (Installation, error) {
	candidates := []string{
		"/usr/lib/rabbitmq/bin/rabbitmq-server",
		"/opt/homebrew/sbin/rabbitmq-server",
		"/usr/local/sbin/rabbitmq-server",
	}
	if onPath, err := exec.LookPath("rabbitmq-server"); err == nil {
		switch filepath.Dir(onPath) {
		case "/usr/sbin", "/usr/bin", "/sbin", "/bin":
			candidates = append(candidates, onPath)
		default:
			candidates = append([]string{onPath}, candidates...)
		}
	}
	for _, server := range candidates {
		ctl := filepath.Join(filepath.Dir(server), "rabbitmqctl")
		if !executable(server) || !executable(ctl) {
			continue
		}
		epmd, err := findEpmd()
		if err != nil {
			return Installation{}, err
		}
		return Installation{Server: server, Ctl: ctl, Epmd: epmd}, nil
	}
	return Installation{}, ErrNotInstalled
}

func findEpmd() (string, error) {
	if onPath, err := exec.LookPath("epmd"); err == nil {
		return onPath, nil
	}
	patterns := []string{
		"/usr/lib/erlang/bin/epmd", "/usr/lib64/erlang/bin/epmd", "/opt/homebrew/bin/epmd",
		"/usr/lib/erlang/erts-*/bin/epmd", "/usr/lib64/erlang/erts-*/bin/epmd", "/usr/local/lib/erlang/bin/epmd",
	}
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err == nil && len(found) > 0 && executable(found[0]) {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("%w: rabbitmq-server is there, but Erlang's epmd is not", ErrNotInstalled)
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}
