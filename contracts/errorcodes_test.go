package contracts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestErrorCodesAreThoseOfTheOpenAPI compares the ErrorCode constants with the codes that the schema MissionError names.
func TestErrorCodesAreThoseOfTheOpenAPI(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "mission.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var ours, documented []string
	ast.Inspect(file, func(n ast.Node) bool {
		if c, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(c.Names[0].Name, "ErrorCode") {
			code, err := strconv.Unquote(c.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			ours = append(ours, code)
		}
		return true
	})
	_, schema, found := strings.Cut(OpenAPI(), "\n    MissionError:\n")
	description, _, end := strings.Cut(schema, "or the handler's own")
	if !found || !end {
		t.Fatal("openapi.yaml has no MissionError that names its codes")
	}
	for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(description, -1) {
		documented = append(documented, m[1])
	}
	slices.Sort(ours)
	slices.Sort(documented)
	if !slices.Equal(ours, documented) {
		t.Errorf("constants:    %v\nopenapi.yaml: %v", ours, documented)
	}
}
