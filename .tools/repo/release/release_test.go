package release_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/repo-tools/release"
)

// root is the scratch modules' common path. Nothing is fetched from there: each Remote stands in for it.
const root = "github.com/example/scratch"

// scratch is a repository of three modules: base; mid, which requires base; app, which must be built.
type scratch struct {
	t   *testing.T
	dir string
}

func newScratch(t *testing.T) *scratch {
	t.Helper()
	s := &scratch{t: t, dir: t.TempDir()}
	s.git("init", "--quiet", "--initial-branch", "main")
	s.identify()
	s.write("base/go.mod", "module "+root+"/base\n\ngo 1.25.0\n")
	s.write("base/base.go", "package base\n\nfunc Name() string { return \"base\" }\n")
	s.write("base/base_test.go", "package base\n\nimport \"testing\"\n\nfunc TestName(t *testing.T) {\n\tif Name() != \"base\" {\n\t\tt.Fatal(Name())\n\t}\n}\n")
	s.write("base/CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n## v0.1.0\n\n- Name.\n")
	s.write("mid/go.mod", "module "+root+"/mid\n\ngo 1.25.0\n\nrequire "+root+"/base v0.0.0\n\nreplace "+root+"/base => ../base\n")
	s.write("mid/mid.go", "package mid\n\nimport \""+root+"/base\"\n\nfunc Name() string { return \"mid on \" + base.Name() }\n")
	s.write("mid/CHANGELOG.md", "# Changelog\n\n## [v0.1.0] - 2026-03-01\n\n### Added\n\n- Name.\n")
	s.write("app/go.mod", "module "+root+"/app\n\ngo 1.25.0\n")
	s.write("app/app.go", "package app\n\nimport \"embed\"\n\n//go:embed all:dist\nvar Dist embed.FS\n")
	s.write("app/dist/.gitkeep", "")
	s.write("app/.gitignore", "/dist/*\n!/dist/.gitkeep\n")
	s.write("app/CHANGELOG.md", "## v0.1.0\n\n- Pages.\n")
	s.commit("first")
	// A hook for people's commits has no say in a release.
	s.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")
	s.write(".git/hooks/post-checkout", "#!/bin/sh\nexit 1\n")
	for _, hook := range []string{"pre-commit", "post-checkout"} {
		if err := os.Chmod(filepath.Join(s.dir, ".git/hooks", hook), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *scratch) identify() {
	s.git("config", "user.name", "Somebody")
	s.git("config", "user.email", "somebody@example.com")
	s.git("config", "commit.gpgsign", "false")
	s.git("config", "tag.gpgsign", "false")
}

func (s *scratch) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scratch) git(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (s *scratch) commit(message string) {
	s.t.Helper()
	s.git("add", "--all")
	s.git("commit", "--quiet", "--no-verify", "-m", message)
}

// config is a release of a scratch module. app's page is made by a shell instead of npm.
func (s *scratch) config(module, version string) release.Config {
	return release.Config{
		Checkout: s.dir, Module: module, Version: version,
		Assets: map[string]release.Assets{
			"app": {Commands: [][]string{{"sh", "-c", "echo page >dist/index.html"}}, Folder: "dist", Entry: "index.html"},
		},
	}
}

func (s *scratch) release(module, version string) release.Release {
	s.t.Helper()
	made, err := release.Make(s.t.Context(), s.config(module, version))
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

// state is all that a release must leave as it was, but for the new tag.
func (s *scratch) state() string {
	s.t.Helper()
	return strings.Join([]string{
		s.git("status", "--porcelain", "--branch", "--ignored"), s.git("for-each-ref", "refs/heads"), s.git("rev-parse", "HEAD"),
		s.git("worktree", "list"), s.git("stash", "list"), s.git("config", "--local", "--list"),
	}, "\n--\n")
}

func TestAReleaseIsACommitBesideMain(t *testing.T) {
	s := newScratch(t)
	s.release("base", "v0.1.0")
	before, main := s.state(), s.git("rev-parse", "main")
	made := s.release("mid", "v0.1.0")
	if after := s.state(); after != before {
		t.Errorf("the checkout changed:\n%s\nwas:\n%s", after, before)
	}
	if made.Tag != "mid/v0.1.0" || made.Siblings["base"] != "v0.1.0" {
		t.Errorf("made %+v", made)
	}
	if tagged := s.git("rev-parse", "mid/v0.1.0^{commit}"); tagged != made.Commit {
		t.Errorf("the tag is at %s, the commit is %s", tagged, made.Commit)
	}
	if parent := s.git("rev-parse", "mid/v0.1.0^{commit}^"); parent != main {
		t.Errorf("its parent is %s, main is %s", parent, main)
	}
	if branches := s.git("branch", "--contains", made.Commit); branches != "" {
		t.Errorf("it is on %s", branches)
	}
	if files := s.git("diff", "--name-only", "main", "mid/v0.1.0"); files != "mid/go.mod\nmid/go.sum" {
		t.Errorf("it differs from main in %q", files)
	}
	mod := s.git("show", "mid/v0.1.0:mid/go.mod")
	if strings.Contains(mod, "replace") || !strings.Contains(mod, root+"/base v0.1.0") {
		t.Errorf("go.mod:\n%s", mod)
	}
	for _, want := range []string{root + "/base v0.1.0 h1:", root + "/base v0.1.0/go.mod h1:"} {
		if sum := s.git("show", "mid/v0.1.0:mid/go.sum"); !strings.Contains(sum, want) {
			t.Errorf("go.sum lacks %q:\n%s", want, sum)
		}
	}
}

// A proxy made from the tags is all that somebody needs to build on them.
func TestAStrangerBuildsOnReleases(t *testing.T) {
	s := newScratch(t)
	s.release("base", "v0.1.0")
	s.release("mid", "v0.1.0")
	remote, err := release.NewRemote(t.Context(), t.TempDir(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.TakeTags(t.Context(), s.dir); err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"base", "mid"} {
		if _, err := remote.Get(t.Context(), module, "v0.1.0"); err != nil {
			t.Fatal(err)
		}
	}
	env, err := remote.StrangerEnv(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	program := &scratch{t: t, dir: t.TempDir()}
	program.write("main.go", "package main\n\nimport (\n\t\"fmt\"\n\n\t\""+root+"/mid\"\n)\n\nfunc main() { fmt.Print(mid.Name()) }\n")
	var said []byte
	for _, args := range [][]string{{"mod", "init", "example.com/program"}, {"get", root + "/mid@v0.1.0"}, {"run", "."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = program.dir, env
		var log strings.Builder
		cmd.Stderr = &log
		if said, err = cmd.Output(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, &log)
		}
	}
	if string(said) != "mid on base" {
		t.Errorf("it said %q", said)
	}
}

func TestAssetsAreInTheReleaseAlone(t *testing.T) {
	s := newScratch(t)
	before := s.state()
	s.release("app", "v0.1.0")
	if page := s.git("show", "app/v0.1.0:app/dist/index.html"); page != "page" {
		t.Errorf("the page is %q", page)
	}
	if after := s.state(); after != before {
		t.Errorf("the checkout changed:\n%s\nwas:\n%s", after, before)
	}
}

// With all history but its last commit cut off, and without anybody's tags.
func TestReleaseFromAShallowClone(t *testing.T) {
	s := newScratch(t)
	s.change("second")
	shallow := &scratch{t: t, dir: t.TempDir()}
	shallow.git("clone", "--quiet", "--depth", "1", "--no-tags", "file://"+s.dir, ".")
	shallow.identify()
	shallow.release("base", "v0.1.0")
	if made := shallow.release("mid", "v0.1.0"); made.Siblings["base"] != "v0.1.0" {
		t.Errorf("made %+v", made)
	}
}

func (s *scratch) change(message string) {
	s.t.Helper()
	s.git("commit", "--quiet", "--no-verify", "--allow-empty", "-m", message)
}

func TestRefusals(t *testing.T) {
	tag := func(s *scratch) { s.git("tag", "base/v0.1.0") }
	for name, c := range map[string]struct {
		module, version string
		released        []string // with v0.1.0, before
		change          func(s *scratch)
		dirty           bool // the change is not committed
		want            string
	}{
		"no such module":    {module: "bass", version: "v0.1.0", want: `"bass" is no module of this repository`},
		"a folder above":    {module: "../base", version: "v0.1.0", want: "is no module of this repository"},
		"no version":        {module: "base", version: "0.1.0", want: "not a version of the form"},
		"a short version":   {module: "base", version: "v0.1", want: "not a version of the form"},
		"build metadata":    {module: "base", version: "v0.1.0+x", want: "not a version of the form"},
		"a second major":    {module: "base", version: "v2.0.0", want: "must end in /v2"},
		"the same again":    {module: "base", version: "v0.1.0", change: tag, want: "not higher than the last release, v0.1.0"},
		"a lower version":   {module: "base", version: "v0.0.9", change: tag, want: "not higher than the last release, v0.1.0"},
		"an unknown change": {module: "base", version: "v0.1.0", change: func(s *scratch) { s.write("x", "") }, dirty: true, want: "commit or stash"},
		"a changed file":    {module: "base", version: "v0.1.0", change: func(s *scratch) { s.write("mid/mid.go", "") }, dirty: true, want: "commit or stash"},
		"another branch":    {module: "base", version: "v0.1.0", change: func(s *scratch) { s.git("-c", "core.hooksPath=/dev/null", "switch", "--quiet", "-c", "topic") }, want: "git switch main"},
		"sibling not out":   {module: "mid", version: "v0.1.0", want: "no release yet of base"},
		"sibling at rc": {module: "mid", version: "v0.1.0", change: func(s *scratch) {
			s.git("tag", "base/v0.1.0-rc.1")
		}, want: "no release yet of base"},
		"sibling too old": {module: "mid", version: "v0.1.0", released: []string{"base"}, change: func(s *scratch) {
			s.write("base/more.go", "package base\n\nfunc More() {}\n")
			s.write("mid/more.go", "package mid\n\nimport \""+root+"/base\"\n\nfunc More() { base.More() }\n")
		}, want: "undefined: base.More"},
		"no section":       {module: "base", version: "v0.2.0", want: `above it, on main`},
		"nothing released": {module: "base", version: "v0.1.0", change: func(s *scratch) { s.write("base/CHANGELOG.md", "# Changelog\n") }, want: `no section "## v0.1.0"`},
		"still unreleased": {module: "base", version: "v0.1.0", change: func(s *scratch) {
			s.write("base/CHANGELOG.md", "## [Unreleased]\n\n- Name.\n")
		}, want: `rename "## Unreleased" to "## v0.1.0"`},
		"nothing said": {module: "base", version: "v0.1.0", change: func(s *scratch) { s.write("base/CHANGELOG.md", "## v0.1.0\n") }, want: "has no line"},
		"replaces others": {module: "base", version: "v0.1.0", change: func(s *scratch) {
			s.write("base/go.mod", "module "+root+"/base\n\ngo 1.25.0\n\nreplace example.com/x => ../x\n")
		}, want: "go.mod replaces example.com/x"},
		"silent break": {module: "base", version: "v0.2.0", released: []string{"base"}, change: func(s *scratch) {
			s.write("base/base.go", "package base\n\nfunc Title() string { return \"base\" }\n")
			s.write("base/base_test.go", "package base\n")
			s.write("base/CHANGELOG.md", "## v0.2.0\n\n- Name is Title now.\n\n## v0.1.0\n\n- Name.\n")
		}, want: "Name: removed"},
		"a test that needs the tree": {module: "base", version: "v0.1.0", change: func(s *scratch) {
			s.write("base/tree_test.go", "package base\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestTree(t *testing.T) {\n"+
				"\tif _, err := os.Stat(\"../mid\"); err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n")
		}, want: "--- FAIL: TestTree"},
		"what vet finds": {module: "base", version: "v0.1.0", change: func(s *scratch) {
			s.write("base/vet.go", "package base\n\nimport \"fmt\"\n\nfunc Vet() { fmt.Printf(\"%d\\n\", \"x\") }\n")
		}, want: "Printf format %d"},
		"untidy": {module: "base", version: "v0.1.0", change: func(s *scratch) {
			s.write("base/base.go", "package base\n\nimport \""+root+"/nowhere\"\n\nvar Name = nowhere.Name\n")
		}, want: root + "/nowhere"},
		"a build that fails": {module: "app", version: "v0.1.0", change: func(s *scratch) { s.write("app/dist/index.html/x", "") }, want: "sh -c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScratch(t)
			for _, module := range c.released {
				cfg := s.config(module, "v0.1.0")
				cfg.Tests = release.NoTests
				if _, err := release.Make(t.Context(), cfg); err != nil {
					t.Fatal(err)
				}
			}
			if c.change != nil {
				c.change(s)
				if !c.dirty {
					s.git("add", "--all", "--force")
					s.change("change")
				}
			}
			before, tags := s.state(), s.git("tag", "--list")
			_, err := release.Make(t.Context(), s.config(c.module, c.version))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if after := s.state() + s.git("tag", "--list"); after != before+tags {
				t.Errorf("the repository changed:\n%s\nwas:\n%s", after, before+tags)
			}
		})
	}
}

func TestABreakThatIsTold(t *testing.T) {
	s := newScratch(t)
	s.release("base", "v0.1.0")
	s.write("base/base.go", "package base\n\nfunc Title() string { return \"base\" }\n")
	s.write("base/base_test.go", "package base\n")
	s.write("base/CHANGELOG.md", "## Unreleased\n\n## v0.2.0\n\n- Breaking: Name is Title now.\n\n## v0.1.0\n\n- Name.\n")
	s.write("mid/mid.go", "package mid\n\nimport \""+root+"/base\"\n\nfunc Name() string { return \"mid on \" + base.Title() }\n")
	s.commit("rename")
	s.release("base", "v0.2.0")
	if made := s.release("mid", "v0.1.0"); made.Siblings["base"] != "v0.2.0" {
		t.Errorf("made %+v", made)
	}
}

// stopAt cancels a release when it logs a step.
type stopAt struct {
	step string
	stop func()
}

func (s stopAt) Write(line []byte) (int, error) {
	if strings.HasPrefix(string(line), s.step) {
		s.stop()
	}
	return len(line), nil
}

func TestAnInterruptLeavesNothing(t *testing.T) {
	for _, step := range []string{"runs sh", "checks go build"} {
		t.Run(step, func(t *testing.T) {
			s := newScratch(t)
			before := s.state()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			cfg := s.config("app", "v0.1.0")
			cfg.Log = stopAt{step, cancel}
			if _, err := release.Make(ctx, cfg); err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
				t.Errorf("got %v", err)
			}
			if after := s.state(); after != before || s.git("tag", "--list") != "" {
				t.Errorf("the repository changed:\n%s\nwas:\n%s", after, before)
			}
			left, err := os.ReadDir(temp)
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}
