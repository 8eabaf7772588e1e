// Package law tests what the linter's rules can't say with certainty: who may import whom, for every file whatever system it is
// built for, wherever the checkout lies. It has no code of its own.
package law

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "github.com/mission-control-dev/mission-control/"

// may says which modules of ours each may import.
func may() map[string][]string {
	return map[string][]string{
		"contracts": {},
		"tokenauth": {},
		"store":     {"contracts"},
		"commander": {"contracts", "tokenauth", "store"},
		"soldier":   {"contracts", "tokenauth"},
		"dashboard": {"contracts"},
		"tools":     {"contracts", "tokenauth", "store", "commander", "soldier", "dashboard"},
		"bench":     {"contracts", "store", "commander", "soldier"},
	}
}

// standardAlone are the packages that everybody who reads a message, or starts a server, imports: they bring nothing along but
// what is named. Their tests may.
func standardAlone() map[string][]string {
	return map[string][]string{
		"contracts":                     nil,
		"contracts/topology":            {"contracts"},
		"contracts/freeport":            nil,
		"contracts/broker/rabbitserver": {"contracts/freeport"},
		"store/redisserver":             {"contracts/freeport"},
	}
}

// breaks says what is wrong with a package's import, if anything. Folders are from the repository's root.
func breaks(folder, file, imported string) string {
	module, _, _ := strings.Cut(folder, "/")
	test := strings.HasSuffix(file, "_test.go")
	ours, isOurs := strings.CutPrefix(imported, root)
	if isOurs {
		if of, _, _ := strings.Cut(ours, "/"); of != module && !slices.Contains(may()[module], of) {
			return module + " may not import " + of
		}
	}
	if besides, alone := standardAlone()[folder]; alone && !test {
		// A path with a dot in its first part is not the standard library's.
		first, _, _ := strings.Cut(imported, "/")
		if strings.Contains(first, ".") && !slices.Contains(besides, ours) {
			return strings.Join(append([]string{folder + " imports the standard library alone"}, besides...), " and ")
		}
	}
	if imported == "go.uber.org/fx" || strings.HasPrefix(imported, "go.uber.org/fx/") {
		parts := strings.Split(folder, "/")
		if !slices.Contains(parts, "cmd") && !slices.Contains(parts, "commanderfx") && !slices.Contains(parts, "soldierfx") {
			return "fx stays in commanderfx, soldierfx and cmd"
		}
	}
	return ""
}

func TestImports(t *testing.T) {
	const top = "../../.."
	for module := range may() {
		read := 0
		err := filepath.WalkDir(filepath.Join(top, module), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			if d.IsDir() || filepath.Ext(path) != ".go" {
				return nil
			}
			read++
			below, err := filepath.Rel(top, path)
			if err != nil {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, spec := range file.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					return err
				}
				folder, name := filepath.Split(filepath.ToSlash(below))
				if why := breaks(strings.TrimSuffix(folder, "/"), name, imported); why != "" {
					t.Errorf("%s imports %s: %s", below, imported, why)
				}
			}
			return nil
		})
		if err != nil || read == 0 {
			t.Errorf("read %d files of %s: %v", read, module, err)
		}
	}
}

// Each pair that the table does not allow is found, in the module's first package and below it, in code and in tests.
func TestEachRuleHolds(t *testing.T) {
	for module, allowed := range may() {
		for other := range may() {
			legal := other == module || slices.Contains(allowed, other)
			for _, folder := range []string{module, module + "/internal/x"} {
				for _, file := range []string{"x.go", "x_test.go", "x_darwin.go"} {
					for _, imported := range []string{root + other, root + other + "/y"} {
						if _, alone := standardAlone()[folder]; alone && legal {
							continue // stricter rules: below
						}
						if got := breaks(folder, file, imported); (got == "") != legal {
							t.Errorf("%s/%s imports %s: got %q", folder, file, imported, got)
						}
					}
				}
			}
		}
	}
	for _, c := range []struct {
		folder, file, imported string
		legal                  bool
	}{
		{"contracts", "x.go", "encoding/json", true},
		{"contracts", "x.go", "go.uber.org/zap", false},
		{"contracts", "x.go", root + "contracts/broker", false},
		{"contracts", "x_test.go", "github.com/google/go-cmp/cmp", true},
		{"contracts/topology", "x.go", root + "contracts", true},
		{"contracts/topology", "x.go", root + "contracts/broker", false},
		{"contracts/broker/rabbitserver", "x.go", "go.uber.org/zap", false},
		{"contracts/broker/rabbitserver", "x.go", root + "contracts/freeport", true},
		{"contracts/freeport", "x.go", root + "contracts", false},
		{"contracts/broker/rabbitserver/rabbittest", "x.go", root + "contracts/broker/rabbitserver", true},
		{"store/redisserver", "x.go", root + "contracts", false},
		{"soldier", "x.go", "go.uber.org/fx", false},
		{"soldier", "x_test.go", "go.uber.org/fx/fxtest", false},
		{"soldier/soldierfx", "x.go", "go.uber.org/fx", true},
		{"commander/cmd/commander", "x.go", "go.uber.org/fx", true},
	} {
		if got := breaks(c.folder, c.file, c.imported); (got == "") != c.legal {
			t.Errorf("%s/%s imports %s: got %q", c.folder, c.file, c.imported, got)
		}
	}
}
