package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/mod/semver"
)

// Config says what to release.
type Config struct {
	// Checkout is a folder of the repository, with main checked out and nothing changed.
	Checkout string
	// Module is the folder of the module below the repository's root. Required.
	Module string
	// Version is the release's, like v0.3.0; higher than the module's last. Required.
	Version string
	// Assets are what must be built into a module before it is complete, by module. Default: none.
	Assets map[string]Assets
	// Tests says how much of the module's tests must pass.
	Tests Tests
	// NotAlone are folders of packages whose tests need the whole repository, from its root: main runs them, a release does
	// not. They are built and vetted.
	NotAlone []string
	// ModuleCache is a folder that several releases, one after the other, may share to be faster. It must not be used by
	// anything else. Default: a new one, removed afterwards.
	ModuleCache string
	// Log gets a line for each step. Default: none.
	Log io.Writer
}

// Tests says how much of a module's tests must pass before it is tagged.
type Tests int

const (
	// AllTests runs them all, with CI=true: a server that is missing is a failure. The default.
	AllTests Tests = iota
	// NoTests leaves them to somebody else; the module is still built and vetted.
	NoTests
)

// Assets are files that main does not hold, made by commands in the module's folder.
type Assets struct {
	Commands [][]string
	// Folder holds what is made; all of it goes into the release.
	Folder string
	// Entry is the file in Folder without which nothing works.
	Entry string
}

// Release is what was made.
type Release struct {
	Tag, Commit string
	// Siblings are the versions of our modules that it requires, by folder.
	Siblings map[string]string
}

// Make makes a release: commit, checks, tag. On an error there is no tag.
func Make(ctx context.Context, cfg Config) (Release, error) {
	if cfg.Log == nil {
		cfg.Log = io.Discard
	}
	top, err := (git{cfg.Checkout}).run(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return Release{}, err
	}
	r := &releaser{Config: cfg, repo: git{top}}
	release, err := r.make(ctx)
	if err != nil {
		return Release{}, fmt.Errorf("release %s %s: %w", cfg.Module, cfg.Version, err)
	}
	return release, nil
}

// releaser is one release under way.
type releaser struct {
	Config
	repo     git
	changes  section           // of the CHANGELOG
	last     string            // the version that users have now, or ""
	siblings map[string]string // versions by folder
	modFile  *modFile          // as on main
	remote   *Remote
}

func (r *releaser) make(ctx context.Context) (_ Release, err error) {
	if err := r.check(ctx); err != nil {
		return Release{}, err
	}
	dir, err := os.MkdirTemp("", "release-")
	if err != nil {
		return Release{}, err
	}
	tree := git{filepath.Join(dir, "tree")}
	defer func() {
		var removeErr error
		if _, missing := os.Stat(tree.dir); missing == nil {
			// Also after a Ctrl-C.
			_, removeErr = r.repo.run(context.WithoutCancel(ctx), "worktree", "remove", "--force", tree.dir)
		}
		err = errors.Join(err, removeErr, os.RemoveAll(dir))
	}()
	if _, err := r.repo.run(ctx, "worktree", "add", "--quiet", "--detach", tree.dir, "HEAD"); err != nil {
		return Release{}, err
	}
	moduleCache := r.ModuleCache
	if moduleCache == "" {
		moduleCache = filepath.Join(dir, "modules")
	}
	if r.remote, err = NewRemote(ctx, dir, r.modFile.root, moduleCache); err != nil {
		return Release{}, err
	}
	if err := r.remote.TakeTags(ctx, r.repo.dir); err != nil {
		return Release{}, err
	}
	commit, err := r.commit(ctx, tree)
	if err != nil {
		return Release{}, err
	}
	tag := r.Module + "/" + r.Version
	if err := r.remote.take(ctx, tree.dir, "HEAD:refs/tags/"+tag); err != nil {
		return Release{}, err
	}
	if err := r.verify(ctx, dir); err != nil {
		return Release{}, err
	}
	if _, err := r.repo.run(ctx, "tag", "-a", "-m", r.Module+" "+r.Version, tag, commit); err != nil {
		return Release{}, err
	}
	return Release{Tag: tag, Commit: commit, Siblings: r.siblings}, nil
}

func (r *releaser) say(format string, args ...any) { fmt.Fprintf(r.Log, format+"\n", args...) }

// check refuses what can be refused before anything is made.
func (r *releaser) check(ctx context.Context) error {
	if err := checkVersion(r.Version); err != nil {
		return err
	}
	if r.Module == "" || path.Base(r.Module) != r.Module {
		return fmt.Errorf("%q is no module of this repository", r.Module)
	}
	branch, err := r.repo.run(ctx, "rev-parse", "--abbrev-ref", "HEAD")
	if err != nil {
		return err
	}
	if branch != "main" {
		return fmt.Errorf("releases are made from main, and %s is checked out: git switch main", branch)
	}
	changed, err := r.repo.run(ctx, "status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" {
		return fmt.Errorf("the checkout has changes that main does not have: commit or stash them\n%s", changed)
	}
	if r.modFile, err = readModFile(r.repo.dir, r.Module); err != nil {
		return err
	}
	own, err := versions(ctx, r.repo, r.Module)
	if err != nil {
		return err
	}
	if len(own) > 0 && semver.Compare(r.Version, own[len(own)-1]) <= 0 {
		return fmt.Errorf("%s is not higher than the last release, %s", r.Version, own[len(own)-1])
	}
	r.last = newest(own, "")
	text, err := os.ReadFile(filepath.Join(r.repo.dir, r.Module, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	if r.changes, err = checkChangelog(string(text), r.Version); err != nil {
		return err
	}
	return r.pickSiblings(ctx)
}

// pickSiblings takes the newest release of each module of ours that this one requires.
func (r *releaser) pickSiblings(ctx context.Context) error {
	r.siblings = make(map[string]string)
	var missing []string
	for _, name := range r.modFile.siblings() {
		all, err := versions(ctx, r.repo, name)
		if err != nil {
			return err
		}
		version := newest(all, r.Version)
		if version == "" {
			missing = append(missing, name)
			continue
		}
		r.siblings[name] = version
		r.say("takes %s %s", name, version)
		// The parent of a release is what main was then. A shallow clone may lack it, and gets no note.
		since, err := r.repo.lines(ctx, "diff", "--name-only", name+"/"+version+"^{commit}^", "HEAD", "--", name)
		if err == nil && len(since) > 0 {
			r.say("note: %s has changed on main since %s, and the release will not see that", name, version)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("no release yet of %s, which it requires: release that first (git fetch --tags, if it was)",
			strings.Join(missing, ", "))
	}
	return nil
}

// commit makes the release commit in the worktree.
func (r *releaser) commit(ctx context.Context, tree git) (string, error) {
	mod, err := readModFile(tree.dir, r.Module)
	if err != nil {
		return "", err
	}
	if err := mod.release(r.siblings); err != nil {
		return "", err
	}
	folder := filepath.Join(tree.dir, r.Module)
	if _, err := command(ctx, folder, r.remote.env, "go", "mod", "tidy"); err != nil {
		return "", fmt.Errorf("with its siblings' releases: %w", err)
	}
	if _, err := tree.run(ctx, "add", r.Module); err != nil {
		return "", err
	}
	if assets, some := r.Assets[r.Module]; some {
		if err := r.build(ctx, assets, folder); err != nil {
			return "", err
		}
		if _, err := tree.run(ctx, "add", "--force", path.Join(r.Module, assets.Folder)); err != nil {
			return "", err
		}
	}
	stray, err := tree.lines(ctx, "diff", "--name-only")
	if err != nil {
		return "", err
	}
	if len(stray) > 0 {
		return "", fmt.Errorf("making it changed files that main holds: %s", strings.Join(stray, ", "))
	}
	parent, err := tree.run(ctx, "rev-parse", "HEAD")
	if err != nil {
		return "", err
	}
	message := fmt.Sprintf("%s %s\n\nMade from %s of main: siblings by version, none replaced.", r.Module, r.Version, parent)
	// A module without siblings and assets is released as it is.
	if _, err := tree.run(ctx, "commit", "--quiet", "--allow-empty", "-m", message); err != nil {
		return "", err
	}
	return tree.run(ctx, "rev-parse", "HEAD")
}

// build makes a module's assets.
func (r *releaser) build(ctx context.Context, assets Assets, folder string) error {
	for _, c := range assets.Commands {
		r.say("runs %s", strings.Join(c, " "))
		if _, err := command(ctx, folder, gitEnv(), c[0], c[1:]...); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(folder, assets.Folder, assets.Entry)); err != nil {
		return fmt.Errorf("what was built is not whole: %w", err)
	}
	return nil
}

// verify fetches the candidate as others will, and checks it alone in a folder.
func (r *releaser) verify(ctx context.Context, dir string) error {
	got, err := r.remote.Get(ctx, r.Module, r.Version)
	if err != nil {
		return err
	}
	alone := filepath.Join(dir, "alone")
	if err := got.unpack(alone); err != nil {
		return err
	}
	for _, check := range [][]string{{"mod", "tidy", "-diff"}, {"build", "./..."}, {"vet", "./..."}} {
		r.say("checks go %s", strings.Join(check, " "))
		if _, err := command(ctx, alone, r.remote.env, "go", check...); err != nil {
			return err
		}
	}
	if err := r.compare(ctx, dir, alone); err != nil {
		return err
	}
	if r.Tests == NoTests {
		return nil
	}
	return r.test(ctx, alone)
}

// compare holds the API against that of the last release.
func (r *releaser) compare(ctx context.Context, dir, alone string) error {
	if r.last == "" {
		r.say("first release: no API to compare with")
		return nil
	}
	r.say("compares the API with %s", r.last)
	got, err := r.remote.Get(ctx, r.Module, r.last)
	if err != nil {
		return err
	}
	before := filepath.Join(dir, "before")
	if err := got.unpack(before); err != nil {
		return err
	}
	was, err := loadAPI(ctx, before, got.Path, r.remote.env)
	if err != nil {
		return err
	}
	is, err := loadAPI(ctx, alone, got.Path, r.remote.env)
	if err != nil {
		return err
	}
	return checkBreaks(apidiff.ModuleChanges(was, is), r.last, r.Version, r.changes)
}

// test runs the module's tests but those that need the whole repository.
func (r *releaser) test(ctx context.Context, alone string) error {
	env := append(append([]string(nil), r.remote.env...), "CI=true")
	out, err := command(ctx, alone, env, "go", "list", "./...")
	if err != nil {
		return err
	}
	args := []string{"test"}
	for pkg := range strings.SplitSeq(out, "\n") {
		below := strings.TrimPrefix(strings.TrimPrefix(pkg, r.modFile.Module.Mod.Path), "/")
		folder := path.Join(r.Module, below)
		if !slices.ContainsFunc(r.NotAlone, func(f string) bool { return folder == f || strings.HasPrefix(folder, f+"/") }) {
			args = append(args, pkg)
		}
	}
	r.say("runs the tests of %d packages", len(args)-1)
	_, err = command(ctx, alone, env, "go", args...)
	return err
}
