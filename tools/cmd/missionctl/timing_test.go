package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
)

func TestTimingIsWhatWasGiven(t *testing.T) {
	for args, want := range map[string]string{
		"":                 `{"name":"n"}`,
		"--delay 90s":      `{"name":"n","delay_seconds":90}`,
		"--delay 0s":       `{"name":"n","delay_seconds":0}`, // the commander says what it may be
		"--retry-delay 0s": `{"name":"n","retry":{"delay_seconds":0}}`,
		"--max-attempts 5 --retry-delay 30s --retry-factor 1.5 --retry-max-delay 1h": `{"name":"n","max_attempts":5,` +
			`"retry":{"delay_seconds":30,"factor":1.5,"max_delay_seconds":3600}}`,
		"--run-at 2026-11-23T10:30:00+01:00":       `{"name":"n","run_at":"2026-11-23T09:30:00.000Z"}`,
		"--deadline 6h":                            `{"name":"n","deadline_seconds":21600}`,
		"--deadline 2026-11-23T10:30:00+01:00":     `{"name":"n","deadline_at":"2026-11-23T09:30:00.000Z"}`,
		"--deadline 1500ms":                        "--deadline must be whole seconds, got 1.5s",
		"--deadline soon":                          "--deadline must be a time such as",
		"--delay 1500ms":                           "--delay must be whole seconds, got 1.5s",
		"--max-attempts 0":                         "--max-attempts must be 1 to 100, got 0",
		"--run-at tomorrow":                        "--run-at must be a time such as",
		"--run-at 2026-11-23T10:30:00Z --delay 1s": "[delay run-at]",
	} {
		var when timing
		r := contracts.MissionRequest{Name: "n"}
		cmd := &cobra.Command{
			Use: "submit", SilenceUsage: true, SilenceErrors: true,
			RunE: func(cmd *cobra.Command, _ []string) error { return when.apply(cmd.Flags(), &r) },
		}
		when.flags(cmd)
		cmd.SetOut(io.Discard)
		cmd.SetArgs(strings.Fields(args))
		err := cmd.Execute()
		if err != nil {
			if strings.HasPrefix(want, "{") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", args, err, want)
			}
			continue
		}
		got, err := json.Marshal(r)
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v; want %s", args, got, err, want)
		}
	}
}
