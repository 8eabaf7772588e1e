package partlog_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/tools/internal/partlog"
)

func TestLinesAreWholeWhateverTheWrites(t *testing.T) {
	var lines []string
	log, err := partlog.Open(partlog.Config{
		Path: filepath.Join(t.TempDir(), "logs", "part.log"),
		Line: func(line string) { lines = append(lines, line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, chunk := range []string{"a", "b\nc\r\n", "", "\nd"} {
		if _, err := log.Write([]byte(chunk)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"ab", "c", ""}, lines); diff != "" {
		t.Fatal(diff)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatalf("second Close: %v", err)
	}
}

func TestTheFileIsBoundedAndGoesOnOverRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "part.log")
	line := strings.Repeat("x", 99) + "\n"
	for range 3 { // three runs
		log, err := partlog.Open(partlog.Config{Path: path, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for range 12 {
			_, _ = log.Write([]byte(line))
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	total := 0
	for _, p := range []string{path, path + ".old"} {
		content, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if len(content) > 1000 {
			t.Errorf("%s has %d bytes", p, len(content))
		}
		total += len(content)
	}
	if total != 1600 { // 36 lines: 10 dropped, 10 dropped, 10 in the older file, 6 in the newer
		t.Errorf("%d bytes are kept", total)
	}
}

func TestAFolderThatCannotBeMadeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := partlog.Open(partlog.Config{Path: filepath.Join(file, "part.log")}); err == nil {
		t.Fatal("an error is wanted")
	}
}
