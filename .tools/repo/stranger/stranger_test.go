package stranger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/modfile"

	"github.com/mission-control-dev/mission-control/repo-tools/release"
)

const (
	root    = "github.com/mission-control-dev/mission-control"
	version = "v0.0.0-stranger"
)

// modules are all of ours, each after those that it requires.
func modules() []string {
	return []string{"contracts", "tokenauth", "store", "commander", "soldier", "dashboard", "tools"}
}

func TestAStranger(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("skipped: the dashboard's release needs npm: https://nodejs.org/en/download")
	}
	remote := publish(t)
	env, err := remote.StrangerEnv(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	s := &stranger{dir: t.TempDir(), env: append(env, "GOBIN="+bin)}

	t.Run("builds a program on contracts and tokenauth", func(t *testing.T) {
		program, err := os.ReadFile("testdata/program/main.go")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.dir, "main.go"), program, 0o644); err != nil {
			t.Fatal(err)
		}
		s.run(t, "go", "mod", "init", "example.com/stranger")
		s.run(t, "go", "get", root+"/contracts@"+version, root+"/tokenauth@"+version)
		const want = "verified: worker-7\nforged: forged\na minute later: expired\norder: first light\nno order: true\n"
		if got := s.run(t, "go", "run", "."); got != want {
			t.Errorf("the program said\n%s\nwant\n%s", got, want)
		}
		s.finds(t, map[string]string{"contracts": version, "tokenauth": version})
	})

	t.Run("installs missionctl", func(t *testing.T) {
		s.run(t, "go", "install", root+"/tools/cmd/missionctl@"+version)
		missionctl := filepath.Join(bin, "missionctl")
		if help := s.run(t, missionctl, "--help"); !strings.Contains(help, "submit") {
			t.Errorf("missionctl --help said %q", help)
		}
		if said := s.run(t, missionctl, "version"); said != "missionctl "+version+"\n" {
			t.Errorf("missionctl version said %q", said)
		}
	})

	t.Run("installs a soldier and a commander", func(t *testing.T) {
		for _, name := range []string{"soldier", "commander"} {
			s.run(t, "go", "install", root+"/"+name+"/cmd/"+name+"@"+version)
			if said := s.run(t, filepath.Join(bin, name), "--version"); said != name+" "+version+"\n" {
				t.Errorf("%s --version said %q", name, said)
			}
		}
	})

	t.Run("installs a dashboard with its pages", func(t *testing.T) {
		s.run(t, "go", "install", root+"/dashboard/cmd/dashboard@"+version)
		page := s.page(t, filepath.Join(bin, "dashboard"))
		if !strings.Contains(page, `<div id="root">`) || !strings.Contains(page, "/assets/") {
			t.Errorf("the dashboard's page is not the app:\n%s", page)
		}
	})

	t.Run("finds no replace in what was published", func(t *testing.T) {
		found := 0
		err := filepath.WalkDir(filepath.Join(remote.Proxy(), filepath.FromSlash(root)), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".mod" {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			mod, err := modfile.Parse(path, data, nil)
			if err != nil {
				return err
			}
			found++
			if len(mod.Replace) > 0 {
				t.Errorf("%s replaces %s", mod.Module.Mod.Path, mod.Replace[0].Old.Path)
			}
			return nil
		})
		if err != nil || found != len(modules()) {
			t.Errorf("%d modules were published, want %d: %v", found, len(modules()), err)
		}
	})
}

// publish makes releases of the checked-out commit in a scratch repository, and puts them where a proxy serves them.
func publish(t *testing.T) *release.Remote {
	t.Helper()
	scratch := &stranger{dir: t.TempDir(), env: append(os.Environ(),
		"GIT_AUTHOR_NAME=Stranger", "GIT_AUTHOR_EMAIL=stranger@example.com",
		"GIT_COMMITTER_NAME=Stranger", "GIT_COMMITTER_EMAIL=stranger@example.com")}
	here := strings.TrimSpace((&stranger{dir: ".", env: os.Environ()}).run(t, "git", "rev-parse", "--show-toplevel"))
	scratch.run(t, "git", "init", "--quiet", "--initial-branch", "main")
	scratch.run(t, "git", "fetch", "--quiet", "--depth", "1", "--no-tags", "file://"+here, "HEAD")
	scratch.run(t, "git", "reset", "--quiet", "--hard", "FETCH_HEAD")
	for _, setting := range []string{"commit.gpgsign=false", "tag.gpgsign=false", "user.name=Stranger", "user.email=stranger@example.com"} {
		name, value, _ := strings.Cut(setting, "=")
		scratch.run(t, "git", "config", name, value)
	}
	for _, module := range modules() {
		path := filepath.Join(scratch.dir, module, "CHANGELOG.md")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// Above all that was released before.
		section := fmt.Sprintf("## %s\n\n- Breaking: a release for a test.\n\n", version)
		if err := os.WriteFile(path, append([]byte(section), release.NameUnreleased(string(text), "before")...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	scratch.run(t, "git", "commit", "--quiet", "--no-verify", "--all", "-m", "The changelogs name a version")
	moduleCache := t.TempDir()
	for _, module := range modules() {
		cfg := release.Ours()
		cfg.ModuleCache = moduleCache
		cfg.Checkout, cfg.Module, cfg.Version, cfg.Tests, cfg.Log = scratch.dir, module, version, release.NoTests, testLog{t}
		if _, err := release.Make(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
	remote, err := release.NewRemote(t.Context(), t.TempDir(), root, moduleCache)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.TakeTags(t.Context(), scratch.dir); err != nil {
		t.Fatal(err)
	}
	for _, module := range modules() {
		if _, err := remote.Get(t.Context(), module, version); err != nil {
			t.Fatal(err)
		}
	}
	return remote
}

type testLog struct{ t *testing.T }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

// stranger is somebody at work in a folder.
type stranger struct {
	dir string
	env []string
}

// run runs a program that must succeed, and returns its standard output.
func (s *stranger) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &log)
	}
	return string(out)
}

// finds checks that the program's modules of ours are those, and that none is replaced.
func (s *stranger) finds(t *testing.T, want map[string]string) {
	t.Helper()
	list := json.NewDecoder(strings.NewReader(s.run(t, "go", "list", "-m", "-json", "all")))
	got := make(map[string]string)
	for list.More() {
		var m struct {
			Path, Version string
			Replace       *struct{ Path string }
		}
		if err := list.Decode(&m); err != nil {
			t.Fatal(err)
		}
		if m.Replace != nil {
			t.Errorf("%s is replaced by %s", m.Path, m.Replace.Path)
		}
		if name, ours := strings.CutPrefix(m.Path, root+"/"); ours {
			got[name] = m.Version
		}
	}
	for name, version := range want {
		if got[name] != version {
			t.Errorf("%s is at %q, want %s", name, got[name], version)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// page starts a dashboard on a free port, reads its first page and stops it.
func (s *stranger) page(t *testing.T, dashboard string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, dashboard)
	cmd.Env = append(slices.Clone(s.env), "DASHBOARD_ADDR=127.0.0.1:0", "LOG_FORMAT=json")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // it was killed
	}()
	var line struct {
		Message string `json:"msg"`
		Addr    string
	}
	if err := json.NewDecoder(log).Decode(&line); err != nil || line.Addr == "" {
		t.Fatalf("the dashboard's first line was %+v: %v", line, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+line.Addr+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("the dashboard answered %s: %v", answer.Status, err)
	}
	return string(page)
}
