package e2e

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// previousVersion builds commander and soldier of the version before this one, whose commit stands in testdata/previous-version,
// and returns the folder. A clone without history has no such commit.
func previousVersion(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "previous-version"))
	if err != nil {
		t.Fatal(err)
	}
	commit := strings.TrimSpace(string(text))
	root := filepath.Join("..", "..")
	if err := exec.CommandContext(t.Context(), "git", "-C", root, "cat-file", "-e", commit+"^{commit}").Run(); err != nil {
		shallow, _ := exec.CommandContext(t.Context(), "git", "-C", root, "rev-parse", "--is-shallow-repository").Output()
		if strings.TrimSpace(string(shallow)) == "true" {
			t.Skipf("this clone has no history, so not the version before this one: git fetch --unshallow")
		}
		need(t, err)
	}
	source, bin := t.TempDir(), t.TempDir()
	archive, err := exec.CommandContext(t.Context(), "git", "-C", root, "archive", commit, "go.work", "contracts", "tokenauth", "store", "commander",
		"soldier", "dashboard", "tools").Output()
	if err != nil {
		t.Fatalf("the sources of %s: %v", commit, err)
	}
	unpack := exec.CommandContext(t.Context(), "tar", "-x", "-C", source)
	unpack.Stdin = bytes.NewReader(archive)
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("unpacking the sources of %s: %v\n%s", commit, err, out)
	}
	for _, program := range []string{"commander", "soldier"} {
		build := exec.CommandContext(t.Context(), "go", "build", "-o", bin+"/", "./cmd/"+program)
		build.Dir = filepath.Join(source, program)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building the %s of %s: %v\n%s", program, commit, err, out)
		}
	}
	return bin
}

// install puts a program into a folder, in place of one that may be running.
func install(t *testing.T, program, from, to string) {
	t.Helper()
	source, err := os.Open(filepath.Join(from, program))
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	path := filepath.Join(to, program)
	target, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(target, source); err != nil {
		t.Fatal(err)
	}
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// restart ends a part as an upgrade does, and starts what is installed now.
func (s *stack) restart(part string) {
	s.t.Helper()
	if err := s.Part(part).Stop(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	if err := s.Part(part).Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.awaitOK()
}

// TestUpgrade: a soldier of the last version works with today's commander, and the other way round. Each part is exchanged in turn
// while missions run, wait, and are retried; all of them end as they should.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	before := previousVersion(t)
	bin := t.TempDir()
	install(t, "commander", before, bin)
	install(t, "soldier", before, bin)
	s := run(t, func(c *localstack.Config) { c.BinDir, c.Soldiers = bin, 2 })
	now := binDir

	var succeed, fail []string
	submit := func() {
		for _, seconds := range []string{"0", "0", "0", "2"} {
			succeed = append(succeed, s.submit("through an upgrade", seconds))
		}
		high := s.order(contracts.MissionRequest{Name: "high", Priority: contracts.PriorityHigh,
			Payload: []byte(`{"min_seconds":0,"max_seconds":0,"failure_rate":0}`)}, client.SubmitOptions{})
		later := 2
		delayed := s.order(contracts.MissionRequest{Name: "later", DelaySeconds: &later,
			Payload: []byte(`{"min_seconds":0,"max_seconds":0,"failure_rate":0}`)}, client.SubmitOptions{})
		succeed = append(succeed, high.MissionID, delayed.MissionID)
		fail = append(fail, s.order(failing("0", 2, retries(1, 1)), client.SubmitOptions{}).MissionID)
	}
	// doneBy waits until a new mission was carried out by a soldier.
	doneBy := func(soldier, what string) {
		t.Helper()
		s.eventually(time.Minute, what, func() bool {
			id := s.submit(what, "0")
			succeed = append(succeed, id)
			return s.ends(id, contracts.StatusCompleted).SoldierID == soldier
		})
	}
	first, second := localstack.SoldierName(1), localstack.SoldierName(2)

	submit()
	install(t, "soldier", now, bin)
	s.restart(first)
	submit()
	doneBy(first, "today's soldier works for the last version's commander")

	install(t, "commander", now, bin)
	s.restart(localstack.Commander)
	submit()
	doneBy(second, "the last version's soldier works for today's commander")
	doneBy(first, "today's soldier works for today's commander")

	s.restart(second)
	submit()
	for _, id := range succeed {
		if m := s.ends(id, contracts.StatusCompleted); m.Losses != 0 {
			t.Errorf("mission %s was lost %d times: a soldier that is exchanged hands back what it runs", id, m.Losses)
		}
	}
	for _, id := range fail {
		if m := s.ends(id, contracts.StatusFailed); m.Attempt != 2 {
			t.Errorf("mission %s failed in attempt %d, want 2", id, m.Attempt)
		}
	}
	// The last version's commander counted no missions of squads. Today's count them once it has gone, and know when they have.
	waits := s.order(contracts.MissionRequest{Name: "waits", Squad: "nobody"}, client.SubmitOptions{})
	s.eventually(time.Minute, "squads tell how many missions they have", func() bool {
		squad, err := s.Squad(t.Context(), waits.Squad)
		return err == nil && squad.Queued != nil && *squad.Queued == 1
	})
	all, err := s.Squads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, squad := range all.Squads {
		if squad.Name == contracts.DefaultSquad && (squad.Queued == nil || *squad.Scheduled+*squad.Queued+*squad.Running != 0) {
			t.Errorf("all missions of the default squad have ended, and it is said to be %+v", squad)
		}
	}
	h, err := s.History(t.Context(), succeed[3])
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(h.Lines, func(l contracts.HistoryLine) bool { return l.Refused }) {
		t.Errorf("an update of the last version was refused: %+v", h.Lines)
	}
}
