package release

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// checkVersion says what is wrong with a version, if anything.
func checkVersion(version string) error {
	switch {
	case !semver.IsValid(version) || semver.Canonical(version) != version:
		return fmt.Errorf("%q is not a version of the form v1.2.3 or v1.2.3-rc.1", version)
	case semver.Major(version) != "v0" && semver.Major(version) != "v1":
		return fmt.Errorf("%s: from v2 on a module's path must end in /%s; give it that path on main first",
			version, semver.Major(version))
	}
	return nil
}

// versions returns the versions that a module's tags name, lowest first.
func versions(ctx context.Context, repo git, module string) ([]string, error) {
	tags, err := repo.lines(ctx, "tag", "--list", module+"/v*")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, tag := range tags {
		version := strings.TrimPrefix(tag, module+"/")
		if semver.IsValid(version) && semver.Canonical(version) == version {
			found = append(found, version)
		}
	}
	semver.Sort(found)
	return found, nil
}

// newest returns the highest of the versions, or "". Pre-releases count only for another pre-release: what is released
// must not rest on what is not.
func newest(versions []string, forVersion string) string {
	for _, v := range slices.Backward(versions) {
		if semver.Prerelease(v) == "" || semver.Prerelease(forVersion) != "" {
			return v
		}
	}
	return ""
}
