// Package redistest gives tests a real Redis.
//
// A package shares one server among its tests, because a start takes time: its TestMain wraps m, Shared starts the
// server at the first use, and the wrapper stops it after the last test. Tests keep apart by unique
// words in their keys (Name); one that flushes uses Start.
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(redistest.Main(m)) } // or os.Exit(redistest.Main(m).Run())
//
// Tests that stop, kill or pause the server use Start, which gives them one of their own. Where Redis is not
// installed, tests are skipped with a line that says how to get it; with CI=true they fail.
package redistest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/store/redisserver"
)

// Runner is what *testing.M offers; wrappers of it can be wrapped again.
type Runner interface{ Run() int }

// Main wraps a package's tests so that the shared server is stopped after them.
func Main(m Runner) Runner { return runner{m} }

type runner struct{ tests Runner }

func (r runner) Run() int {
	shared.arm()
	code := r.tests.Run()
	if err := shared.stop(); err != nil {
		os.Stderr.WriteString("redistest: " + err.Error() + "\n")
		return max(code, 1)
	}
	return code
}

// shared is the package's server. A test binary is one package's, so one variable is one server a package.
var shared sharedServer

type sharedServer struct {
	mu     sync.Mutex
	armed  bool
	server *redisserver.Server
	dir    string
	err    error
}

func (s *sharedServer) arm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed = true
}

func (s *sharedServer) get() (*redisserver.Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.armed {
		return nil, errors.New("no TestMain with redistest.Main in this package")
	}
	if s.server != nil || s.err != nil {
		return s.server, s.err
	}
	if s.dir, s.err = os.MkdirTemp("", "redistest-"); s.err != nil {
		return nil, s.err
	}
	s.server, s.err = start(s.dir)
	return s.server, s.err
}

func (s *sharedServer) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = s.server.Stop(ctx)
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// Shared returns the package's server, started by the first call. The package's TestMain must use Main.
func Shared(t testing.TB) *redisserver.Server {
	t.Helper()
	server, err := shared.get()
	check(t, err)
	return server
}

// Start returns a server of the test's own, stopped when the test ends.
func Start(t testing.TB) *redisserver.Server {
	t.Helper()
	server, err := start(t.TempDir())
	check(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Errorf("redistest: %v", err)
		}
	})
	return server
}

func start(dir string) (*redisserver.Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	return redisserver.Start(ctx, redisserver.Config{Dir: dir})
}

func check(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, redisserver.ErrNotInstalled) && os.Getenv("CI") != "true":
		t.Skipf("skipped: %v", err)
	default:
		t.Fatalf("redistest: %v", err)
	}
}

var unfit = regexp.MustCompile(`[^a-zA-Z0-9_.-]+`)

// Name returns a word for keys that no other test uses: the test's name and random digits.
func Name(t testing.TB, prefix string) string {
	t.Helper()
	random := make([]byte, 6)
	_, _ = rand.Read(random)
	name := unfit.ReplaceAllString(strings.ToLower(t.Name()), "_")
	return prefix + ":" + name[:min(len(name), 60)] + ":" + hex.EncodeToString(random)
}
