// Package postgres runs a private PostgreSQL on loopback, for peers that keep their jobs there.
package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/mission-control-dev/mission-control/bench/internal/child"
	"github.com/mission-control-dev/mission-control/bench/internal/contender"
	"github.com/mission-control-dev/mission-control/contracts/freeport"
)

// ErrNotInstalled says what to install.
var ErrNotInstalled = fmt.Errorf("%w: PostgreSQL (apt-get install postgresql)", contender.ErrMissing)

// Server is one server.
type Server struct {
	process *child.Process
	port    string
	user    string
}

// Start makes a database in the folder and starts a server on it, with these settings on top of PostgreSQL's own.
func Start(ctx context.Context, dir string, settings map[string]string) (*Server, error) {
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	server, err := find("postgres")
	if err != nil {
		return nil, err
	}
	as, err := account(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initialise := exec.CommandContext(ctx, initdb, "-D", data, "-A", "trust", "-U", "bench", "--no-sync")
	initialise.SysProcAttr, initialise.Dir = as, dir
	if said, err := initialise.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("making the database: %w\n%s", err, said)
	}
	free, err := freeport.Take()
	if err != nil {
		return nil, err
	}
	port := strconv.Itoa(free)
	args := []string{"-D", data, "-h", "127.0.0.1", "-p", port, "-k", dir}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	cmd := exec.Command(server, args...)
	cmd.SysProcAttr, cmd.Dir = as, dir
	s := &Server{port: port, user: "bench"}
	if s.process, err = child.Start(cmd, filepath.Join(dir, "..", "postgres.log")); err != nil {
		return nil, err
	}
	return s, s.process.Await(ctx, func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, s.URL())
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

// find looks on PATH and where Debian's packages put it.
func find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if len(found) == 0 {
		return "", ErrNotInstalled
	}
	return found[len(found)-1], nil
}

// account makes the folder, and says as whom the server runs: PostgreSQL refuses to be root.
func account(dir string) (*syscall.SysProcAttr, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the server's folder: %w", err)
	}
	if os.Getuid() != 0 {
		return nil, nil
	}
	whom, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and needs its package's account: %w", err)
	}
	uid, _ := strconv.Atoi(whom.Uid)
	gid, _ := strconv.Atoi(whom.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, fmt.Errorf("giving the folder to PostgreSQL: %w", err)
	}
	// Only its owner may write above, but the server must pass.
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { //nolint:gosec // to pass, not to read
		return nil, fmt.Errorf("opening the folder to PostgreSQL: %w", err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// URL is where to connect.
func (s *Server) URL() string {
	return fmt.Sprintf("postgres://%s@127.0.0.1:%s/postgres?sslmode=disable", s.user, s.port)
}

// PID is the server's process id, the parent of those that serve connections.
func (s *Server) PID() int { return s.process.PID() }

// Stop ends it at once; its data goes with the folder. It is nothing for a nil Server.
func (s *Server) Stop(ctx context.Context) {
	if s != nil {
		s.process.Stop(ctx, syscall.SIGQUIT)
	}
}
