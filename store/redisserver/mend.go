package redisserver

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// cutShort is what Redis says, and ends, where aof-load-truncated is no and its file ends within a command or a
// transaction. Of a file that is damaged before its end it says something else: that is for a person to mend.
const cutShort = "Unexpected end of file reading the append only file"

// errCutShort means that the server was killed while it wrote its file.
var errCutShort = errors.New("the append-only file ends within a transaction")

// mend cuts an unfinished transaction off the end of the append-only file, which nobody had an answer to.
//
// Redis would do it itself (aof-load-truncated yes), but it cuts after the last whole command, not before the
// transaction's MULTI: the half transaction then lies open in the file, what is written next goes on with it, and the
// start after that carries it out in part. redis-check-aof cuts where the transaction begins.
func (s *Server) mend(ctx context.Context) error {
	tool := filepath.Join(filepath.Dir(s.cfg.Program), "redis-check-aof")
	if _, err := exec.LookPath(tool); err != nil {
		tool = "redis-check-aof"
	}
	cmd := exec.CommandContext(ctx, tool, "--fix", filepath.Join(s.cfg.Dir, "appendonlydir", "appendonly.aof.manifest"))
	cmd.Stdin = strings.NewReader("y\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w, and redis-check-aof could not mend it: %w\n%s", errCutShort, err, out)
	}
	return nil
}
