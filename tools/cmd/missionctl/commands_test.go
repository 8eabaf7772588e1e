package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// runLine runs a command line of its own, and returns all that it said.
func runLine(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, cliout.Streams{In: strings.NewReader(""), Out: &o, Err: &e})
	return code, o.String(), e.String()
}

// leaves are all commands that do something, by their path without the program's name.
func leaves(t *testing.T) map[string]*cobra.Command {
	t.Helper()
	all := map[string]*cobra.Command{}
	everyCommand(newRoot(cliout.Streams{}), func(cmd *cobra.Command) {
		if path := strings.TrimPrefix(cmd.CommandPath(), "missionctl"); path != "" {
			all[strings.TrimSpace(path)] = cmd
		}
	})
	return all
}

// TestEveryCommandHasHelp with an example that shows it.
func TestEveryCommandHasHelp(t *testing.T) {
	for path, cmd := range leaves(t) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: a Short without a full stop is needed, got %q", path, cmd.Short)
		}
		if !strings.Contains(cmd.Example, "missionctl "+path) {
			t.Errorf("%s: its example does not show it: %q", path, cmd.Example)
		}
		code, out, _ := runLine(t, append(strings.Fields(path), "--help")...)
		if code != cliout.ExitOK || !strings.Contains(out, "Examples:") {
			t.Errorf("%s --help: exit code %d, without examples", path, code)
		}
	}
	if _, out, _ := runLine(t, "--help"); !strings.Contains(out, cliout.ExitCodesHelp) {
		t.Error("the exit codes are not in the help")
	}
}

// TestJSONOfADeadCommander is an error on standard error that says what to do, a non-zero exit, and nothing that a program
// would take for an answer.
func TestJSONOfADeadCommander(t *testing.T) {
	const dead = "http://127.0.0.1:1"
	// What a command needs beside the arguments that its use names in capitals.
	more := map[string]string{
		"set-aside drop": "id", "set-aside resend": "id", "drill": "-n 1 --deadline 100ms", "limits set": "--max-running 1",
		"schedules set": "--every 1m", "squads limit": "4", "cancel": "id", "retry": "id", "purge": "id",
	}
	local := map[string]bool{
		"up": true, "demo": true, "down": true, "ground": true, "servers": true, "secrets": true, "faults": true, "version": true,
		"completion": true,
	}
	for path, cmd := range leaves(t) {
		if _, group := cmd.Annotations[groupMark]; group || local[path] {
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			line := path
			for word := range strings.FieldsSeq(cmd.Use) {
				if word == strings.ToUpper(word) && word[0] != '[' {
					line += " something"
				}
			}
			line += " " + more[path] + " --output json --timeout 1s --url " + dead
			code, out, errs := runLine(t, strings.Fields(line)...)
			if code == cliout.ExitUsage {
				t.Fatalf("it needs more than %q: see more", line)
			}
			if code == cliout.ExitOK || out != "" || !strings.Contains(errs, "missionctl: ") {
				t.Errorf("exit code %d, said %q and %q", code, out, errs)
			}
			if !strings.Contains(errs, "no commander listens at "+dead+": start one with ./task up") {
				t.Errorf("it does not say what to do: %q", errs)
			}
		})
	}
}

// TestJSONWithoutACommander: what needs none answers in one document, and what prints no data refuses.
func TestJSONWithoutACommander(t *testing.T) {
	t.Setenv("GROUND", "embedded")
	dir := t.TempDir()
	for _, line := range []string{"version", "ground", "secrets --dir " + dir, "faults --seed 1 --dry-run"} {
		code, out, errs := runLine(t, append(strings.Fields(line), "-o", "json")...)
		if code != cliout.ExitOK || !json.Valid([]byte(out)) {
			t.Errorf("%s: exit code %d, said %q and %q", line, code, out, errs)
		}
	}
	for _, line := range []string{"up", "demo", "down", "completion bash"} {
		code, out, errs := runLine(t, append(strings.Fields(line), "-o", "json")...)
		if code != cliout.ExitUsage || out != "" || !strings.Contains(errs, "leave out --output") {
			t.Errorf("%s: exit code %d, said %q and %q", line, code, out, errs)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	for line, want := range map[string]string{
		"bogus":                                 "unknown command",
		"set-aside bogus":                       "set-aside has no command",
		"submti":                                "Did you mean this? submit; see missionctl --help",
		"submit a --no-key --idempotency-key k": "none of the others can be",
		"list --output yaml":                    "must be table or json",
		"list --bogus":                          "unknown flag",
		"watch id --kind resize":                "not both",
		"watch --status gone":                   "--status must be one of",
		"watch --label blue":                    "--label",
		"completion csh":                        "missionctl completion bash|zsh|fish",
		"health --url localhost:8080":           "see --url and MISSIONCTL_URL",
		"get":                                   "accepts 1 arg(s), received 0: missionctl get ID [flags]; see missionctl get --help",
		"list --timeout soon":                   "invalid",
		"set-aside list --limit twenty":         "invalid",
	} {
		code, out, errs := runLine(t, strings.Fields(line)...)
		if code != cliout.ExitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, said %q and %q, want %q", line, code, out, errs, want)
		}
	}
}
