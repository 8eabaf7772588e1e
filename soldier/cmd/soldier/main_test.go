package main

import (
	"bytes"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/config"
)

func TestApplicationIsValid(t *testing.T) {
	err := fx.ValidateApp(options(config.Settings{Soldier: soldier.Config{ID: "s", EnrollmentKey: "k"}}, zap.NewNop()))
	if err != nil {
		t.Error(err)
	}
}

func TestWhatItSaysAndExitsWith(t *testing.T) {
	for _, test := range []struct {
		name  string
		args  []string
		env   map[string]string
		code  int
		wants string
	}{
		{"version", []string{"--version"}, nil, 0, soldier.Version()},
		{"argument", []string{"run"}, nil, 2, "takes no arguments"},
		{"flag", []string{"--what"}, nil, 2, "what"},
		{"no key", nil, map[string]string{"SOLDIER_ENROLLMENT_KEY": ""}, 2, "SOLDIER_ENROLLMENT_KEY is missing"},
		{"id", []string{"--id", "A B"}, nil, 2, "SOLDIER_ID"},
		{"slots", nil, map[string]string{"SOLDIER_SLOTS": "x"}, 2, "SOLDIER_SLOTS"},
		{"broker", nil, map[string]string{"RABBITMQ_URL": "x"}, 2, "RABBITMQ_URL"},
		{"journal", nil, map[string]string{"SOLDIER_JOURNAL": "/dev/null/x"}, 1, "SOLDIER_JOURNAL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("SOLDIER_ENROLLMENT_KEY", "k")
			for k, v := range test.env {
				t.Setenv(k, v)
			}
			var out, errs bytes.Buffer
			if code := run(test.args, &out, &errs); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if said := out.String() + errs.String(); !strings.Contains(said, test.wants) {
				t.Errorf("said %q, want %q in it", said, test.wants)
			}
		})
	}
}
