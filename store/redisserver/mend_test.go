package redisserver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/store/redisserver"
)

// TestHalfATransactionNeverComesToLife cuts the append-only file within a script's transaction, as a SIGKILL during the
// write does, wherever that may be; then the server lives through two more lives.
func TestHalfATransactionNeverComesToLife(t *testing.T) {
	const script = `EVAL "for i=1,3 do redis.call('SET','half'..i,'x') end" 0`
	for _, lost := range []int64{1, 5, 14, 15, 40, 90} {
		dir := t.TempDir()
		server := start(t, redisserver.Config{Dir: dir})
		say(t, server, "SET answered 1", time.Second)
		say(t, server, script, time.Second)
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		shorten(t, dir, lost)
		if err := server.Restart(within(t, time.Minute)); err != nil {
			t.Fatalf("%d bytes lost: %v", lost, err)
		}
		say(t, server, "SET later 1", time.Second)
		say(t, server, `EVAL "for i=1,2 do redis.call('SET','later'..i,'x') end" 0`, time.Second)
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := server.Restart(within(t, time.Minute)); err != nil {
			t.Fatalf("%d bytes lost: %v", lost, err)
		}
		if keys := say(t, server, "DBSIZE", time.Second); keys != ":4\r\n" {
			t.Errorf("%d bytes lost: %q keys of 4: %s", lost, keys, say(t, server, "KEYS *", time.Second))
		}
	}
}

// TestDamageIsNotMended: what is damaged before its end is left as it is, for a person.
func TestDamageIsNotMended(t *testing.T) {
	dir := t.TempDir()
	server := start(t, redisserver.Config{Dir: dir})
	say(t, server, "SET one 1", time.Second)
	say(t, server, "SET two 2", time.Second)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	file := lastFile(t, dir)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := strings.Replace(string(text), "*3", "??", 1)
	if err := os.WriteFile(file, []byte(damaged), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := server.Restart(within(t, time.Minute)); err == nil || !strings.Contains(err.Error(), "Bad file format") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadFile(file); err != nil || string(left) != damaged {
		t.Errorf("the file was changed: %v", err)
	}
}

func shorten(t *testing.T, dir string, by int64) {
	t.Helper()
	file := lastFile(t, dir)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, info.Size()-by); err != nil {
		t.Fatal(err)
	}
}

// lastFile is the part of the append-only file that is written to.
func lastFile(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	return files[0]
}
