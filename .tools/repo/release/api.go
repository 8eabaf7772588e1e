package release

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/mod/semver"
	"golang.org/x/tools/go/packages"
)

// loadAPI reads the types of the packages that others can import from the module in a folder.
func loadAPI(ctx context.Context, dir, path string, env []string) (*apidiff.Module, error) {
	loaded, err := packages.Load(&packages.Config{
		Context: ctx, Dir: dir, Env: env,
		Mode: packages.NeedName | packages.NeedTypes,
	}, "./...")
	if err != nil {
		return nil, fmt.Errorf("read the API of %s: %w", path, err)
	}
	var api []*types.Package
	var failed []error
	for _, p := range loaded {
		for _, e := range p.Errors {
			failed = append(failed, e)
		}
		if p.Name != "main" && !isInternal(strings.TrimPrefix(p.PkgPath, path)) {
			api = append(api, p.Types)
		}
	}
	if len(failed) > 0 {
		return nil, fmt.Errorf("read the API of %s: %w", path, errors.Join(failed...))
	}
	return &apidiff.Module{Path: path, Packages: api}, nil
}

func isInternal(path string) bool { return strings.Contains(path+"/", "/internal/") }

// checkBreaks holds a changed API against what the version promises and the CHANGELOG says.
func checkBreaks(report apidiff.Report, from, to string, log section) error {
	var breaks []string
	for _, change := range report.Changes {
		if !change.Compatible {
			breaks = append(breaks, "  "+change.Message)
		}
	}
	if len(breaks) == 0 {
		return nil
	}
	list := fmt.Sprintf("%s breaks the API of %s:\n%s\n", to, from, strings.Join(breaks, "\n"))
	switch {
	case semver.Major(from) == semver.Major(to) && semver.Major(to) != "v0":
		return errors.New(list + "keep the old names, or make it a new major version with a path of its own")
	case semver.MajorMinor(from) == semver.MajorMinor(to):
		return errors.New(list + "a patch version must not: raise the minor version")
	case !log.tellsOfABreak():
		return errors.New(list + `tell its users in the CHANGELOG, in a line that begins with "- Breaking: "`)
	}
	return nil
}
