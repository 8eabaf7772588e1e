package faults

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

// TestTheProofsExist: docs/guarantees.md names tests and kinds of faults that there are.
func TestTheProofsExist(t *testing.T) {
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "guarantees.md"))
	if err != nil {
		t.Fatal(err)
	}
	proofs := regexp.MustCompile("`([a-z/]+)` (Test[A-Za-z]+)").FindAllStringSubmatch(string(text), -1)
	if len(proofs) < 30 {
		t.Errorf("only %d proofs are named", len(proofs))
	}
	for _, p := range proofs {
		files, err := filepath.Glob(filepath.Join(root, p[1], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range files {
			source, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(source), "func "+p[2]+"(")
		}
		if !found {
			t.Errorf("%s has no %s", p[1], p[2])
		}
	}
	for _, k := range schedule.All() {
		if !strings.Contains(string(text), "`"+string(k)+"`") {
			t.Errorf("the fault %s is not explained", k)
		}
	}
}
