package faults

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/faults"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
)

// edit replaces text that stands once in a file, named from the commander's folder or absolutely. Without old it is a
// new file.
type edit struct{ file, old, with string }

// builds are the broken builds, and what the drill has to find in each.
func builds() map[string]struct {
	edits []edit
	only  []schedule.Kind
	want  []check.Code // one of these at least
} {
	type build = struct {
		edits []edit
		only  []schedule.Kind
		want  []check.Code
	}
	return map[string]build{
		"202 before the record": {
			edits: []edit{{
				"internal/mission/service.go",
				`		return d.created(), fmt.Errorf("create mission: %w", err)`,
				`		s.log.Debug("broken on purpose", zap.Error(fmt.Errorf("create mission: %w", err)))
		return d.created(), nil`,
			}},
			only: []schedule.Kind{schedule.RedisFull, schedule.RedisReadOnly},
			want: []check.Code{check.Lost},
		},
		"ack and recorded before the record": {
			edits: []edit{{
				"internal/ingest/intake.go",
				`	err := in.apply(batchCtx, parsed)
`,
				`	for _, m := range parsed {
		for _, it := range m.items {
			if it.Update.Status.Final() {
				in.Inboxes.Send(m.inbox, contracts.Answer{
					Type: contracts.AnswerRecorded, MissionID: it.Update.MissionID, Execution: it.Update.Execution,
				})
			}
		}
		_ = m.delivery.Ack()
	}
	err := in.apply(batchCtx, parsed)
`,
			}},
			only: []schedule.Kind{schedule.RedisFull, schedule.RedisReadOnly, schedule.KillRedis},
			want: []check.Code{check.Doubled},
		},
		"no fence": {
			edits: []edit{{
				"internal/mission/finish.go",
				`	return m.Status == contracts.StatusInProgress && m.Run == u.Ticket.Run && rec.Execution == u.Ticket.Execution`,
				`	return m.Status == contracts.StatusInProgress`,
			}},
			only: []schedule.Kind{schedule.CopyStatus},
			want: []check.Code{check.History, check.Invented},
		},
		"death read off a clock": {
			edits: []edit{
				{
					"internal/reap/rules.go",
					`return unbroken >= contracts.LeaseDuration }`, `return unbroken >= 0 }`,
				},
				{
					"internal/reap/reaper.go",
					`	if err := r.Barrier.Pass(passCtx); err != nil {
		r.log.Debug("marker did not come back", zap.Int("sessions", len(sessions)), zap.Error(err))
		return
	}
`, `	_ = passCtx
`,
				},
				{
					"internal/reap/rules.go",
					`return unbroken >= waited }`, `return unbroken+waited >= 0 }`,
				},
			},
			only: []schedule.Kind{schedule.RedisAway},
			want: []check.Code{check.Doubled, check.Overlapping},
		},
	}
}

func TestTheDrillFindsWhatIsBroken(t *testing.T) {
	if os.Getenv("MISSION_CONTROL_FAULTS") == "" {
		t.Skip("skipped: it takes minutes; ./task test:faults:broken runs it")
	}
	needServers(t)
	for name, b := range builds() {
		t.Run(name, func(t *testing.T) {
			bin := t.TempDir()
			build(t, "soldier", bin, "")
			build(t, "commander", bin, overlay(t, b.edits))
			out, err := faults.Run(t.Context(), faults.Config{
				Schedule: schedule.Config{Seed: 1, Length: 2 * time.Minute, Only: b.only}, BinDir: bin, Dir: t.TempDir(), Log: t.Logf,
			})
			if err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(out.Violations, func(v check.Violation) bool { return slices.Contains(b.want, v.Code) })
			if !found {
				t.Errorf("nothing of %v was found, only %v", b.want, out.Violations)
			}
			t.Logf("%+v", out.Counts)
			for _, v := range out.Violations[:min(5, len(out.Violations))] {
				t.Logf("found %s: %s", v.Code, v.Text)
			}
		})
	}
}

// TestTheEditsFit is the quick part of it: each text that the broken builds replace stands once in its file. Whether the
// result can be built only the long test tells.
func TestTheEditsFit(t *testing.T) {
	for name, b := range builds() {
		t.Run(name, func(t *testing.T) { overlay(t, b.edits) })
	}
}

// build builds a program, with an overlay where one is named.
func build(t *testing.T, program, dir, overlay string) {
	t.Helper()
	args := []string{"build", "-o", dir + "/"}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(t.Context(), "go", append(args, "./cmd/"+program)...)
	cmd.Dir = filepath.Join("..", "..", program)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the broken %s: %v\n%s", program, err, out)
	}
}

// overlay writes the edited files and go's overlay of them, and returns its path.
func overlay(t *testing.T, edits []edit) string {
	t.Helper()
	dir := t.TempDir()
	replaced := map[string]string{}
	for _, e := range edits {
		source := e.file
		if !filepath.IsAbs(source) {
			var err error
			if source, err = filepath.Abs(filepath.Join("..", "..", "commander", e.file)); err != nil {
				t.Fatal(err)
			}
		}
		copied := filepath.Join(dir, strings.ReplaceAll(e.file, "/", "_"))
		if e.old == "" {
			if err := os.WriteFile(copied, []byte(e.with), 0o600); err != nil {
				t.Fatal(err)
			}
			replaced[source] = copied
			continue
		}
		from := source
		if _, edited := replaced[source]; edited {
			from = copied
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), e.old); n != 1 {
			t.Fatalf("%s has the lines to break %d times, not once: adapt the edit\n%s", source, n, e.old)
		}
		if err := os.WriteFile(copied, []byte(strings.Replace(string(text), e.old, e.with, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		replaced[source] = copied
	}
	content, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
