package ground_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/tools/internal/ground"
)

// machine answers as a machine with or without Docker and Compose would.
func machine(engine, compose string) ground.Run {
	return func(_ context.Context, _ string, args ...string) ([]byte, error) {
		answer := engine
		if args[0] == "compose" {
			answer = compose
		}
		if answer == "none" {
			return nil, errors.New("exit status 1")
		}
		return []byte(answer + "\n"), nil
	}
}

func TestChoose(t *testing.T) {
	tests := map[string]struct {
		wanted, engine, compose string
		lacking                 string
		ground                  ground.Ground
		reason, failure         string
	}{
		"both there":            {engine: "27.1", compose: "v2", ground: ground.Compose, reason: "answers"},
		"no engine":             {engine: "none", compose: "v2", ground: ground.Local, reason: "no Docker engine"},
		"silent engine":         {engine: "", compose: "v2", ground: ground.Local, reason: "no Docker engine"},
		"no compose":            {engine: "27.1", compose: "none", ground: ground.Local, reason: "no Compose"},
		"local asked for":       {wanted: "local", engine: "27.1", compose: "v2", ground: ground.Local, reason: "GROUND=local"},
		"compose asked for":     {wanted: "compose", engine: "27.1", compose: "v2", ground: ground.Compose, reason: "GROUND=compose"},
		"compose can't be":      {wanted: "compose", engine: "none", compose: "none", failure: "no Docker engine answers"},
		"an unknown ground":     {wanted: "moon", failure: `"moon"`},
		"no servers":            {engine: "none", lacking: "redis is missing", ground: ground.Embedded, reason: "no Docker engine answers, and redis is missing"},
		"containers go first":   {engine: "27.1", compose: "v2", lacking: "redis is missing", ground: ground.Compose, reason: "answers"},
		"local, come what may":  {wanted: "local", engine: "none", lacking: "redis is missing", ground: ground.Local, reason: "GROUND=local"},
		"embedded asked for":    {wanted: "embedded", engine: "27.1", compose: "v2", ground: ground.Embedded, reason: "GROUND=embedded"},
		"compose misses plugin": {wanted: "compose", engine: "27.1", compose: "none", failure: "no Compose"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, reason, err := ground.Choose(t.Context(), tt.wanted, machine(tt.engine, tt.compose), func() string { return tt.lacking })
			if tt.failure != "" {
				if err == nil || !strings.Contains(err.Error(), tt.failure) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil || got != tt.ground || !strings.Contains(reason, tt.reason) {
				t.Fatalf("got %q, %q, %v", got, reason, err)
			}
		})
	}
}
