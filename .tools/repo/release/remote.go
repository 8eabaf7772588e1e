package release

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// Remote stands in for the public repository: a bare one in a folder, with the tags that were given to it. Go commands
// that run with its environment fetch our modules from there by git, as they would from the public one.
type Remote struct {
	root string // our modules' common path
	repo git
	env  []string
	// modules is the module cache of go commands that run with env.
	modules string
}

// NewRemote makes an empty Remote in a folder, for modules below the path root. Its module cache is in a folder, too, and
// must not have met another shape of a version that Remote will serve.
func NewRemote(ctx context.Context, dir, root, moduleCache string) (*Remote, error) {
	r := &Remote{root: root, repo: git{filepath.Join(dir, "remote.git")}, modules: moduleCache}
	if _, err := (git{dir}).run(ctx, "init", "--quiet", "--bare", r.repo.dir); err != nil {
		return nil, err
	}
	settings, err := goSettings(ctx)
	if err != nil {
		return nil, err
	}
	r.env = append(cleanGoEnv(settings, moduleCache),
		"GOPROXY="+thirdParty(settings),
		// Ours by git, though not from where their path says.
		"GONOPROXY="+also(settings["GONOPROXY"], root),
		"GONOSUMDB="+also(settings["GONOSUMDB"], root),
		"GIT_CONFIG_COUNT=1",
		"GIT_CONFIG_KEY_0=url."+fileURL(r.repo.dir)+".insteadOf",
		"GIT_CONFIG_VALUE_0=https://"+root,
	)
	return r, nil
}

// take brings refs of a repository here, as git's refspecs name them. A shallow repository will do.
func (r *Remote) take(ctx context.Context, from, refspec string) error {
	_, err := r.repo.run(ctx, "fetch", "--quiet", "--no-tags", "--update-shallow", fileURL(from), refspec)
	return err
}

// TakeTags brings all tags of a repository here.
func (r *Remote) TakeTags(ctx context.Context, from string) error {
	return r.take(ctx, from, "+refs/tags/*:refs/tags/*")
}

// Download is what the go command got of a module.
type Download struct {
	Path, Version, Zip, GoMod string
	Error                     string
}

// Get has the go command fetch a module of ours, named by its folder, by a version that a tag names.
func (r *Remote) Get(ctx context.Context, name, version string) (Download, error) {
	var d Download
	// In a folder without go.mod: no module's own requirements are to be minded.
	out, err := command(ctx, r.repo.dir, r.env, "go", "mod", "download", "-json", r.root+"/"+name+"@"+version)
	if jsonErr := json.Unmarshal([]byte(out), &d); err == nil {
		err = jsonErr
	}
	if err != nil {
		return Download{}, fmt.Errorf("fetch %s %s: %w", name, version, err)
	}
	return d, nil
}

// Proxy is the folder of a module proxy (for GOPROXY, as a file URL) that serves what was got.
func (r *Remote) Proxy() string { return filepath.Join(r.modules, "cache", "download") }

// unpack unpacks a downloaded module into a new folder.
func (d Download) unpack(dir string) error {
	if err := zip.Unzip(dir, module.Version{Path: d.Path, Version: d.Version}, d.Zip); err != nil {
		return fmt.Errorf("unpack %s %s: %w", d.Path, d.Version, err)
	}
	return nil
}

// fileURL is a folder as an URL.
func fileURL(dir string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}).String()
}

// goSettings returns what the go command is set to, from the environment or its own file.
func goSettings(ctx context.Context) (map[string]string, error) {
	out, err := command(ctx, os.TempDir(), os.Environ(), "go", "env", "-json", "GOPROXY", "GONOPROXY", "GONOSUMDB", "GOMODCACHE", "GOFLAGS")
	if err != nil {
		return nil, err
	}
	var settings map[string]string
	if err := json.Unmarshal([]byte(out), &settings); err != nil {
		return nil, fmt.Errorf("read go env: %w", err)
	}
	return settings, nil
}

// StrangerEnv returns the environment of somebody who has nothing of this repository but a module proxy: no workspace, an
// empty module cache in a folder, modules of others from where the user's own settings say. Their sums are not looked up:
// each module's go.sum has them, and what is tested is ours.
func (r *Remote) StrangerEnv(ctx context.Context, moduleCache string) ([]string, error) {
	settings, err := goSettings(ctx)
	if err != nil {
		return nil, err
	}
	return append(cleanGoEnv(settings, moduleCache),
		"GOPROXY="+fileURL(r.Proxy())+","+thirdParty(settings), "GONOPROXY=none", "GOSUMDB=off"), nil
}

// cleanGoEnv is the environment for go commands outside the workspace, with a module cache that can be removed. Paths are
// trimmed, so that the build cache knows a package again wherever it lies.
func cleanGoEnv(settings map[string]string, moduleCache string) []string {
	return append(gitEnv(), "GOWORK=off", "GOMODCACHE="+moduleCache, "GIT_TERMINAL_PROMPT=0",
		"GOFLAGS="+strings.TrimSpace(settings["GOFLAGS"]+" -modcacherw -trimpath -buildvcs=false"))
}

// thirdParty says where modules of others come from: the user's module cache, then the user's proxies.
func thirdParty(settings map[string]string) string {
	return fileURL(filepath.Join(settings["GOMODCACHE"], "cache", "download")) + "," + settings["GOPROXY"]
}

func also(list, pattern string) string {
	if list == "" {
		return pattern
	}
	return list + "," + pattern
}
