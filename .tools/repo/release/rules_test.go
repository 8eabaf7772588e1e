package release

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"

	"golang.org/x/exp/apidiff"
)

func TestNewest(t *testing.T) {
	all := []string{"v0.1.0", "v0.2.0-rc.1", "v0.2.0", "v0.3.0-rc.1"}
	for _, c := range []struct {
		versions         []string
		forVersion, want string
	}{
		{nil, "v1.0.0", ""},
		{all, "v1.0.0", "v0.2.0"},
		{all, "v1.0.0-rc.1", "v0.3.0-rc.1"},
		{all[1:2], "v1.0.0", ""},
		{all[1:2], "v1.0.0-rc.1", "v0.2.0-rc.1"},
	} {
		if got := newest(c.versions, c.forVersion); got != c.want {
			t.Errorf("newest of %v for %s: got %q, want %q", c.versions, c.forVersion, got, c.want)
		}
	}
}

func TestChangelog(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       string // the first item, or a part of the error
	}{
		{"ours", "# Changelog of x\n\n## v0.2.0\n\n- New: that\n  and more.\n\n## v0.1.0\n\n- Old.\n", "New: that"},
		{"with a date", "## [v0.2.0] - 2026-03-01\n### Added\n- New.\n", "New."},
		{"windows", "## v0.2.0\r\n\r\n- New.\r\n", "New."},
		{"an empty Unreleased", "## [Unreleased]\n\n## v0.2.0\n- New.\n", "New."},
		{"a full Unreleased", "## Unreleased\n- Newer.\n## v0.2.0\n- New.\n", "has lines under"},
		{"only Unreleased", "## Unreleased\n", "no section"},
		{"below a newer one", "## v0.3.0\n- Newer.\n## v0.2.0\n- New.\n", "newest version in its CHANGELOG.md is v0.3.0"},
		{"a longer version", "## v0.2.0-rc.1\n- New.\n", "newest version in its CHANGELOG.md is v0.2.0-rc.1"},
		{"lines of nobody", "- New.\n## v0.2.0\n", "has no line"},
	} {
		got, err := checkChangelog(c.text, "v0.2.0")
		switch {
		case err != nil && !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		case err == nil && (len(got.items) == 0 || got.items[0] != c.want):
			t.Errorf("%s: got %q, want %q", c.name, got.items, c.want)
		}
	}
}

func TestNameUnreleased(t *testing.T) {
	for text, want := range map[string]string{
		"# C\n\n## Unreleased\n\n- New.\n":   "# C\n\n## v0.2.0\n\n- New.\n",
		"# C\n\n## [Unreleased]\n\n- New.\n": "# C\n\n## v0.2.0\n\n- New.\n",
		"# C\n\n## v0.1.0\n":                 "# C\n\n## v0.1.0\n",
	} {
		got := NameUnreleased(text, "v0.2.0")
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// api is the API of a module of one package.
func api(t *testing.T, source string) *apidiff.Module {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "x.go", "package x\n"+source, 0)
	if err != nil {
		t.Fatal(err)
	}
	checked, err := new(types.Config).Check("example.com/x", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &apidiff.Module{Path: "example.com/x", Packages: []*types.Package{checked}}
}

func TestBreaks(t *testing.T) {
	was := "func F() {}"
	for _, c := range []struct {
		name, is, from, to string
		items              []string
		want               string // a part of the error; "" means none
	}{
		{"more is no break", was + "\nfunc G() {}", "v0.1.0", "v0.1.1", nil, ""},
		{"a silent one", "func F(int) {}", "v0.1.0", "v0.2.0", []string{"F is better."}, "F: changed"},
		{"a told one", "func F(int) {}", "v0.1.0", "v0.2.0", []string{"More.", "Breaking: F takes an int."}, ""},
		{"in a patch", "func F(int) {}", "v0.1.0", "v0.1.1", []string{"Breaking: F takes an int."}, "raise the minor version"},
		{"from v0 to v1", "", "v0.1.0", "v1.0.0", []string{"Breaking: F is gone."}, ""},
		{"in v1", "", "v1.0.0", "v1.1.0", []string{"Breaking: F is gone."}, "keep the old names"},
	} {
		report := apidiff.ModuleChanges(api(t, was), api(t, c.is))
		err := checkBreaks(report, c.from, c.to, section{items: c.items})
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestInternalPackagesAreNoAPI(t *testing.T) {
	var internal []string
	for _, path := range []string{"", "/broker", "/internal", "/internal/x", "/broker/internal/x", "/internals", "/x/internal"} {
		if isInternal(path) {
			internal = append(internal, path)
		}
	}
	if want := []string{"/internal", "/internal/x", "/broker/internal/x", "/x/internal"}; !slices.Equal(internal, want) {
		t.Errorf("got %q, want %q", internal, want)
	}
}
