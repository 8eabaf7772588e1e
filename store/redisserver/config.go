package redisserver

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/mission-control-dev/mission-control/contracts/freeport"
)

// Config describes one private server.
type Config struct {
	// Dir is the server's folder, where the append-only file lies. Required; it is made when missing. Two servers
	// must not share it.
	Dir string
	// Port is where Redis is served on 127.0.0.1. 0 picks a free one, which Server.URL tells.
	Port int
	// AppendFsync is Redis's appendfsync: "always" (the default), "everysec" or "no".
	AppendFsync string
	// Log gets what the server prints. nil drops it.
	Log io.Writer
	// Program is the path of redis-server. Empty means Find().
	Program string
	// Args are more arguments, such as --cluster-enabled yes.
	Args []string
}

// Find looks for redis-server on PATH and in the folders where packages put it. It returns ErrNotInstalled.
func Find() (string, error) {
	if onPath, err := exec.LookPath("redis-server"); err == nil {
		return onPath, nil
	}
	for _, path := range []string{"/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"} {
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", ErrNotInstalled
}

func (c Config) withDefaults() (Config, error) {
	if c.Dir == "" {
		return c, errors.New("redisserver: Config.Dir is required")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return c, fmt.Errorf("redisserver: the folder's absolute path: %w", err)
	}
	c.Dir = dir
	switch c.AppendFsync {
	case "":
		c.AppendFsync = "always"
	case "always", "everysec", "no":
	default:
		return c, fmt.Errorf("redisserver: Config.AppendFsync is %q, not always, everysec or no", c.AppendFsync)
	}
	if c.Program == "" {
		if c.Program, err = Find(); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c Config) withPort() (_ Config, err error) {
	if c.Port != 0 {
		return c, c.checkPort()
	}
	c.Port, err = freeport.Take()
	return c, err
}

func (c Config) checkPort() error {
	if freeport.InUse(net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port))) {
		return &PortTakenError{Port: c.Port}
	}
	return nil
}

// arguments override Redis's built-in defaults; no configuration file is read.
func (c Config) arguments() []string {
	return append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(c.Port), "--dir", c.Dir, "--daemonize", "no",
		"--appendonly", "yes", "--appendfsync", c.AppendFsync,
		"--aof-load-truncated", "no", // see mend
		"--save", "", "--tcp-keepalive", "60",
	}, c.Args...)
}
