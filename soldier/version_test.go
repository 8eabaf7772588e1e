package soldier

import (
	"runtime/debug"
	"testing"
)

func TestVersionIn(t *testing.T) {
	const path = "github.com/mission-control-dev/mission-control/soldier"
	other := debug.Module{Path: "example.com/greeter", Version: "v7.0.0"}
	for name, c := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"our binary":               {debug.BuildInfo{Main: debug.Module{Path: path, Version: "v0.3.0"}}, "v0.3.0"},
		"our binary from the tree": {debug.BuildInfo{Main: debug.Module{Path: path, Version: "(devel)"}}, "dev"},
		"the library":              {debug.BuildInfo{Main: other, Deps: []*debug.Module{{Path: path, Version: "v0.3.0"}}}, "v0.3.0"},
		"the library, replaced": {debug.BuildInfo{Main: other, Deps: []*debug.Module{
			{Path: path, Version: "v0.3.0", Replace: &debug.Module{Path: "../soldier"}},
		}}, "dev"},
		"no soldier": {debug.BuildInfo{Main: other}, "dev"},
	} {
		if got := versionIn(&c.info); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
